"""A number that says of which rows a table consists, whatever their order.

Compaction compares it between what was read and what can be read back from the new part.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records.schema import columns_of

_FACTOR = -7046029254386353131
_SECOND = -4658895280553007687
_OFFSET = 0x5DEECE66D  # so that a null, which counts as 0, differs from a 0
_HALF = 0xFFFFFFFF


class Fingerprint:
    """The sum over all rows of a hash of each row; equal for the same rows in any order."""

    def __init__(self, record_type: str) -> None:
        self._columns = columns_of(record_type)
        self.rows = 0
        self._low = 0
        self._high = 0
        self._nested = 0

    @property
    def value(self) -> tuple[int, int, int, int]:
        """Count and sums."""
        return self.rows, self._low, self._high, self._nested

    def add(self, table: pa.Table) -> None:
        """Add the rows of a table with all columns of the record type."""
        if table.num_rows == 0:
            return
        self.rows += table.num_rows
        total: Any = pa.scalar(0, pa.int64())
        for position, column in enumerate(self._columns):
            cells = _one_chunk(table[column.name])
            if cells.null_count == len(cells):
                continue  # nulls add 0, so it does not matter how rows are split into tables
            numbers = self._numbers(column.kind, cells)
            weighed = pc.multiply(numbers, _FACTOR ^ (position * _SECOND & _HALF))
            total = pc.add(total, pc.bit_wise_xor(weighed, pc.shift_right(weighed, 31)))
        mixed = pc.multiply(pc.bit_wise_xor(total, pc.shift_right(total, 29)), _SECOND)
        self._low += pc.sum(pc.bit_wise_and(mixed, _HALF)).as_py()
        self._high += pc.sum(pc.bit_wise_and(pc.shift_right(mixed, 32), _HALF)).as_py()

    def _numbers(self, kind: str, cells: Any) -> Any:
        if kind == "word":
            hashes = pa.array([_hash(word) for word in cells.dictionary.to_pylist()], pa.int64())
            numbers = hashes.take(cells.indices)
        elif kind in ("text", "json"):
            numbers = pa.array([_hash(cell) for cell in cells.to_pylist()], pa.int64())
        elif kind in ("map", "list"):
            self._add_nested(cells)
            lengths = pc.subtract(cells.offsets.slice(1), cells.offsets.slice(0, len(cells)))
            numbers = pc.cast(lengths, pa.int64())
        else:
            numbers = cells.view(pa.int64())
        return pc.fill_null(pc.add(numbers, _OFFSET), 0)

    def _add_nested(self, cells: Any) -> None:
        start, end = cells.offsets[0].as_py(), cells.offsets[-1].as_py()
        columns = (cells.keys, cells.items) if pa.types.is_map(cells.type) else (cells.values,)
        for column in columns:
            counts = column.slice(start, end - start).value_counts()
            for value, count in zip(
                counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True
            ):
                self._nested += ((_hash(value) or 0) & _HALF) * count


def _one_chunk(column: pa.ChunkedArray) -> Any:
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) and array.num_chunks else array


def _hash(text: str | None) -> int | None:
    if text is None:
        return None
    raw = text.encode("utf-8", "surrogatepass")
    return crc32(raw) << 30 ^ crc32(raw, 0x9E3779B9)
