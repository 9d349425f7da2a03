"""Columns of the record plane, as code.

`schema_for(record_type)` is the Arrow schema of what `RecordStore.arrow` returns and, with plain
strings instead of dictionaries, of the Parquet parts on disk. Each field says in its metadata
what it means (`meaning`) and, where it has one, its unit (`unit`).

Conventions:

* `record_ref` is null when it follows from the sequence number (`derive_record_ref`);
  `recorded_at` is null when it equals `observed_at`, `appended_at` when it equals `recorded_at`.
* A metric's `value` is a double, NaN and infinities as such. When an integer was given,
  `value_int` holds it exactly; it is null otherwise.
* `attributes`, `extensions` and `extra` are JSON text; null means empty. `extra` keeps fields
  that a newer release wrote.

`SCHEMA_VERSION` grows when columns are added; columns are never renamed, retyped or removed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ValidationError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "KEY_COLUMNS",
    "RECORD_TYPES",
    "SCHEMA_VERSION",
    "Column",
    "columns_of",
    "schema_for",
    "stored_schema_for",
]

SCHEMA_VERSION = 1
RECORD_TYPES = ("event", "metric", "span", "degraded")
KEY_COLUMNS = {
    "event": "event_key",
    "metric": "metric_key",
    "span": "span_name",
    "degraded": "issue_key",
}
"""Per record type the column that `keys=` filters and that parts are sorted by after the run."""


class Column(NamedTuple):
    """One column.

    `kind` is one of `sequence`, `word` (repeating text, dictionary-encoded), `text`, `json`,
    `time`, `float`, `int`, `map` (text to text) and `list` (of texts).
    """

    name: str
    kind: str
    meaning: str
    nullable: bool = True
    unit: str | None = None


_ENVELOPE = (
    Column("sequence", "sequence", "Store-wide number of the record, unique", False),
    Column("writer_id", "word", "Process that wrote it; its numbers are contiguous", False),
    Column("record_ref", "text", "Reference given by the caller; null when derived"),
    Column("observed_at", "time", "When it happened", False, "us since 1970 UTC"),
    Column("recorded_at", "time", "When it was recorded; null: observed_at", True, "us UTC"),
    Column("appended_at", "time", "When the store took it; null: recorded_at", True, "us UTC"),
    Column("run_ref", "word", "Run that it belongs to", False),
    Column("deployment_execution_ref", "word", "Deployment that it belongs to"),
    Column("stage_execution_ref", "word", "Stage that it belongs to"),
    Column("batch_execution_ref", "word", "Batch that it belongs to"),
    Column("sample_observation_ref", "word", "Sample that it belongs to"),
    Column("operation_context_ref", "word", "Operation that it belongs to"),
    Column("producer_ref", "word", "Program part that produced it", False),
    Column("correlation_trace_id", "word", "Trace id of the correlation refs"),
    Column("correlation_session_id", "word", "Session id of the correlation refs"),
    Column("completeness_marker", "word", "Whether all of it was captured", False),
    Column("degradation_marker", "word", "What is known to be wrong with it", False),
    Column("schema_version", "word", "Contract version that it was written for", False),
    Column("extensions", "json", "Extension field sets as a JSON array; null when none"),
    Column("extra", "json", "Unknown fields by place, as a JSON object; null when none"),
)

_PAYLOADS: dict[str, tuple[Column, ...]] = {
    "metric": (
        Column("metric_key", "word", "Name of the metric", False),
        Column("value", "float", "Value; NaN and infinities as such", False, "see column unit"),
        Column("value_int", "int", "Exact value when an integer was given"),
        Column("value_type", "word", "Type name that the caller gave", False),
        Column("unit", "word", "Unit of the value"),
        Column("aggregation_scope", "word", "What one value stands for", False),
        Column("subject_ref", "word", "Thing that was measured"),
        Column("slice_ref", "word", "Part of the data that was measured"),
        Column("tags", "map", "Free texts by name", False),
        Column("summary_basis", "word", "How the value was aggregated"),
        Column("step", "int", "Position in the series"),
        Column("epoch", "float", "Training epoch, possibly fractional"),
    ),
    "event": (
        Column("event_key", "word", "Name of the event", False),
        Column("level", "word", "Severity", False),
        Column("message", "text", "Text for people", False),
        Column("subject_ref", "word", "Thing that the event is about"),
        Column("attributes", "json", "Free data as a JSON object; null when empty"),
        Column("origin_marker", "word", "How the record came to be", False),
    ),
    "span": (
        Column("span_id", "text", "Id of the span within its trace", False),
        Column("trace_id", "word", "Id of the trace", False),
        Column("parent_span_id", "text", "Id of the enclosing span; null for a root"),
        Column("span_name", "word", "Name of the operation", False),
        Column("started_at", "time", "When it began", False, "us since 1970 UTC"),
        Column("ended_at", "time", "When it ended", False, "us since 1970 UTC"),
        Column("status", "word", "How it ended", False),
        Column("span_kind", "word", "Kind of work", False),
        Column("attributes", "json", "Free data as a JSON object; null when empty"),
        Column("linked_refs", "list", "References that the span touched", False),
    ),
    "degraded": (
        Column("issue_key", "word", "Name of the issue", False),
        Column("category", "word", "Where it arose", False),
        Column("severity", "word", "How bad it is", False),
        Column("summary", "text", "Text for people", False),
        Column("subject_ref", "word", "Thing that is affected"),
        Column("origin_marker", "word", "How the record came to be", False),
        Column("attributes", "json", "Free data as a JSON object; null when empty"),
    ),
}


def columns_of(record_type: str) -> tuple[Column, ...]:
    """Return the columns of a record type in order. Needs no pyarrow.

    Raises:
        ValidationError: `record_store_invalid_record_type`.
    """
    if record_type not in _PAYLOADS:
        raise ValidationError(
            f"{record_type!r} is not a record type. Use one of {', '.join(RECORD_TYPES)}.",
            code="record_store_invalid_record_type",
            details={"record_type": repr(record_type), "allowed": list(RECORD_TYPES)},
        )
    return _ENVELOPE + _PAYLOADS[record_type]


@cache
def schema_for(record_type: str) -> pa.Schema:
    """Return the Arrow schema of `RecordStore.arrow`; words are dictionary-encoded.

    Raises:
        ValidationError: `record_store_invalid_record_type`.
    """
    return _schema(record_type, words_as_dictionaries=True)


@cache
def stored_schema_for(record_type: str) -> pa.Schema:
    """Return the schema as the Parquet parts show it to any engine: words are strings.

    Raises:
        ValidationError: `record_store_invalid_record_type`.
    """
    return _schema(record_type, words_as_dictionaries=False)


def _schema(record_type: str, *, words_as_dictionaries: bool) -> pa.Schema:
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string()) if words_as_dictionaries else pa.string()
    types = {
        "sequence": pa.int64(),
        "word": word,
        "text": pa.string(),
        "json": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
        "float": pa.float64(),
        "int": pa.int64(),
        "map": pa.map_(pa.string(), pa.string()),
        "list": pa.list_(pa.string()),
    }
    fields = []
    for column in columns_of(record_type):
        metadata = {"meaning": column.meaning}
        if column.unit is not None:
            metadata["unit"] = column.unit
        fields.append(pa.field(column.name, types[column.kind], column.nullable, metadata))
    return pa.schema(fields)
