"""Contract records as bytes of a RECORD frame, and documents as contract records."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import ContextaError, SerializationError, ValidationError
from contexta.store.records._documents import Document, row_of
from contexta.store.records._refs import project_of

if TYPE_CHECKING:
    from contexta.store.records._models import AnyRecord


class EncodedRecord(NamedTuple):
    """A record ready to be framed; it only lacks its sequence number."""

    body: bytes
    record_type: str
    run_ref: str
    record_ref: str
    derive_ref: bool


@cache
def record_classes() -> dict[str, type[Any]]:
    """Return the record model of each record type."""
    from contexta.contract import records

    return {
        "event": records.StructuredEventRecord,
        "metric": records.MetricRecord,
        "span": records.TraceSpanRecord,
        "degraded": records.DegradedRecord,
    }


def encode_record(record: Any, max_bytes: int, *, derive_ref: bool = False) -> EncodedRecord:
    """Encode a record, making sure that it can be read back.

    Raises:
        ValidationError: `unsupported_record_type` for anything but the four record models,
            `record_too_large` beyond `max_bytes`.
        SerializationError: `serialization_error` when the content cannot be stored.
    """
    if type(record) not in record_classes().values():
        raise ValidationError(
            f"A {type(record).__name__} is not a record. Append a StructuredEventRecord, "
            "MetricRecord, TraceSpanRecord or DegradedRecord.",
            code="unsupported_record_type",
            details={"type": type(record).__name__},
        )
    try:
        document = record.to_dict()
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        body = text.encode("utf-8")
        row_of(document, ref_derived=False)
        run_ref = str(document["envelope"]["run_ref"])
        project_of(run_ref)
    except ContextaError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise SerializationError(
            f"The record cannot be stored: {type(error).__name__}: {error}.",
            code="serialization_error",
            cause=error,
        ) from error
    if len(body) > max_bytes:
        raise ValidationError(
            f"The record has {len(body)} bytes, more than max_record_bytes = {max_bytes}. "
            "Store large bodies as artifacts and log their reference.",
            code="record_too_large",
            details={"size_bytes": len(body), "max_record_bytes": max_bytes},
        )
    envelope = document["envelope"]
    return EncodedRecord(
        body, str(envelope["record_type"]), run_ref, str(envelope["record_ref"]), derive_ref
    )


def record_of(record_type: str, document: Document) -> AnyRecord:
    """Build the contract record of a document.

    Raises:
        SerializationError: `record_scan_materialization_failed` when it is not a valid record.
    """
    try:
        record: AnyRecord = record_classes()[record_type].model_validate(document)
    except ContextaError as error:
        raise SerializationError(
            f"A stored {record_type} record is not valid: {error.message}",
            code="record_scan_materialization_failed",
            details={"cause": error.code},
            cause=error,
        ) from error
    return record
