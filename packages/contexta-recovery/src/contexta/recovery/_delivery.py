"""A waiting delivery as a sink gets it: with its id, its facts, and its payload as a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta.contract.artifacts import ArtifactManifest
from contexta.contract.errors import ContextaError
from contexta.contract.wire import MODELS, read_model
from contexta.recovery._errors import ReplayError

if TYPE_CHECKING:
    from contexta.recovery.outbox import Entry

__all__ = ["FAMILIES", "Delivery", "typed_payload"]

FAMILIES = ("CONTEXT", "RECORD", "ARTIFACT", "DEGRADATION")
_RECORD_CLASSES = {
    "degraded": "DegradedRecord",
    "event": "StructuredEventRecord",
    "metric": "MetricRecord",
    "span": "TraceSpanRecord",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One waiting delivery.

    Args:
        delivery_id: The same each time the delivery is repeated, and of no other: a receiver
            that remembers it takes each delivery once.
        replay_ref: What results and dead letters call it.
        family: `CONTEXT`, `RECORD`, `ARTIFACT` or `DEGRADATION`.
        payload: A model of the contract when `payload_type` names one; artifacts are a dict whose
            `manifest` is a model; else plain data.
        plain_payload: The payload as JSON data.
        payload_type: Name of the class that was captured, if known.
        payload_ref: Ref text of the payload, if it has one.
        sink_name: Whose delivery it is; None when nobody said.
        attempts: Replays that failed before.
        capture_attempts: Tries of capture before it was queued.
        failed_at: When capture queued it, UTC text; None when nobody said.
    """

    delivery_id: str
    replay_ref: str
    family: str
    payload: Any
    plain_payload: Any
    payload_type: str | None = None
    payload_ref: str | None = None
    sink_name: str | None = None
    attempts: int = 0
    capture_attempts: int = 0
    failed_at: str | None = None


def delivery_of(entry: Entry, *, typed: bool) -> Delivery:
    """Build the delivery of an entry; `payload` is a model only when `typed`.

    Raises:
        ReplayError: `recovery_invalid_family`, `recovery_invalid_payload`.
    """
    family = entry.family.strip().upper()
    if family not in FAMILIES:
        raise ReplayError(
            f"family {entry.family!r} is none of {', '.join(FAMILIES)}",
            code="recovery_invalid_family",
            details={"family": entry.family},
        )
    plain = entry.fields["payload"]
    payload_type = entry.text("payload_type")
    return Delivery(
        delivery_id=entry.delivery_id,
        replay_ref=entry.replay_ref,
        family=family,
        payload=typed_payload(family, plain, payload_type) if typed else plain,
        plain_payload=plain,
        payload_type=payload_type,
        payload_ref=entry.text("payload_ref"),
        sink_name=entry.sink_name,
        attempts=entry.attempts,
        capture_attempts=entry.capture_attempts,
        failed_at=entry.text("failed_at"),
    )


def typed_payload(family: str, payload: Any, payload_type: str | None) -> Any:
    """Return the model that a payload was written from.

    The class is the one that `payload_type` names. Records that name none are told by the
    `record_type` of their envelope. What is of no class of the contract comes back as it is.

    Raises:
        ReplayError: `recovery_invalid_payload` when the data break a rule of their class.
    """
    if not isinstance(payload, Mapping):
        return payload
    try:
        if family == "ARTIFACT" and isinstance(payload.get("manifest"), Mapping):
            manifest = read_model(ArtifactManifest, payload["manifest"], "artifact_manifest")
            return {**payload, "manifest": manifest}
        name = payload_type if payload_type in MODELS else _class_of_record(payload)
        return payload if name is None else read_model(MODELS[name], payload, name)
    except ContextaError as error:
        raise ReplayError(
            f"the payload is no {payload_type or 'payload of its family'}: {error.message}",
            code="recovery_invalid_payload",
            details={"family": family, "payload_type": payload_type},
            cause=error,
        ) from error


def _class_of_record(payload: Mapping[str, Any]) -> str | None:
    envelope = payload.get("envelope")
    if not isinstance(envelope, Mapping) or "payload" not in payload:
        return None
    return _RECORD_CLASSES.get(str(envelope.get("record_type")))
