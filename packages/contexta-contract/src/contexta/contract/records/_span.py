"""Spans: something took time."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from contexta.contract._extensions._field_set import NoneAsEmpty
from contexta.contract._fields._refs import SubjectRef
from contexta.contract._fields._text import Text
from contexta.contract._fields._values import JsonMap, Timestamp
from contexta.contract._frozen import EMPTY
from contexta.contract._model._base import ContractModel
from contexta.contract._problems import Problem
from contexta.contract.records._envelope import RecordEnvelope
from contexta.contract.records._markers import SpanKind, SpanStatus
from contexta.contract.records._wrapping import check_wrapped


class TraceSpanPayload(ContractModel):
    """A stretch of time spent on one thing; a span without parent is a root."""

    target_model: ClassVar[str] = "trace_span_payload"

    span_id: Text
    """Id of the span, unique in its trace."""
    trace_id: Text
    """Id of the trace."""
    parent_span_id: Text | None = None
    """The span that this one is part of; ``None`` for a root."""
    span_name: Text
    """What was done."""
    started_at: Timestamp
    """When it started, UTC."""
    ended_at: Timestamp
    """When it ended, UTC; not before ``started_at``."""
    status: SpanStatus
    """How it ended."""
    span_kind: SpanKind
    """What sort of work it was."""
    attributes: JsonMap = EMPTY
    """Facts about it: JSON data, nulls kept."""
    linked_refs: Annotated[tuple[SubjectRef, ...], NoneAsEmpty] = ()
    """Other things that it touched."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        started, ended = values.get("started_at"), values.get("ended_at")
        if started is not None and ended is not None and ended < started:
            found.append(
                Problem(
                    "record_invalid_time_order",
                    "$.ended_at",
                    f"{ended!r} lies before started_at {started!r}; swap or correct them",
                    {"started_at": started, "ended_at": ended},
                )
            )


class TraceSpanRecord(ContractModel):
    """A span with its envelope."""

    envelope: RecordEnvelope
    """Who, when and where."""
    payload: TraceSpanPayload
    """What."""

    @classmethod
    def _settle(cls, values: dict[str, Any], found: list[Problem]) -> None:
        check_wrapped(values, "span", found)
