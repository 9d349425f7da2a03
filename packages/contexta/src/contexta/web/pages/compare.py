"""Two runs side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from contexta.interpretation.instants import seconds_between
from contexta.interpretation.wording import counted, short_ref
from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._charts import ChartView
from contexta.web.pages._links import address, run_url
from contexta.web.pages._overlays import mixed_units, overlay, shared_curves, unit_notes
from contexta.web.pages._replicates import between_replicates
from contexta.web.pages._view import column, columns, notes, summaries
from contexta.web.pages.compare_pick import picker

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import (
        GroupComparison,
        GroupMetric,
        MetricDelta,
        MultiRunMetricRow,
        RunComparison,
        RunRecord,
        StageComparison,
    )
    from contexta.web._params import Params

_CURVES = 12
_VALUE_KINDS = ("run", "param", "tag")
_ENVIRONMENT_KINDS = ("environment", "package", "variable")


@dataclass(frozen=True, slots=True)
class Side:
    """One run as it was asked for, and what it is."""

    name: str
    given: str
    run: RunRecord
    replicates: tuple[str, ...]

    @property
    def label(self) -> str:
        """What the page calls the run."""
        return short_ref(self.run.run_id)

    @property
    def took(self) -> float | None:
        """Seconds from start to end; ``None`` while it is open."""
        return seconds_between(self.run.started_at, self.run.ended_at)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of both runs; ``group`` is that of their replicates where there are some."""

    metric_key: str
    stage_name: str | None
    left: float | None
    right: float | None
    delta: MetricDelta | None
    group: GroupMetric | None
    trend: str
    units_differ: bool = False

    @property
    def is_beyond_comparison(self) -> bool:
        """Whether both runs have it, and yet no difference means anything."""
        if self.left is None or self.right is None or self.outcome:
            return False
        return self.units_differ or not (math.isfinite(self.left) and math.isfinite(self.right))

    @property
    def outcome(self) -> str:
        """Whether right is better, in a word; empty where that cannot be said."""
        known = None if self.units_differ else self.delta
        improved = None if known is None else known.improved
        return {True: "better", False: "worse", None: ""}[improved]

    @property
    def tone(self) -> str:
        """The class of the difference."""
        return {"better": "good-text", "worse": "bad-text", "": ""}[self.outcome]


def compare_page(ctx: Contexta, params: Params) -> PageData:
    """Show two runs; without one of them, or both, let the reader pick.

    Raises:
        ResolutionError: a run is unknown or its name is ambiguous.
    """
    left, right = params.text("left"), params.text("right")
    if left is None or right is None:
        missing = [name for name, value in (("left", left), ("right", right)) if value is None]
        noun = "parameter" if len(missing) == 1 else "parameters"
        verb = "is" if len(missing) == 1 else "are"
        told = f"the {noun} {' and '.join(missing)} {verb} missing"
        return picker(ctx, params, status=400, told=told)
    return compare_data(ctx, left, right)


def compare_data(ctx: Contexta, left: str, right: str) -> PageData:
    """Return the page of two runs, for the server and for files.

    Raises:
        ResolutionError: a run is unknown or its name is ambiguous.
    """
    comparison = ctx.compare_runs(left, right)
    runs = [
        ctx.query_service.require_run(run_id)
        for run_id in (comparison.left_run_id, comparison.right_run_id)
    ]
    groups, one, two = between_replicates(ctx, *runs)
    too_few = "" if groups is None else _too_few(groups)
    if too_few:
        groups = None
    rows = _rows(ctx, comparison, groups)
    mixed = mixed_units(summaries(ctx, list(dict.fromkeys(run.run_id for run in runs))))
    rows = [replace(row, units_differ=(row.stage_name, row.metric_key) in mixed) for row in rows]
    changed = [row for row in rows if row.delta is not None]
    better = sum(row.outcome == "better" for row in changed)
    worse = sum(row.outcome == "worse" for row in changed)
    environment = [c for c in comparison.value_changes if c.kind in _ENVIRONMENT_KINDS]
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), ("Compare", None)),
        "comparison": comparison,
        "sides": (Side("left", left, runs[0], one), Side("right", right, runs[1], two)),
        "changed": changed,
        "better": better,
        "worse": worse,
        "verdict": _verdict(changed),
        "told": {stage.stage_name: _told(stage) for stage in comparison.stage_comparisons},
        "metric_columns": _columns(groups),
        "same": [row for row in rows if row.delta is None],
        "groups": groups,
        "too_few": too_few,
        "siblings": len(set(one) & set(two)) > 1 and not environment,
        "overlays": _overlays(ctx, runs),
        "values": [c for c in comparison.value_changes if c.kind in _VALUE_KINDS],
        "environment": environment,
        "swap": address("/ui/compare", left=right, right=left),
        "more": address("/ui/compare/multi", run_ids=f"{left},{right}"),
        "report": address(run_url(runs[0].run_id, "report"), against=runs[1].run_id),
        "mixed": mixed,
        "notes": notes(
            [*unit_notes(mixed), *comparison.completeness_notes], comparison.completeness
        ),
    }
    return PageData("compare", f"Compare: {left} vs {right}", data, "compare")


