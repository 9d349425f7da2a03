"""Two to twenty runs side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from contexta.interpretation.instants import seconds_between
from contexta.interpretation.wording import short_ref
from contexta.web._page import PageData
from contexta.web.drawings import Axis, Strand, draw_parallel
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._links import address, run_url
from contexta.web.pages._overlays import (
    LARGE,
    label_of,
    mixed_units,
    overlay,
    shared_curves,
    unit_notes,
)
from contexta.web.pages._view import notes, summaries
from contexta.web.pages.compare_pick import picker

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import MultiRunComparison, MultiRunMetricRow, RunRecord
    from contexta.web._params import Params

_MOST_RUNS = 20
_AXES = 12
_NAMES_ON_AXIS = 12
_FIRST_SHOWN = ("loss", "accuracy")


@dataclass(frozen=True, slots=True)
class Column:
    """One run: the id as it was given, what the page calls it, in how many rows it is best."""

    given: str
    run: RunRecord
    label: str
    href: str
    wins: int

    @property
    def took(self) -> float | None:
        """Seconds from start to end; ``None`` while it is open."""
        return seconds_between(self.run.started_at, self.run.ended_at)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One param, or other value of the runs, that is not the same in all of them."""

    key: str
    kind: str
    values: tuple[Any, ...]


def compare_many_page(ctx: Contexta, params: Params) -> PageData:
    """Show several runs; with fewer than two, let the reader pick.

    Raises:
        HttpError: 400, more than twenty runs.
        ResolutionError: runs are unknown or ambiguous; all are named.
    """
    ids = params.words("run_ids", at_most=_MOST_RUNS)
    if len(set(ids)) < 2:
        return picker(ctx, params, status=400, told="run_ids must name two runs or more")
    comparison = ctx.compare_multiple_runs(ids)
    runs = [ctx.query_service.require_run(run_id) for run_id in comparison.run_ids]
    measured = summaries(ctx, [run.run_id for run in runs])
    curves = shared_curves(measured)
    mixed = mixed_units(measured)
    marked = [
        row
        for row in comparison.metric_table
        if _has_best(row) and (row.stage_name, row.metric_key) not in mixed
    ]
    columns = _columns(comparison, runs, marked)
    chosen = _chosen(curves, params.text("metric"), params.text("stage"))
    values = _values(runs)
    labels = [column.label for column in columns]
    joined = ",".join(comparison.run_ids)
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), ("Compare", None)),
        "comparison": comparison,
        "columns": columns,
        "marked": marked,
        "chart": chosen
        and overlay(ctx, runs, labels, chosen, points=LARGE, width=1100, height=320),
        "curves": [
            (
                label_of(key),
                address("/ui/compare/multi", run_ids=joined, metric=key[1], stage=key[0]),
            )
            for key in curves
        ],
        "chosen_label": chosen and label_of(chosen),
        "labels": dict(zip(comparison.run_ids, labels, strict=True)),
        "values": values,
        "parallel": _parallel(columns, values, comparison.metric_table),
        "notes": notes(
            [*unit_notes(mixed), *comparison.completeness_notes], comparison.completeness
        ),
        "pairs": [
            (column, address("/ui/compare", left=columns[0].given, right=column.given))
            for column in columns[1:]
        ],
    }
    return PageData("compare_many", "Compare Multi", data, "compare")


def _has_best(row: MultiRunMetricRow) -> bool:
    """Whether one run is best: its name says which way that is, and the runs differ."""
    # The service takes higher for better where the name says nothing, which no star should.
    from contexta.interpretation.compare.direction import better_when_higher

    known = better_when_higher(row.metric_key) is not None
    return known and row.best_run_id is not None and len(set(row.values) - {None}) > 1


def _columns(
    comparison: MultiRunComparison,
    runs: Sequence[RunRecord],
    marked: Sequence[MultiRunMetricRow],
) -> list[Column]:
    names = [run.name for run in runs]
    told = len(set(names)) == len(names)
    wins = Counter(row.best_run_id for row in marked)
    return [
        Column(given, run, run.name if told else _short(run), run_url(run.run_id), wins[given])
        for given, run in zip(comparison.run_ids, runs, strict=True)
    ]


def _short(run: RunRecord) -> str:
    """The part of the id that tells runs of one project apart."""
    return short_ref(run.run_id).removeprefix(f"{run.project_name}.")


def _chosen(
    curves: Sequence[tuple[str | None, str]], metric: str | None, stage: str | None
) -> tuple[str | None, str] | None:
    """The curve that was asked for, else the one that people look at first."""
    asked = (stage, metric)
    if asked in curves:
        return next(key for key in curves if key == asked)
    fitting = [key for key in curves if key[1] == metric]
    for word in _FIRST_SHOWN:
        fitting += [key for key in curves if word in key[1].lower()]
    return next(iter([*fitting, *curves]), None)


def _values(runs: Sequence[RunRecord]) -> list[ValueRow]:
    """What differs between the runs, of what was known when they started."""
    facts: list[Mapping[str, Any]] = [
        {"code revision": run.code_revision, "dataset": run.dataset_ref} for run in runs
    ]
    groups = (("run", facts), ("param", [run.params for run in runs]))
    rows = []
    for kind, mappings in (*groups, ("tag", [run.tags for run in runs])):
        for key in sorted({key for mapping in mappings for key in mapping}):
            values = tuple(mapping.get(key) for mapping in mappings)
            if len({json.dumps(value, sort_keys=True, default=str) for value in values}) > 1:
                rows.append(ValueRow(key, kind, values))
    return rows


def _parallel(
    columns: Sequence[Column], values: Sequence[ValueRow], metrics: Sequence[MultiRunMetricRow]
) -> Markup | None:
    """Params that differ, then final metrics; ``None`` where fewer than two axes say anything."""
    axes: list[Axis] = []
    places: list[Sequence[float | None]] = []
    for row in values:
        found = _param_axis(row)
        if found is not None and len(axes) < _AXES // 2:
            axes.append(found[0])
            places.append(found[1])
    for metric in metrics:
        if len(axes) < _AXES and len({v for v in metric.values if v is not None}) > 1:
            axes.append(Axis(metric.metric_key, metric.stage_name or "metric"))
            places.append(metric.values)
    if len(axes) < 2:
        return None
    strands = [
        Strand(column.label, tuple(place[index] for place in places), index, column.href)
        for index, column in enumerate(columns)
    ]
    return draw_parallel(axes, strands, title="Runs over params and final metrics")


def _param_axis(row: ValueRow) -> tuple[Axis, list[float | None]] | None:
    """Numbers on a scale, words at places of their own; ``None`` for one or too many words."""
    if row.kind != "param":
        return None
    known = [value for value in row.values if value is not None]
    if len({str(value) for value in known}) < 2:
        return None
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        numbers = [None if value is None else float(value) for value in row.values]
        return Axis(row.key, "param"), numbers
    names = sorted({str(value) for value in known})
    if len(names) > _NAMES_ON_AXIS:
        return None
    found = [None if value is None else float(names.index(str(value))) for value in row.values]
    return Axis(row.key, "param", tuple(names)), found
