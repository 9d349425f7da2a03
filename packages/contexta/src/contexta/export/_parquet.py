"""Rows as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from contexta.contract.time import to_epoch_us
from contexta.export._cells import json_text
from contexta.export._model import Column, Kind, Row, RowTable

if TYPE_CHECKING:
    import pyarrow as pa

NOTES_KEY = b"contexta.notes"
_ROWS_AT_ONCE = 20_000
_MAX_INT = 1 << 63


def write_rows(table: RowTable, stream: BinaryIO) -> int:
    """Write the rows in groups of 20,000 and return how many they were.

    Instants are ``timestamp[us, UTC]``, mappings JSON text, NaN stays NaN. The notes lie as a
    JSON list in the file's metadata under ``contexta.notes``. Pages carry checksums.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(one.name, _arrow_type(one.kind)) for one in table.columns])
    count = 0
    with pq.ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True) as writer:
        for rows in _groups(table.rows):
            count += len(rows)
            arrays = [
                _array(column, [row[place] for row in rows], schema.field(place).type)
                for place, column in enumerate(table.columns)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        # Last, because notes may grow while the rows are read.
        writer.add_key_value_metadata({NOTES_KEY: json.dumps(list(table.notes)).encode()})
    return count


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while group := list(islice(source, _ROWS_AT_ONCE)):
        yield group


def _arrow_type(kind: Kind) -> pa.DataType:
    import pyarrow as pa

    return {
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }.get(kind, pa.string())


def _array(column: Column, cells: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    convert = _CONVERSIONS.get(column.kind, _text)
    return pa.array([None if cell is None else convert(cell) for cell in cells], kind)


def _text(cell: Any) -> str:
    text = cell if isinstance(cell, str) else json_text(cell)
    # Parquet holds UTF-8, which has no form for half of a surrogate pair.
    return text.encode("utf-8", "backslashreplace").decode()


def _whole(cell: Any) -> int | None:
    return cell if -_MAX_INT <= cell < _MAX_INT else None


_CONVERSIONS: dict[str, Any] = {
    "int": _whole,
    "float": float,
    "bool": bool,
    "time": to_epoch_us,
}
