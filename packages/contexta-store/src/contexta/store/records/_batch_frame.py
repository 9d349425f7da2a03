"""Records of one type as the Arrow IPC stream in a BATCH frame, and back.

The stream holds the columns of the published schema whose cells differ; what is the same in
every row stands once in the schema metadata, what is null everywhere is left out. `sequence`,
`writer_id` and `appended_at` follow from the frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import ContextaError
from contexta.store.records._documents import json_text
from contexta.store.records._refs import project_of
from contexta.store.records.schema import RECORD_TYPES, columns_of, schema_for, stored_schema_for

CONSTANTS = b"contexta.constants"
Constants = dict[str, Any]
"""Cells by column: texts, `tags` as pairs, `linked_refs` as texts."""

STORE_COLUMNS = frozenset({"sequence", "writer_id", "appended_at"})
_CONSTANT_KINDS = frozenset({"word", "text", "json"})
_WRITE_OPTIONS = pa.ipc.IpcWriteOptions(use_threads=False)
_READ_OPTIONS = pa.ipc.IpcReadOptions(use_threads=False)


class BatchUnreadableError(Exception):
    """The content of a frame whose checksum is right cannot be used."""


def encode_batch(record_type: str, table: pa.Table, common: Constants | None = None) -> bytes:
    """Return the IPC stream of a table.

    Args:
        record_type: Type of the records.
        table: Columns of `schema_for(record_type)`; absent ones count as null (`tags` and
            `linked_refs`: empty).
        common: Cells of columns that the table lacks, the same in every row; `tags` as pairs.
    """
    fields, arrays = [], []
    constants: Constants = {name: cell for name, cell in (common or {}).items() if cell}
    for column in columns_of(record_type):
        if column.name in STORE_COLUMNS or column.name not in table.column_names:
            continue
        array = _one_chunk(table[column.name])
        if array.null_count == len(array):
            continue
        if column.kind in _CONSTANT_KINDS:
            array = _compact(array)
            distinct = pc.unique(array)
            if len(distinct) == 1:
                constants[column.name] = distinct[0].as_py()
                continue
        elif column.kind in ("map", "list") and array.offsets[0] == array.offsets[-1]:
            continue
        fields.append(pa.field(column.name, array.type))
        arrays.append(array)
    schema = pa.schema(fields, {CONSTANTS: json_text(constants).encode()})
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_WRITE_OPTIONS) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], column.type)
    return array


def _compact(array: pa.Array) -> pa.Array:
    """Drop the words of a dictionary that a slice does not use."""
    if pa.types.is_dictionary(array.type) and len(array.dictionary) > len(array):
        return array.dictionary_decode().dictionary_encode()
    return array


def decode_batch(
    type_index: int, rows: int, first: int, appended_us: int, body: bytes, writer_id: str
) -> Iterable[tuple[tuple[str, str], pa.Table]]:
    """Yield the rows of a BATCH frame by type and project, with the columns of `schema_for`.

    Raises:
        BatchUnreadableError: When the stream is not one that `encode_batch` writes.
    """
    try:
        record_type = RECORD_TYPES[type_index]
        batch, constants = _read(record_type, rows, body)
        table = _whole_table(record_type, rows, first, appended_us, writer_id, batch, constants)
        yield from _by_project(record_type, table)
    except (pa.ArrowException, ContextaError, ValueError, TypeError, LookupError) as error:
        raise BatchUnreadableError(f"{type(error).__name__}: {error}") from error


def _read(record_type: str, rows: int, body: bytes) -> tuple[pa.RecordBatch, Constants]:
    known = stored_schema_for(record_type)
    with pa.ipc.open_stream(pa.py_buffer(body), options=_READ_OPTIONS) as reader:
        for field in reader.schema:
            kind = field.type
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
            if field.name in STORE_COLUMNS or kind != known.field(field.name).type:
                raise ValueError(f"column {field.name!r} has type {field.type}")
        batch = reader.read_next_batch()
        metadata = reader.schema.metadata or {}
    if batch.num_columns and batch.num_rows != rows:
        raise ValueError(f"{batch.num_rows} rows instead of {rows}")
    batch.validate(full=True)
    constants: Constants = json.loads(metadata.get(CONSTANTS, b"{}"))
    return batch, constants


def _whole_table(
    record_type: str,
    rows: int,
    first: int,
    appended_us: int,
    writer_id: str,
    batch: pa.RecordBatch,
    constants: Constants,
) -> pa.Table:
    schema = schema_for(record_type)
    constants = {**constants, "writer_id": writer_id}
    found = dict(zip(batch.schema.names, batch.columns, strict=True))
    found["sequence"] = numbers_from(first, rows)
    arrays = []
    for column, field in zip(columns_of(record_type), schema, strict=True):
        if column.name in found:
            arrays.append(_as_stored(found[column.name], field.type))
        elif column.name in constants:
            arrays.append(_repeated(constants[column.name], rows, field.type))
        elif column.kind in ("map", "list"):
            arrays.append(_repeated([], rows, field.type))
        else:
            if not column.nullable:
                raise ValueError(f"column {column.name!r} is missing")
            arrays.append(pa.nulls(rows, field.type))
        if not column.nullable and arrays[-1].null_count:
            raise ValueError(f"column {column.name!r} has nulls")
    table = pa.Table.from_arrays(arrays, schema=schema)
    recorded = pc.coalesce(table["recorded_at"], table["observed_at"])
    appended = pa.scalar(appended_us, pa.int64()).cast(recorded.type)
    position = schema.names.index("appended_at")
    differs = pc.if_else(pc.equal(recorded, appended), pa.scalar(None, recorded.type), appended)
    return table.set_column(position, schema.field("appended_at"), differs)


def numbers_from(first: int, count: int) -> pa.Array:
    """Return `count` consecutive numbers from `first` on."""
    ones = pa.repeat(pa.scalar(1, pa.int64()), count)
    return pc.cumulative_sum(ones, start=pa.scalar(first - 1, pa.int64()))


def _as_stored(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if pa.types.is_dictionary(kind) and pa.types.is_dictionary(array.type):
        return array.cast(kind)
    if pa.types.is_dictionary(kind):
        return array.dictionary_encode()
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array.cast(kind)


def _repeated(cell: Any, rows: int, kind: pa.DataType) -> pa.Array:
    indices = pa.repeat(pa.scalar(0, pa.int32()), rows)
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(indices, pa.array([cell], pa.string()))
    if pa.types.is_map(kind):
        cell = [tuple(pair) for pair in cell]
    return pa.array([cell], kind).take(indices)


def _by_project(record_type: str, table: pa.Table) -> Iterable[tuple[tuple[str, str], pa.Table]]:
    runs = _one_chunk(table["run_ref"])
    projects = [project_of(run) for run in runs.dictionary.to_pylist()]
    distinct = sorted(set(projects))
    if len(distinct) == 1:
        yield (record_type, distinct[0]), table
        return
    for project in distinct:
        mask = pa.array([name == project for name in projects]).take(runs.indices)
        part = table.filter(mask)
        if part.num_rows:
            yield (record_type, project), part
