"""Events: something happened."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._fields._refs import SubjectRef
from contexta.contract._fields._text import EventKey, Text
from contexta.contract._fields._values import JsonMap
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract.records._envelope import RecordEnvelope
from contexta.contract.records._markers import EventLevel, Origin
from contexta.contract.records._wrapping import check_wrapped


class StructuredEventPayload(ContractModel):
    """What happened, in words and data."""

    target_model: ClassVar[str] = "event_payload"

    event_key: EventKey
    """Stable name of the kind of event, such as ``checkpoint.saved``."""
    level: EventLevel
    """How serious it is."""
    message: Text
    """What happened, for people."""
    subject_ref: SubjectRef | None = None
    """What it is about."""
    attributes: JsonMap = EMPTY
    """What happened, for programs: JSON data, nulls kept."""
    origin_marker: Origin = "explicit_capture"
    """How it came to be recorded."""


class StructuredEventRecord(ContractModel):
    """An event with its envelope."""

    envelope: RecordEnvelope
    """Who, when and where."""
    payload: StructuredEventPayload
    """What."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_wrapped(values, "event", found)
