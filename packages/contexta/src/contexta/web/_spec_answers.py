"""Routes that compare, judge and export."""

from __future__ import annotations

from contexta.web._spec import Query, Spec
from contexta.web._spec_runs import METRIC, PROJECT, RUNQ, STAGE

_IDS = Query("run_ids", "Runs, with commas between them.", required=True)
_SIDES = (
    Query("left", "The run to compare from.", required=True),
    Query("right", "The run to compare to.", required=True),
)
_RULE = (
    Query("metric", "Key of the metric.", required=True),
    Query("operator", "gt, gte, lt, lte, eq or ne.", required=True),
    Query("threshold", "What the value is compared with.", "number", required=True),
    STAGE,
    Query("severity", "Severity of the rule."),
)
_RULES = Query(
    "rules", "JSON list of rules with metric, operator, threshold, and stage, severity, name."
)
_CHANGES = (
    METRIC,
    PROJECT,
    STAGE,
    *RUNQ,
    Query("higher_is_better", "Whether more is better.", "boolean"),
)
_CSV = "text/csv; charset=utf-8"

ANSWERS: tuple[Spec, ...] = (
    Spec(
        "/compare",
        "_compare:compare",
        "Two runs side by side.",
        _SIDES,
        (
            "left_run_id",
            "right_run_id",
            "summary",
            "stage_comparisons",
            "artifact_changes",
            "provenance_comparison",
            "completeness_notes",
            "evidence_links",
        ),
    ),
    Spec(
        "/compare/multi",
        "_compare:multi",
        "Two or more runs in one table.",
        (_IDS,),
        (
            "run_ids",
            "run_names",
            "metric_table",
            "artifact_kind_counts",
            "completeness_notes",
            "evidence_links",
            "summary",
        ),
    ),
    Spec(
        "/compare/series",
        "_series:many",
        "One metric of several runs, to draw on each other.",
        (
            _IDS,
            METRIC,
            STAGE,
            Query("points", "Thin each to about this many; at most 100000 together.", "integer"),
        ),
        ("metric_key", "series", "missing"),
    ),
    Spec(
        "/metrics/trend",
        "_trends:trend",
        "One value per run of the newest runs, in the order of their start.",
        (METRIC, PROJECT, STAGE, *RUNQ),
        ("metric_key", "project_name", "points", "completeness_notes"),
    ),
    Spec(
        "/metrics/aggregate",
        "_trends:aggregate",
        "Statistics over one value per run.",
        (METRIC, PROJECT, STAGE, *RUNQ),
        (
            "metric_key",
            "project_name",
            "count",
            "mean",
            "std",
            "min",
            "p25",
            "p50",
            "p75",
            "p90",
            "p95",
            "p99",
            "max",
            "completeness_notes",
        ),
    ),
    Spec(
        "/metrics/changes",
        "_trends:changes",
        "Where a metric changed over the runs.",
        _CHANGES,
        ("metric_key", "change_points"),
    ),
    Spec(
        "/metrics/bisect",
        "_trends:bisect",
        "The first run after a change, and what differs from the run before.",
        (
            *_CHANGES,
            Query("which", "latest or largest change."),
            Query("good", "Search only behind this run."),
            Query("bad", "Search only up to this run."),
        ),
        ("metric_key",),
    ),
    Spec(
        "/alerts/evaluate/{run_id}",
        "_alerts:evaluate",
        "One rule, or several, on one run.",
        (*(Query(one.name, one.about, one.type) for one in _RULE), _RULES),
        ("results",),
    ),
    Spec(
        "/alerts/fleet",
        "_alerts:fleet",
        "Rules on many runs, newest first; the newest 200 without a limit.",
        (
            *(Query(one.name, one.about, one.type) for one in _RULE),
            _RULES,
            PROJECT,
            *(one for one in RUNQ),
        ),
        ("results", "run_ids", "total_runs", "completeness_notes"),
    ),
    Spec(
        "/gate",
        "_alerts:gate",
        "Hold runs against the rules of a gate.",
        (
            _IDS,
            Query("rules", "JSON of the rules, as in their files.", required=True),
            Query("baseline", "Runs to compare with, with commas between them."),
        ),
        ("verdict", "exit_code", "outcomes", "run_ids", "baseline_run_ids"),
    ),
    Spec(
        "/export/runs.csv", "_export:runs", "The list of runs as CSV.", (PROJECT, *RUNQ), (), _CSV
    ),
    Spec("/export/comparison.csv", "_export:comparison", "A comparison as CSV.", _SIDES, (), _CSV),
    Spec(
        "/export/trend.csv",
        "_export:trend",
        "A trend as CSV.",
        (METRIC, PROJECT, STAGE, *RUNQ),
        (),
        _CSV,
    ),
    Spec(
        "/export/anomalies.csv",
        "_export:anomalies",
        "The anomalies of a run as CSV.",
        (
            Query("run_id", "The run.", required=True),
            Query("metric", "Only this metric."),
            PROJECT,
            STAGE,
        ),
        (),
        _CSV,
    ),
)