def _verdict(changed: Sequence[MetricRow]) -> str:
    """What the table of metrics says, in one sentence."""
    if not changed:
        return "No metric differs between these two runs."
    one_sided = sum((row.left is None) != (row.right is None) for row in changed)
    better = sum(row.outcome == "better" for row in changed)
    worse = sum(row.outcome == "worse" for row in changed)
    beyond = sum(row.is_beyond_comparison for row in changed)
    unclear = len(changed) - one_sided - better - worse - beyond
    counts = (
        (better, "better in {}"),
        (worse, "worse in {}"),
        (unclear, "different in {} whose name does not say what is good"),
        (beyond, "not comparable in {}, for values are NaN, infinite or in different units"),
    )
    parts = [text.format(count) for count, text in counts if count]
    noun = "metric differs" if len(changed) == 1 else "metrics differ"
    said = f"{len(changed)} {noun}."
    if parts:
        said += f" The right run is {', '.join(parts)}."
    if one_sided:
        which = "it" if len(changed) == 1 else "them" if parts == [] else f"{one_sided} of them"
        said += f" Only one of the runs has {which}."
    return said


def _told(stage: StageComparison) -> str:
    """The notes of a stage in words, each meaning once."""
    found = notes(stage.completeness_notes)
    return "; ".join(
        dict.fromkeys(meaning.partition(". ")[0] or text for _, text, meaning in found)
    )


def _too_few(groups: GroupComparison) -> str:
    """Why the replicates say nothing of any metric; empty where they say something."""
    if not groups.metrics or any(row.low is not None for row in groups.metrics):
        return ""
    left, right = len(groups.left_run_ids), len(groups.right_run_ids)
    sizes = f"{left} and {counted(right, 'run')}"
    return f"No intervals over replicates ({sizes}): {groups.metrics[0].reason}."


def _columns(groups: GroupComparison | None) -> list[dict[str, Any]]:
    numbers = ("Left", "Right", "Difference", "%")
    words = ["Metric", "Stage", *numbers, ""]
    if groups is not None:
        level = f"{(1 - groups.alpha) * 100:g} % interval"
        return columns(*words[:-1], "These runs", level, "Replicates", num=(*numbers, level))
    return [*columns(*words[:-1], num=numbers), column("", title="Outcome")]


def _rows(
    ctx: Contexta, comparison: RunComparison, groups: GroupComparison | None
) -> list[MetricRow]:
    """All metrics: those that differ with how, the others with their value."""
    ids = (comparison.left_run_id, comparison.right_run_id)
    deltas = {
        (delta.stage_name, delta.metric_key): delta
        for stage in comparison.stage_comparisons
        for delta in stage.metric_deltas
    }
    table = ctx.compare_multiple_runs(ids).metric_table
    rows = [_row(row, deltas.pop((row.stage_name, row.metric_key), None), groups) for row in table]
    for delta in deltas.values():
        rows.append(
            MetricRow(
                delta.metric_key,
                delta.stage_name,
                delta.left_value,
                delta.right_value,
                delta,
                None,
                address("/ui/metrics/trend", metric=delta.metric_key, stage=delta.stage_name),
            )
        )
    return rows


def _row(
    row: MultiRunMetricRow, delta: MetricDelta | None, groups: GroupComparison | None
) -> MetricRow:
    return MetricRow(
        metric_key=row.metric_key,
        stage_name=row.stage_name,
        left=row.values[0],
        right=row.values[-1],
        delta=delta,
        group=None if groups is None else groups.metric(row.metric_key),
        trend=address("/ui/metrics/trend", metric=row.metric_key, stage=row.stage_name),
    )


def _overlays(ctx: Contexta, runs: list[RunRecord]) -> list[ChartView]:
    """The curves that both runs have."""
    ids = list(dict.fromkeys(run.run_id for run in runs))
    keys = shared_curves(summaries(ctx, ids), least=len(ids))
    labels = [short_ref(run.run_id) for run in runs]
    return [overlay(ctx, runs, labels, key) for key in keys[:_CURVES]]
