"""Emissions: what a caller asks to be captured, checked and in normal form.

Each constructor reports everything that is wrong in one `ValidationError`
(`details["problems"]`). Common foreign types are converted: numpy and torch
scalars, datetimes, paths, enums. NaN and infinities are numbers like others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from contexta.capture import _checks as check
from contexta.common.results import ReadOnlyMapping, read_only
from contexta.contract.coerce import coerce_metric_value
from contexta.contract.errors import ContextaError
from contexta.contract.models.records import (
    EVENT_LEVELS,
    METRIC_AGGREGATION_SCOPES,
    TRACE_SPAN_KINDS,
    TRACE_SPAN_STATUSES,
)
from contexta.contract.refs import StableRef
from contexta.contract.time import ensure_utc, normalize_timestamp

__all__ = [
    "ArtifactRegistrationEmission",
    "EventEmission",
    "MetricEmission",
    "SpanEmission",
]


class _Emission:
    """Shared conversion of an emission to plain data."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order as plain data."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}


def _plain(value: Any) -> Any:
    if isinstance(value, ReadOnlyMapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class EventEmission(_Emission):
    """Something that happened, in words. `level` is one of the contract's event levels."""

    key: str
    message: str
    level: str = "info"
    attributes: Mapping[str, Any] | None = None
    tags: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        problems = check.Problems("EventEmission")
        put = object.__setattr__
        put(self, "key", check.key(problems, "key", "capture_model_invalid_event_key", self.key))
        put(self, "message", check.text(problems, "message", self.message))
        put(self, "level", check.marker(problems, "level", self.level, EVENT_LEVELS))
        put(self, "attributes", read_only(check.attributes(problems, self.attributes)))
        put(self, "tags", read_only(check.tags(problems, self.tags)))
        problems.raise_if_any()


@dataclass(frozen=True, slots=True)
class MetricEmission(_Emission):
    """One measured number.

    `step` counts training steps from any origin, `epoch` may be fractional,
    `timestamp` is when it was observed (aware or naive-as-UTC; default now).
    """

    key: str
    value: int | float
    unit: str | None = None
    aggregation_scope: str = "step"
    tags: Mapping[str, str] | None = None
    summary_basis: str = "raw_observation"
    step: int | None = None
    epoch: float | None = None
    timestamp: str | datetime | None = None

    def __post_init__(self) -> None:
        problems = check.Problems("MetricEmission")
        put = object.__setattr__
        put(self, "key", check.key(problems, "key", "capture_model_invalid_metric_key", self.key))
        put(self, "unit", check.text(problems, "unit", self.unit, optional=True))
        scope = check.marker(
            problems, "aggregation_scope", self.aggregation_scope, METRIC_AGGREGATION_SCOPES
        )
        put(self, "aggregation_scope", scope)
        put(self, "tags", read_only(check.tags(problems, self.tags)))
        put(self, "summary_basis", check.text(problems, "summary_basis", self.summary_basis))
        put(self, "value", self._number(problems, "value", self.value))
        put(self, "step", self._step(problems))
        if self.epoch is not None:
            put(self, "epoch", float(self._number(problems, "epoch", self.epoch)))
        put(self, "timestamp", _time(problems, "timestamp", self.timestamp))
        problems.raise_if_any()

    def _number(self, problems: check.Problems, name: str, value: Any) -> int | float:
        try:
            return coerce_metric_value(value)
        except ContextaError as error:
            problems.add("capture_model_invalid_metric_value", name, error.message)
            return 0

    def _step(self, problems: check.Problems) -> int | None:
        if self.step is None:
            return None
        number = self._number(problems, "step", self.step)
        if isinstance(number, float) and not number.is_integer():
            problems.add(
                "capture_model_invalid_metric_value",
                "step",
                f"expected a whole number, got {number!r}; pass fractions as epoch=",
            )
            return None
        if not -(2**63) <= number < 2**63:
            problems.add(
                "capture_model_invalid_metric_value", "step", f"{number!r} exceeds 64 bits"
            )
            return None
        return int(number)


@dataclass(frozen=True, slots=True)
class SpanEmission(_Emission):
    """A stretch of time. Times are ISO text or datetimes; naive means UTC."""

    name: str
    started_at: str | datetime | None = None
    ended_at: str | datetime | None = None
    status: str = "ok"
    span_kind: str = "operation"
    attributes: Mapping[str, Any] | None = None
    linked_refs: Iterable[StableRef | str] | None = None
    parent_span_id: str | None = None

    def __post_init__(self) -> None:
        problems = check.Problems("SpanEmission")
        put = object.__setattr__
        put(self, "name", check.text(problems, "name", self.name))
        put(self, "started_at", _time(problems, "started_at", self.started_at))
        put(self, "ended_at", _time(problems, "ended_at", self.ended_at))
        put(self, "status", check.marker(problems, "status", self.status, TRACE_SPAN_STATUSES))
        put(
            self, "span_kind", check.marker(problems, "span_kind", self.span_kind, TRACE_SPAN_KINDS)
        )
        put(self, "attributes", read_only(check.attributes(problems, self.attributes)))
        put(self, "linked_refs", _refs(problems, self.linked_refs))
        parent = check.text(problems, "parent_span_id", self.parent_span_id, optional=True)
        put(self, "parent_span_id", parent)
        self._check_order(problems)
        problems.raise_if_any()

    def _check_order(self, problems: check.Problems) -> None:
        start, end = self.started_at, self.ended_at
        # Both are fixed-width UTC text by now, so text order is time order.
        if isinstance(start, str) and isinstance(end, str) and end < start:
            problems.add(
                "capture_model_invalid_time_order", "ended_at", f"{end} lies before {start}"
            )


@dataclass(frozen=True, slots=True)
class ArtifactRegistrationEmission(_Emission):
    """A file or folder to be kept with the run."""

    artifact_kind: str
    path: str | os.PathLike[str]
    artifact_ref: StableRef | str | None = None
    attributes: Mapping[str, Any] | None = None
    compute_hash: bool = True
    allow_missing: bool = False

    def __post_init__(self) -> None:
        problems = check.Problems("ArtifactRegistrationEmission")
        put = object.__setattr__
        put(self, "artifact_kind", _artifact_kind(problems, self.artifact_kind))
        path = os.fspath(self.path) if isinstance(self.path, os.PathLike) else self.path
        put(self, "path", check.text(problems, "path", path))
        ref: Any = self.artifact_ref
        if ref is not None and not isinstance(ref, StableRef | str):
            problems.add(
                "capture_model_invalid_artifact_ref",
                "artifact_ref",
                f"expected an artifact ref, got {check.shown(ref)}",
            )
        put(self, "attributes", read_only(check.attributes(problems, self.attributes)))
        check.flag(problems, "compute_hash", self.compute_hash)
        check.flag(problems, "allow_missing", self.allow_missing)
        problems.raise_if_any()

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order as plain data."""
        plain = _Emission.to_dict(self)
        return {
            **plain,
            "artifact_ref": None if self.artifact_ref is None else str(self.artifact_ref),
        }


def _artifact_kind(problems: check.Problems, value: Any) -> Any:
    kind = value.strip() if isinstance(value, str) else value
    plain = isinstance(kind, str) and kind[:1].isalpha() and kind.isascii() and kind.islower()
    if plain and kind.replace("_", "a").isalnum():
        return kind
    problems.add(
        "capture_model_invalid_artifact_kind",
        "artifact_kind",
        f"expected lower_snake text like model_bundle, got {check.shown(value)}",
    )
    return value


def _time(problems: check.Problems, name: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        # Callers pass what their logs hold: text without an offset means UTC here.
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
        return normalize_timestamp(ensure_utc(moment))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        problems.add("capture_model_invalid_timestamp", name, str(error))
        return None


def _refs(problems: check.Problems, values: Any) -> tuple[str, ...]:
    kept = []
    items = [values] if isinstance(values, str | StableRef) else values or ()
    if not isinstance(items, Iterable):
        problems.add(
            "capture_model_invalid_linked_ref",
            "linked_refs",
            f"expected refs, got {check.shown(values)}",
        )
        return ()
    for number, value in enumerate(items):
        name = f"linked_refs[{number}]"
        if not isinstance(value, StableRef | str):
            message = f"expected a ref, got {check.shown(value)}"
            problems.add("capture_model_invalid_linked_ref", name, message)
            continue
        try:
            kept.append(StableRef.parse(str(value)).text)
        except ContextaError as error:
            problems.add(error.code, name, error.message)
    return tuple(kept)
