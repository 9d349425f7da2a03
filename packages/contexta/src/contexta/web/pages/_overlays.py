"""Curves of several runs in one picture: which metrics they share, and their points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from contexta.interpretation.wording import counted, on_pages
from contexta.web.drawings import Curve, Point, draw_lines
from contexta.web.pages._charts import ChartView, json_number, payload

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import RunRecord, StepSeries
    from contexta.interpretation.repositories import MetricSummaryRecord

# Points of one curve: about as many as there are pixels in a row.
SMALL, LARGE = 300, 1000


def shared_curves(
    summaries: Iterable[MetricSummaryRecord], *, least: int = 2
) -> list[tuple[str | None, str]]:
    """Return (stage, metric) of curves that at least ``least`` runs have, sorted.

    A metric with a single point in every run is no curve.
    """
    counts: dict[tuple[str | None, str], list[int]] = {}
    for row in summaries:
        counts.setdefault((row.stage_name, row.metric_key), []).append(row.count)
    keys = [key for key, found in counts.items() if len(found) >= least and max(found) > 1]
    return sorted(keys, key=lambda key: (key[0] or "", key[1]))


def mixed_units(
    summaries: Iterable[MetricSummaryRecord],
) -> dict[tuple[str | None, str], list[str]]:
    """Return the units of each (stage, metric) that the runs do not log in one unit."""
    found: dict[tuple[str | None, str], set[str]] = {}
    for row in summaries:
        if row.unit:
            found.setdefault((row.stage_name, row.metric_key), set()).add(row.unit)
    return {key: sorted(units) for key, units in found.items() if len(units) > 1}


def unit_notes(mixed: Mapping[tuple[str | None, str], Sequence[str]]) -> list[str]:
    """Return a note for each metric whose numbers do not count the same thing."""
    return [
        f"{label_of(key)} is in {' and '.join(units)}: these numbers cannot be compared"
        for key, units in mixed.items()
    ]


def overlay(
    ctx: Contexta,
    runs: Sequence[RunRecord],
    labels: Sequence[str],
    key: tuple[str | None, str],
    *,
    points: int = SMALL,
    width: int = 560,
    height: int = 240,
) -> ChartView:
    """Return the curves of one metric; colors follow the order of the runs."""
    stage, metric = key
    found = [_series(ctx, run, metric, stage, points) for run in runs]
    curves = [
        Curve(label, _points(series, label), index)
        for index, (label, series) in enumerate(zip(labels, found, strict=True))
        if series is not None and series.points
    ]
    units = sorted({one.unit for one in found if one is not None and one.points and one.unit})
    unit = units[0] if len(units) == 1 else None
    return ChartView(
        title=metric,
        subtitle=stage or "",
        unit=unit,
        note=_note(found, len(runs) - len(curves), units),
        payload=payload([_column(curve) for curve in curves], y_label=metric, unit=unit),
        svg=draw_lines(
            curves,
            title=label_of(key),
            x_label="step",
            y_label=f"{metric} [{unit}]" if unit else metric,
            width=width,
            height=height,
        ),
    )


def label_of(key: tuple[str | None, str]) -> str:
    """The metric with its stage."""
    stage, metric = key
    return f"{stage}/{metric}" if stage else metric


def _column(curve: Curve) -> dict[str, Any]:
    return {
        "label": curve.label,
        "color": curve.index,
        "x": [json_number(point.x) for point in curve.points],
        "y": [json_number(point.y) for point in curve.points],
    }


def _note(found: Sequence[StepSeries | None], missing: int, units: Sequence[str]) -> str:
    parts = []
    if len(units) > 1:
        parts.append(f"the runs do not agree on the unit: {', '.join(units)}")
    if missing:
        parts.append(f"{counted(missing, 'run has', 'runs have')} no points of it")
    if any(one is not None and one.total_points > len(one.points) for one in found):
        parts.append("thinned, with the ends and the extremes")
    return "; ".join(parts)


def _series(
    ctx: Contexta, run: RunRecord, metric: str, stage: str | None, points: int
) -> StepSeries | None:
    """The points of a run; ``None`` where it has not got that stage."""
    from contexta.interpretation import ResolutionError

    try:
        return ctx.trend_service.get_step_series(
            run.run_id, metric, stage_name=stage, max_points=points
        )
    except ResolutionError:
        return None


def _points(series: StepSeries, label: str) -> tuple[Point, ...]:
    return tuple(
        Point(float(p.step), p.value, f"{label}, step {p.step}: {on_pages.number(p.value)}")
        for p in series.points
    )
