"""Arrow tables from what a segment holds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import SerializationError
from contexta.store.records import _frames as frames
from contexta.store.records._batch_frame import BatchUnreadableError, decode_batch
from contexta.store.records._decode import StoredBatch, StoredDocument
from contexta.store.records._documents import Row, row_of
from contexta.store.records._refs import project_of
from contexta.store.records._series import series_of
from contexta.store.records.schema import columns_of, schema_for

TableKey = tuple[str, str]
"""Record type and project."""

_WORDS_PER_POINT = frames.POINT_BYTES // 8
_CHUNK_DOCUMENTS = 200
_PAUSE_SECONDS = 0.002
_SERIES_FIELDS = {
    "metric_key": "key",
    "value_type": "value_type",
    "unit": "unit",
    "aggregation_scope": "aggregation_scope",
    "subject_ref": "subject_ref",
    "slice_ref": "slice_ref",
    "summary_basis": "summary_basis",
}
_CONTEXT_FIELDS = {
    "run_ref": "run_ref",
    "deployment_execution_ref": "deployment_execution_ref",
    "stage_execution_ref": "stage_execution_ref",
    "batch_execution_ref": "batch_execution_ref",
    "sample_observation_ref": "sample_observation_ref",
    "operation_context_ref": "operation_context_ref",
    "producer_ref": "producer_ref",
    "correlation_trace_id": "trace_id",
    "correlation_session_id": "session_id",
    "schema_version": "schema_version",
}
_CONSTANTS = {"completeness_marker": "complete", "degradation_marker": "none"}


class Unreadable(NamedTuple):
    """A frame that is whole but whose content cannot be used; it held `rows` records."""

    sequence: int
    reason: str
    rows: int = 1


class Tables(NamedTuple):
    """Records by type and project, and what could not be turned into a row."""

    by_key: dict[TableKey, pa.Table]
    unreadable: list[Unreadable]


def build_tables(
    points: bytes,
    documents: Sequence[StoredDocument | StoredBatch],
    defines: dict[int, dict[str, Any]],
    writer_id: str,
    *,
    gentle: bool = False,
) -> Tables:
    """Turn decoded frames into tables with the columns of `schema_for`, in file order.

    Args:
        points: POINT frames, one behind the other.
        documents: RECORD and BATCH frames, and what GROUP frames held.
        defines: What the series ids of the points mean.
        writer_id: Writer of the segment.
        gentle: Whether to sleep between chunks of Python work, for the sake of other threads.
    """
    unreadable: list[Unreadable] = []
    found: dict[TableKey, list[pa.Table]] = {}
    if points:
        for key, table in _point_tables(points, defines, writer_id, unreadable):
            found.setdefault(key, []).append(table)
    single = [document for document in documents if isinstance(document, StoredDocument)]
    for key, table in _document_tables(single, writer_id, unreadable, gentle=gentle):
        found.setdefault(key, []).append(table)
    batches = [document for document in documents if isinstance(document, StoredBatch)]
    for key, table in _batch_tables(batches, writer_id, unreadable, gentle=gentle):
        found.setdefault(key, []).append(table)
    merged = {key: join_tables(tables) for key, tables in found.items()}
    return Tables(merged, unreadable)


def join_tables(tables: Sequence[pa.Table]) -> pa.Table:
    """Concatenate tables of one schema; their dictionaries become one."""
    if len(tables) == 1:
        return tables[0]
    return pa.concat_tables(tables).unify_dictionaries()


def _point_tables(
    points: bytes, defines: dict[int, dict[str, Any]], writer_id: str, unreadable: list[Unreadable]
) -> Iterable[tuple[TableKey, pa.Table]]:
    """Read fixed-size frames as columns, without a Python loop over them.

    A frame is seven 64-bit words: magic/kind/flags/length, sequence, crc/series, time, value,
    step, epoch; so each field is a column of a list array of seven integers.
    """
    count = len(points) // frames.POINT_BYTES
    flat = pa.Array.from_buffers(pa.int64(), count * _WORDS_PER_POINT, [None, pa.py_buffer(points)])
    words = pa.FixedSizeListArray.from_arrays(flat, _WORDS_PER_POINT)
    head, sequence, series, observed, value, step, epoch = (
        pc.list_element(words, index) for index in range(_WORDS_PER_POINT)
    )
    ids = pc.cast(pc.bit_wise_and(pc.shift_right(series, 32), 0xFFFFFFFF), pa.int32())
    used = pc.unique(ids).to_pylist()  # of the many series that a segment may define
    registry = _Registry({number: defines[number] for number in used if number in defines})
    for lost in registry.undefined(ids, sequence):
        unreadable.append(lost)
    flags = pc.bit_wise_and(pc.shift_right(head, 24), 0xFF)
    columns = {
        "sequence": sequence,
        "observed_at": observed.view(schema_for("metric").field("observed_at").type),
        "step": _where(flags, frames.POINT_HAS_STEP, step),
        "epoch": _where(flags, frames.POINT_HAS_EPOCH, epoch.view(pa.float64())),
        "value_int": _where(flags, frames.POINT_IS_INT, value),
    }
    as_float = pc.cast(columns["value_int"], pa.float64(), safe=False)
    columns["value"] = pc.coalesce(as_float, value.view(pa.float64()))
    yield from registry.tables(ids, columns, writer_id)


def _where(flags: pa.Array, bit: int, values: pa.Array) -> pa.Array:
    present = pc.not_equal(pc.bit_wise_and(flags, bit), 0)
    return pc.if_else(present, values, pa.scalar(None, values.type))


class _Registry:
    """Series of a segment as lookup columns: a position per series id."""

    def __init__(self, defines: dict[int, dict[str, Any]]) -> None:
        read = {number: series_of(document) for number, document in defines.items()}
        self._series = {number: series for number, series in read.items() if series is not None}
        self._ids = pa.array(sorted(self._series), pa.int32())
        self._ordered = [self._series[number] for number in sorted(self._series)]

    def undefined(self, ids: pa.Array, sequence: pa.Array) -> list[Unreadable]:
        """Return the points whose DEFINE frame is lost or says nothing usable."""
        lost = pc.invert(pc.is_in(ids, value_set=self._ids))
        numbers = pc.filter(sequence, lost).to_pylist() if pc.any(lost).as_py() else []
        return [
            Unreadable(number, "the definition of its series is lost or unusable")
            for number in numbers
        ]

    def tables(
        self, ids: pa.Array, columns: dict[str, pa.Array], writer_id: str
    ) -> Iterable[tuple[TableKey, pa.Table]]:
        """Add the columns that follow from the series, and split by project."""
        index = pc.index_in(ids, value_set=self._ids)
        projects = [project_of(series.context.run_ref) for series in self._ordered]
        for project in sorted(set(projects)):
            chosen = pa.array([name == project for name in projects])
            mask = pc.fill_null(pc.take(chosen, index), False)
            part = pc.filter(index, mask)
            if len(part) == 0:
                continue
            cut = {name: pc.filter(column, mask) for name, column in columns.items()}
            yield ("metric", project), self._table(part, cut, writer_id)

    def _table(self, index: pa.Array, cut: dict[str, pa.Array], writer_id: str) -> pa.Table:
        schema = schema_for("metric")
        arrays = []
        for field in schema:
            if field.name in cut:
                arrays.append(cut[field.name])
            elif field.name in _SERIES_FIELDS:
                attribute = _SERIES_FIELDS[field.name]
                arrays.append(_words([getattr(s, attribute) for s in self._ordered], index))
            elif field.name in _CONTEXT_FIELDS:
                attribute = _CONTEXT_FIELDS[field.name]
                arrays.append(_words([getattr(s.context, attribute) for s in self._ordered], index))
            elif field.name == "tags":
                arrays.append(
                    pa.array([list(s.tags) for s in self._ordered], field.type).take(index)
                )
            elif field.name in _CONSTANTS or field.name == "writer_id":
                constant = _CONSTANTS.get(field.name, writer_id)
                arrays.append(_words([constant] * len(self._ordered), index))
            else:
                arrays.append(pa.nulls(len(index), field.type))
        return pa.Table.from_arrays(arrays, schema=schema)


def _words(values: list[str | None], index: pa.Array) -> pa.Array:
    """Return a dictionary array of `values[index]`, each text held once."""
    distinct = {value: None for value in values if value is not None}
    positions = {value: position for position, value in enumerate(distinct)}
    codes = pa.array([positions.get(v) if v is not None else None for v in values], pa.int32())
    return pa.DictionaryArray.from_arrays(codes.take(index), pa.array(list(distinct), pa.string()))


def _document_tables(
    documents: Sequence[StoredDocument],
    writer_id: str,
    unreadable: list[Unreadable],
    *,
    gentle: bool,
) -> Iterable[tuple[TableKey, pa.Table]]:
    rows: dict[TableKey, list[Row]] = {}
    for position, document in enumerate(documents):
        if gentle and position % _CHUNK_DOCUMENTS == _CHUNK_DOCUMENTS - 1:
            time.sleep(_PAUSE_SECONDS)
        try:
            key, row = _row(document, writer_id)
        except (SerializationError, ValueError, KeyError, TypeError, RecursionError) as error:
            unreadable.append(Unreadable(document.sequence, str(error)))
            continue
        rows.setdefault(key, []).append(row)
    for key, found in rows.items():
        yield key, table_of_rows(key[0], found)


def _batch_tables(
    batches: Sequence[StoredBatch], writer_id: str, unreadable: list[Unreadable], *, gentle: bool
) -> Iterable[tuple[TableKey, pa.Table]]:
    for batch in batches:
        if gentle:
            time.sleep(_PAUSE_SECONDS)
        try:
            yield from decode_batch(
                batch.type_index,
                batch.rows,
                batch.sequence,
                batch.appended_us,
                batch.body,
                writer_id,
            )
        except BatchUnreadableError as error:
            unreadable.append(Unreadable(batch.sequence, str(error), batch.rows))


def _row(document: StoredDocument, writer_id: str) -> tuple[TableKey, Row]:
    content = json.loads(document.body)
    row = row_of(content, ref_derived=document.ref_derived)
    recorded = row["observed_at"] if row["recorded_at"] is None else row["recorded_at"]
    row["sequence"] = document.sequence
    row["writer_id"] = writer_id
    row["appended_at"] = None if document.appended_us == recorded else document.appended_us
    return (content["envelope"]["record_type"], project_of(row["run_ref"])), row


def table_of_rows(record_type: str, rows: list[Row]) -> pa.Table:
    """Return a table of `schema_for(record_type)` from rows with every column."""
    schema = schema_for(record_type)
    arrays = []
    for column, field in zip(columns_of(record_type), schema, strict=True):
        cells = [row.get(column.name) for row in rows]
        if column.kind == "word":
            arrays.append(_words(cells, pa.array(range(len(cells)), pa.int32())))
        else:
            arrays.append(pa.array(cells, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
