"""Merge parts into one sorted stream with little memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records._compact_plan import IN_MEMORY_ROWS
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._part_file import ROW_GROUP_ROWS, sorted_for_storage
from contexta.store.records._part_read import PartReader
from contexta.store.records._rows_filter import RowFilter
from contexta.store.records._tables import join_tables
from contexta.store.records.schema import KEY_COLUMNS, schema_for

_BUFFERED_ROWS = 1 << 17
_LEAST_BATCH_ROWS = 4096
_LEAST_GROUP_ROWS = ROW_GROUP_ROWS // 2

Key = tuple[str, str, bool, int, int]


def merged_groups(
    parts: Sequence[PartEntry], reader: PartReader, note: Callable[[pa.Table], None]
) -> Iterator[pa.Table]:
    """Yield all rows of parts of one type and project in storage order, a row group at a time.

    `note` gets each table that was read.

    Raises:
        RecordError: A part is missing or damaged; it names the file.
    """
    record_type = parts[0].record_type
    if sum(part.rows for part in parts) <= IN_MEMORY_ROWS:
        names = schema_for(record_type).names
        wanted = RowFilter(record_types=(record_type,))
        tables = [reader.read(part, wanted, names) for part in parts]
        chunks: Iterator[pa.Table] = iter([join_tables(tables)])
    else:
        rows = batch_rows(len(parts))
        chunks = in_order(record_type, [reader.batches(part, rows) for part in parts])
    yield from row_groups(record_type, _noted(chunks, note))


def _noted(chunks: Iterator[pa.Table], note: Callable[[pa.Table], None]) -> Iterator[pa.Table]:
    for chunk in chunks:
        note(chunk)
        yield chunk


def row_groups(record_type: str, chunks: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Cut rows into row groups, sorted; the chunks must follow each other in storage order.

    A group ends at the end of a run where one ends in its second half, so that a run does not
    share its row groups with others more than needed.
    """
    rest: list[pa.Table] = []
    rows = 0
    for chunk in chunks:
        rest.append(chunk)
        rows += chunk.num_rows
        if rows >= 2 * ROW_GROUP_ROWS:
            # Chunks follow each other in order, so sorting them together changes none of it.
            groups = _Groups(sorted_for_storage(record_type, join_tables(rest)))
            yield from groups.whole()
            rest, rows = [groups.rest], groups.rest.num_rows
    if rows:
        groups = _Groups(sorted_for_storage(record_type, join_tables(rest)))
        yield from groups.whole()
        if groups.rest.num_rows:
            yield groups.rest


class _Groups:
    """Cuts a sorted table into row groups; `rest` is what has no full group yet."""

    def __init__(self, table: pa.Table) -> None:
        self.rest = table

    def whole(self) -> Iterator[pa.Table]:
        ends = _run_ends(self.rest)
        start, total = 0, self.rest.num_rows
        table = self.rest
        while total - start >= ROW_GROUP_ROWS:
            index = bisect_right(ends, start + ROW_GROUP_ROWS) - 1
            end = ends[index] if index >= 0 else 0
            if end < start + _LEAST_GROUP_ROWS:
                end = start + ROW_GROUP_ROWS
            yield table.slice(start, end - start)
            start = end
        self.rest = table.slice(start)


def _run_ends(table: pa.Table) -> list[int]:
    runs = table["run_ref"].combine_chunks()
    runs = runs.chunk(0) if isinstance(runs, pa.ChunkedArray) else runs
    encoded = pc.run_end_encode(runs.indices)
    ends: list[int] = encoded.run_ends.to_pylist()
    return ends


def batch_rows(count: int) -> int:
    """Return how many rows each of `count` streams may hold in memory."""
    return max(_LEAST_BATCH_ROWS, _BUFFERED_ROWS // count)


def in_order(record_type: str, streams: Sequence[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """Merge sorted streams into chunks that follow each other; unsorted within a chunk.

    Each round takes what is not above the smallest last row of all batches: nothing that comes
    later can belong before it.
    """
    cursors = [_Cursor(record_type, stream) for stream in streams]
    try:
        active = [cursor for cursor in cursors if cursor.load()]
        while active:
            cut = min(cursor.last for cursor in active)
            found = [cursor.take_upto(cut) for cursor in active]
            active = [cursor for cursor in active if not cursor.is_empty or cursor.load()]
            yield join_tables([table for table in found if table is not None])
    finally:
        for cursor in cursors:
            cursor.close()


class _Cursor:
    """A position in one sorted part."""

    last: Key

    def __init__(self, record_type: str, batches: Iterator[pa.Table]) -> None:
        self._batches = batches
        self._key_column = KEY_COLUMNS[record_type]
        self._table: pa.Table = schema_for(record_type).empty_table()
        self._position = 0

    def load(self) -> bool:
        """Take the next batch; False at the end."""
        for table in self._batches:
            if table.num_rows:
                self._table = table.combine_chunks()
                self._position = 0
                self._run = self._column("run_ref")
                self._key = self._column(self._key_column)
                self._step = self._column("step") if "step" in table.column_names else None
                self._sequence = self._column("sequence")
                self.last = self._key_of(table.num_rows - 1)
                return True
        return False

    def _column(self, name: str) -> Any:
        return self._table[name].chunk(0)

    @property
    def is_empty(self) -> bool:
        """Whether every row of the batch was taken."""
        return self._position >= int(self._table.num_rows)

    def take_upto(self, cut: Key) -> pa.Table | None:
        """Return the rows up to a key and go behind them."""
        start = self._position
        end = total = int(self._table.num_rows)
        if self.last > cut:
            end = bisect_right(range(total), cut, lo=start, key=self._key_of)
        self._position = end
        return self._table.slice(start, end - start) if end > start else None

    def _key_of(self, row: int) -> Key:
        step = None if self._step is None else self._step[row].as_py()
        run, key, sequence = self._run[row], self._key[row], self._sequence[row]
        return run.as_py(), key.as_py(), step is None, step or 0, sequence.as_py()

    def close(self) -> None:
        """Close the file."""
        close: Any = getattr(self._batches, "close", None)
        if close is not None:
            close()
