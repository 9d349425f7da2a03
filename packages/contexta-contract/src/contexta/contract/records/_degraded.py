"""Degraded records: something that should be here is not, or is not whole."""

from __future__ import annotations

from typing import Any, ClassVar

from contexta.contract._fields._refs import SubjectRef
from contexta.contract._fields._text import IssueKey, Text
from contexta.contract._fields._values import JsonMap
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract.records._envelope import RecordEnvelope
from contexta.contract.records._markers import DegradedCategory, DegradedSeverity, Origin
from contexta.contract.records._wrapping import check_degraded


class DegradedPayload(ContractModel):
    """What is missing or damaged, and why."""

    target_model: ClassVar[str] = "degraded_payload"

    issue_key: IssueKey
    """Stable name of the kind of gap, such as ``capture.points-lost``."""
    category: DegradedCategory
    """Where it arose."""
    severity: DegradedSeverity
    """How much it matters."""
    summary: Text
    """What is missing, for people."""
    subject_ref: SubjectRef | None = None
    """What is affected."""
    origin_marker: Origin = "explicit_capture"
    """How it came to be recorded."""
    attributes: JsonMap = EMPTY
    """What is missing, for programs: JSON data, nulls kept."""


class DegradedRecord(ContractModel):
    """A known gap with its envelope."""

    envelope: RecordEnvelope
    """Who, when and where; its degradation marker is never ``none``."""
    payload: DegradedPayload
    """What."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_degraded(values, found)
