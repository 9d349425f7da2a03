"""Each question with what it reads and the columns of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from contexta.interpretation.aggregates import _sql

_POINTS = (
    "run_ref",
    "stage_execution_ref",
    "metric_key",
    "sequence",
    "observed_at",
    "step",
    "value",
)
_MARKERS = ("run_ref", "degradation_marker", "completeness_marker")
_FIRSTS = ("run_ref", "observed_at")


@dataclass(frozen=True, slots=True)
class Question:
    """One SQL text; ``reads`` are columns by record type, ``answer`` column kinds by name.

    Kinds are ``text``, ``int``, ``float`` and ``time`` (microseconds, UTC).
    """

    name: str
    sql: str
    reads: Mapping[str, tuple[str, ...]]
    answer: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parameters: tuple[str, ...] = ()


def _columns(**kinds: str) -> dict[str, str]:
    return {name: kind for kind, names in kinds.items() for name in names.split()}


_SPREAD = "mean variance std minimum maximum"

SUMMARIES = Question(
    "summaries",
    _sql.SUMMARIES,
    {"metric": _POINTS},
    _columns(
        text="run_ref stage_ref metric_key",
        int="points finite last_step last_sequence",
        float="first_value last_value minimum maximum mean",
        time="first_observed_at last_observed_at",
    ),
    ("metric_key",),
)
_OF_A_RUN = ("metric_key", "stage", "stage_slug", "aggregation")
_VALUE_COLUMNS = _columns(
    text="run_ref stage_ref",
    int="points finite places last_step last_sequence",
    float="value",
    time="last_observed_at",
)
RUN_VALUES = Question("run_values", _sql.RUN_VALUES, {"metric": _POINTS}, _VALUE_COLUMNS, _OF_A_RUN)
TREND = Question(
    "trend",
    _sql.TREND,
    {"metric": _POINTS},
    {**_VALUE_COLUMNS, "change": "float"},
    _OF_A_RUN,
)
STATISTICS = Question(
    "statistics",
    _sql.STATISTICS,
    {"metric": _POINTS},
    _columns(
        text="group_name",
        int="runs with_metric with_value points finite n",
        float=f"{_SPREAD} p5 p25 p50 p75 p90 p95 p99",
    ),
    _OF_A_RUN,
)
CURVE = Question(
    "curve",
    _sql.CURVE,
    {"metric": _POINTS},
    _columns(
        text="group_name",
        int="without_step step runs n",
        float=f"{_SPREAD} p25 p50 p75",
    ),
    _OF_A_RUN,
)
COUNTS = Question(
    "counts",
    _sql.COUNTS,
    {
        "metric": (*_MARKERS, "value"),
        "event": _MARKERS,
        "span": _MARKERS,
        "degraded": _MARKERS,
    },
    _columns(text="run_ref record_type", int="records nonfinite degraded incomplete"),
)
RUNS = Question(
    "runs",
    _sql.RUNS,
    dict.fromkeys(("metric", "event", "span", "degraded"), _FIRSTS),
    _columns(text="run_ref", time="first_observed_at"),
    ("project",),
)
QUESTIONS = (SUMMARIES, RUN_VALUES, TREND, STATISTICS, CURVE, COUNTS, RUNS)
