"""Rows and wire documents: one record as columns, and back.

A document is the wire form of a record, `{"envelope": {...}, "payload": {...}}`. What no column
holds goes into `extra`, so that a row gives back the document that it was made from.
"""

from __future__ import annotations

import json
from typing import Any

from contexta.contract.errors import SerializationError
from contexta.contract.time import from_epoch_us, to_epoch_us
from contexta.store.records._refs import derive_record_ref
from contexta.store.records.schema import Column, columns_of

Row = dict[str, Any]
Document = dict[str, Any]

_OWN_ENVELOPE = frozenset(
    {"record_ref", "record_type", "observed_at", "recorded_at", "correlation_refs", "extensions"}
)
_NOT_IN_DOCUMENT = frozenset(
    {"sequence", "writer_id", "appended_at", "extra", "value_int"}
    | {"correlation_trace_id", "correlation_session_id"}
)
_DEFAULTS = {"completeness_marker": "complete", "degradation_marker": "none"}
_FIRST_PAYLOAD_COLUMN = 20
_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1


def json_text(value: Any) -> str:
    """Return compact JSON with sorted keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def row_of(document: Document, *, ref_derived: bool) -> Row:
    """Split the document of a record into columns; `sequence` and its like are added later.

    Raises:
        SerializationError: `record_scan_invalid_record_envelope` or `..._payload` when the
            document is not that of a record.
    """
    try:
        return _row_of(document, ref_derived=ref_derived)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise SerializationError(
            f"The stored document is not a record: {type(error).__name__}: {error}.",
            code="record_scan_invalid_record_payload",
            cause=error,
        ) from error


def _row_of(document: Document, *, ref_derived: bool) -> Row:
    envelope = dict(document["envelope"])
    payload = dict(document["payload"])
    correlation = dict(envelope.pop("correlation_refs", None) or {})
    record_type = envelope.pop("record_type")
    record_ref = envelope.pop("record_ref")
    observed = envelope.pop("observed_at")
    recorded = envelope.pop("recorded_at")
    row: Row = {
        "record_ref": None if ref_derived else record_ref,
        "observed_at": to_epoch_us(observed),
        "recorded_at": None if recorded == observed else to_epoch_us(recorded),
        "correlation_trace_id": correlation.pop("trace_id", None),
        "correlation_session_id": correlation.pop("session_id", None),
        "extensions": _json_or_none(envelope.pop("extensions", None)),
    }
    columns = columns_of(record_type)
    for column in columns[:_FIRST_PAYLOAD_COLUMN]:
        if column.name not in _OWN_ENVELOPE and column.name not in _NOT_IN_DOCUMENT:
            row[column.name] = envelope.pop(column.name, _DEFAULTS.get(column.name))
    for column in columns[_FIRST_PAYLOAD_COLUMN:]:
        if column.name != "value_int":
            row[column.name] = _cell(column, payload.pop(column.name, None), row)
    rest = {
        "record": {k: v for k, v in document.items() if k not in ("envelope", "payload")},
        "envelope": envelope,
        "correlation_refs": correlation,
        "payload": payload,
    }
    row["extra"] = _json_or_none({place: found for place, found in rest.items() if found})
    return row


def _cell(column: Column, value: Any, row: Row) -> Any:
    if column.kind == "json":
        return _json_or_none(value)
    if column.kind == "time":
        return to_epoch_us(value)
    if column.kind == "map":
        return sorted((value or {}).items())
    if column.kind == "list":
        return list(value or ())
    if column.kind == "float" and value is not None:
        if column.name == "value":
            row["value_int"] = _int64(value) if type(value) is int else None
        return float(value)
    if column.kind == "int" and value is not None:
        return _int64(value)
    return value


def _int64(value: int) -> int:
    if not _INT_MIN <= value <= _INT_MAX:
        raise ValueError(f"{value} does not fit 64 bits; give a float or store it as text")
    return value


def _json_or_none(value: Any) -> str | None:
    return json_text(value) if value else None


def document_of(record_type: str, row: Row) -> Document:
    """Join the columns of a record into its document.

    Args:
        record_type: Type of the record.
        row: All columns, as Python values; times as microseconds, `tags` as pairs.

    Raises:
        SerializationError: `record_scan_materialization_failed` when a cell is not usable.
    """
    try:
        return _document_of(record_type, row)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise SerializationError(
            f"Record {row.get('sequence')} cannot be read: {type(error).__name__}: {error}.",
            code="record_scan_materialization_failed",
            cause=error,
        ) from error


def _document_of(record_type: str, row: Row) -> Document:
    extra = json.loads(row["extra"]) if row["extra"] else {}
    columns = columns_of(record_type)
    observed = row["observed_at"]
    recorded = row["recorded_at"]
    envelope: dict[str, Any] = {
        column.name: row[column.name]
        for column in columns[:_FIRST_PAYLOAD_COLUMN]
        if column.name not in _OWN_ENVELOPE and column.name not in _NOT_IN_DOCUMENT
    }
    envelope["record_type"] = record_type
    envelope["record_ref"] = row["record_ref"] or derive_record_ref(
        row["run_ref"], record_type, row["sequence"]
    )
    envelope["observed_at"] = from_epoch_us(observed)
    envelope["recorded_at"] = from_epoch_us(observed if recorded is None else recorded)
    envelope["correlation_refs"] = {
        "trace_id": row["correlation_trace_id"],
        "session_id": row["correlation_session_id"],
        **extra.get("correlation_refs", {}),
    }
    envelope["extensions"] = json.loads(row["extensions"]) if row["extensions"] else []
    envelope.update(extra.get("envelope", {}))
    payload = {
        column.name: _uncell(column, row[column.name])
        for column in columns[_FIRST_PAYLOAD_COLUMN:]
        if column.name != "value_int"
    }
    if record_type == "metric" and row["value_int"] is not None:
        payload["value"] = row["value_int"]
    payload.update(extra.get("payload", {}))
    return {"envelope": envelope, "payload": payload, **extra.get("record", {})}


def _uncell(column: Column, value: Any) -> Any:
    if column.kind == "json":
        return json.loads(value) if value else {}
    if column.kind == "time":
        return from_epoch_us(value)
    if column.kind == "map":
        return dict(value)
    return value
