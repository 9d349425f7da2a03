"""The closed sets of values in records."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from contexta.contract._fields._text import ChoiceRule

_RecordType = Literal["event", "metric", "span", "degraded"]
_Completeness = Literal["complete", "partial", "sampled", "absent", "unknown"]
_Degradation = Literal[
    "none", "partial_failure", "capture_gap", "import_loss", "compatibility_upgrade"
]
_Origin = Literal[
    "explicit_capture", "assisted_capture", "wrapped_capture", "imported", "inferred", "replayed"
]
_EventLevel = Literal["debug", "info", "warning", "error", "critical"]
_MetricScope = Literal["run", "stage", "operation", "step", "slice"]
_SpanStatus = Literal["ok", "error", "cancelled", "timeout"]
_SpanKind = Literal["operation", "internal", "io", "network", "process"]
_DegradedCategory = Literal[
    "capture", "store", "import", "compatibility", "verification", "recovery"
]
_DegradedSeverity = Literal["warning", "error"]

_marker = ChoiceRule("record_invalid_marker")
RecordType = Annotated[_RecordType, _marker]
Completeness = Annotated[_Completeness, _marker]
Degradation = Annotated[_Degradation, _marker]
Origin = Annotated[_Origin, _marker]
EventLevel = Annotated[_EventLevel, _marker]
MetricScope = Annotated[_MetricScope, _marker]
SpanStatus = Annotated[_SpanStatus, _marker]
SpanKind = Annotated[_SpanKind, _marker]
DegradedCategory = Annotated[_DegradedCategory, _marker]
DegradedSeverity = Annotated[_DegradedSeverity, _marker]

RECORD_TYPES: Final[tuple[str, ...]] = get_args(_RecordType)
COMPLETENESS_MARKERS: Final[tuple[str, ...]] = get_args(_Completeness)
DEGRADATION_MARKERS: Final[tuple[str, ...]] = get_args(_Degradation)
ORIGIN_MARKERS: Final[tuple[str, ...]] = get_args(_Origin)
EVENT_LEVELS: Final[tuple[str, ...]] = get_args(_EventLevel)
METRIC_AGGREGATION_SCOPES: Final[tuple[str, ...]] = get_args(_MetricScope)
TRACE_SPAN_STATUSES: Final[tuple[str, ...]] = get_args(_SpanStatus)
TRACE_SPAN_KINDS: Final[tuple[str, ...]] = get_args(_SpanKind)
DEGRADED_CATEGORIES: Final[tuple[str, ...]] = get_args(_DegradedCategory)
DEGRADED_SEVERITIES: Final[tuple[str, ...]] = get_args(_DegradedSeverity)
