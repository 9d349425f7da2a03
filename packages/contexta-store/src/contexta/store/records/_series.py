"""What the points of one series have in common."""

from __future__ import annotations

from itertools import chain
from types import NoneType
from typing import Any, NamedTuple

from contexta.contract.errors import ValidationError
from contexta.store.records._encoding import record_classes
from contexta.store.records._refs import derive_record_ref, project_of

_ANY_TIME = "2000-01-01T00:00:00.000000Z"
_PAYLOAD_FIELDS = (
    "value_type",
    "unit",
    "aggregation_scope",
    "summary_basis",
    "subject_ref",
    "slice_ref",
    "tags",
)
_ENVELOPE_FIELDS = (
    "run_ref",
    "deployment_execution_ref",
    "stage_execution_ref",
    "batch_execution_ref",
    "sample_observation_ref",
    "operation_context_ref",
    "producer_ref",
    "schema_version",
)


class SeriesContext(NamedTuple):
    """Where a series was captured; texts in normal form, or None where the scope has none."""

    run_ref: str
    project: str
    deployment_execution_ref: str | None = None
    stage_execution_ref: str | None = None
    batch_execution_ref: str | None = None
    sample_observation_ref: str | None = None
    operation_context_ref: str | None = None
    producer_ref: str = "sdk.python.local"
    schema_version: str = "1.0.0"
    trace_id: str | None = None
    session_id: str | None = None


class Series(NamedTuple):
    """A series: its context and the fields of the metric that do not change by point."""

    context: SeriesContext
    key: str
    value_type: str = "float"
    unit: str | None = None
    aggregation_scope: str = "step"
    tags: tuple[tuple[str, str], ...] = ()
    summary_basis: str | None = None
    subject_ref: str | None = None
    slice_ref: str | None = None

    def to_definition(self) -> dict[str, Any]:
        """Return the JSON document of a DEFINE frame; None values are left out."""
        named = {**self.context._asdict(), **self._asdict()}
        del named["context"], named["tags"]
        document = {name: value for name, value in named.items() if value is not None}
        if self.tags:
            document["tags"] = dict(self.tags)
        return document

    @classmethod
    def from_definition(cls, document: dict[str, Any]) -> Series:
        """Read the JSON document of a DEFINE frame; unknown names are ignored."""
        context = {k: document[k] for k in SeriesContext._fields if k in document}
        own = {
            k: document[k] for k in cls._fields if k in document and k not in ("context", "tags")
        }
        tags = tuple(sorted(document.get("tags", {}).items()))
        return cls(context=SeriesContext(**context), tags=tags, **own)


def check_series(series: Series) -> dict[str, Any]:
    """Return the definition of a series, making sure that its points can be read back.

    Raises:
        ValidationError: When a field breaks the contract's rule for it.
    """
    definition = series.to_definition()
    parts = (series.context, series.subject_ref, series.slice_ref), series[1:7]
    if _PLACES.knows(parts[0]) and _METRICS.knows(parts[1]):
        return definition
    _check_definition(series, definition)
    _PLACES.add(parts[0])
    _METRICS.add(parts[1])
    return definition


class _Checked:
    """Parts of series that passed the check; a bounded number of them.

    No rule of the contract is about the place of a series and its metric at once, so what passed
    with one place passes with each: a process that writes many runs checks its metrics once.
    """

    def __init__(self) -> None:
        self._parts: set[Any] = set()

    def knows(self, part: Any) -> bool:
        return part in self._parts

    def add(self, part: Any) -> None:
        if len(self._parts) >= _MOST_CHECKED:
            self._parts = set()
        self._parts.add(part)


_MOST_CHECKED = 1_000
_PLACES = _Checked()
_METRICS = _Checked()


def _check_definition(series: Series, definition: dict[str, Any]) -> None:
    run_ref = series.context.run_ref
    project_of(run_ref)
    payload = {name: definition[name] for name in _PAYLOAD_FIELDS if name in definition}
    envelope = {name: definition[name] for name in _ENVELOPE_FIELDS if name in definition}
    correlation = {name: definition.get(name) for name in ("trace_id", "session_id")}
    document = {
        "envelope": {
            "record_ref": derive_record_ref(run_ref, "metric", 1),
            "record_type": "metric",
            "observed_at": _ANY_TIME,
            "recorded_at": _ANY_TIME,
            "producer_ref": SeriesContext._field_defaults["producer_ref"],
            "schema_version": SeriesContext._field_defaults["schema_version"],
            "completeness_marker": "complete",
            "degradation_marker": "none",
            "correlation_refs": correlation,
            **envelope,
        },
        "payload": {
            "metric_key": definition.get("key"),
            "value": 0.0,
            "value_type": "float",
            **payload,
        },
    }
    record_classes()["metric"].model_validate(document)
    if series_of(definition) is None:  # the contract also takes what it can turn into text
        raise ValidationError(
            f"The series {series.key!r} holds something else than text. Give texts only.",
            code="record_store_invalid_text",
        )


def series_of(document: dict[str, Any]) -> Series | None:
    """Read the JSON document of a DEFINE frame; None when no record can be made with it."""
    try:
        series = Series.from_definition(document)
        project_of(series.context.run_ref)
    except (TypeError, AttributeError, ValidationError):
        return None
    cells = [*series.context, *chain(*series.tags)]
    cells += [getattr(series, name) for name in Series._fields if name not in ("context", "tags")]
    return series if all(isinstance(cell, (str, NoneType)) for cell in cells) else None
