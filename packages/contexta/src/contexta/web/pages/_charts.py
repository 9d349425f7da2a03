"""Charts of a page: drawn by the server, with the data that script draws again, movable.

``ui.chart(view)`` of the macros shows a :class:`ChartView`. Its ``payload`` is what
``static/charts.js`` reads: ``{"x", "x_label", "y_label", "unit", "series": [{"label", "x", "y",
"t", "e"}], "marks": [{"x", "label", "first", "last"}], "names": [[x, name]]}``. ``t`` are seconds
since 1970, ``e`` epochs; numbers that are not finite are the texts ``NaN``, ``Infinity`` and
``-Infinity``. ``source`` is the address of JSON with all points: this form, one step series, or
``{"series": [step series]}``; several addresses are divided by blanks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from contexta.interpretation.instants import seconds_of
from contexta.interpretation.jsonsafe import nonfinite_marker
from contexta.interpretation.wording import on_pages
from contexta.web.drawings import Curve, Mark, Point, draw_lines

if TYPE_CHECKING:
    from contexta.interpretation import StepPoint, StepSeries
    from contexta.interpretation.repositories import MetricPoint, MetricSeries

_NONE = Markup("")


@dataclass(frozen=True, slots=True)
class ChartView:
    """One chart as a template shows it.

    ``key`` is the id of its figure, ``href`` the page of the chart alone, ``value`` the number
    that stands for it, ``note`` what it leaves out.
    """

    title: str
    payload: str
    svg: Markup = _NONE
    key: str = ""
    subtitle: str = ""
    unit: str | None = None
    href: str | None = None
    source: str | None = None
    value: float | None = None
    note: str = ""


def series_view(
    series: MetricSeries | StepSeries,
    *,
    title: str,
    subtitle: str = "",
    key: str = "",
    href: str | None = None,
    source: str | None = None,
    value: float | None = None,
    width: int = 400,
    height: int = 190,
) -> ChartView:
    """Return the chart of one curve of one run."""
    points: Sequence[MetricPoint | StepPoint] = series.points
    steps = [p.step if p.step is not None else place for place, p in enumerate(points)]
    curve = Curve(
        title, tuple(Point(float(x), p.value) for x, p in zip(steps, points, strict=True))
    )
    line: dict[str, Any] = {
        "label": title,
        "x": steps,
        "y": [json_number(p.value) for p in points],
        "t": [_second(p.observed_at) for p in points],
    }
    if any(p.epoch is not None for p in points):
        line["e"] = [None if p.epoch is None else json_number(p.epoch) for p in points]
    note = ""
    if series.total_points > len(points):
        note = f"{len(points):,} of {series.total_points:,} points, extremes kept"
    return ChartView(
        title=title,
        subtitle=subtitle,
        key=key,
        href=href,
        source=source,
        unit=series.unit,
        value=value,
        note=note,
        payload=payload([line], x_label="step", unit=series.unit),
        svg=draw_lines([curve], title=title, x_label="step", width=width, height=height),
    )


def curves_view(
    curves: Sequence[Curve],
    *,
    title: str,
    x_label: str = "step",
    y_label: str = "",
    unit: str | None = None,
    marks: Sequence[Mark] = (),
    names: Sequence[tuple[float, str]] = (),
    **more: Any,
) -> ChartView:
    """Return the chart of several curves; ``more`` are further fields of the view."""
    series = [
        {
            "label": curve.label,
            "x": [json_number(p.x) for p in curve.points],
            "y": [json_number(p.y) for p in curve.points],
        }
        for curve in curves
    ]
    return ChartView(
        title=title,
        unit=unit,
        payload=payload(
            series, x_label=x_label, y_label=y_label, unit=unit, marks=marks, names=names
        ),
        svg=draw_lines(
            curves, title=title, x_label=x_label, y_label=y_label, marks=marks, x_names=names
        ),
        **more,
    )


def payload(
    series: Sequence[dict[str, Any]],
    *,
    x_label: str = "step",
    y_label: str = "",
    unit: str | None = None,
    marks: Sequence[Mark] = (),
    names: Sequence[tuple[float, str]] = (),
) -> str:
    """Return the data of a chart as JSON without NaN."""
    data: dict[str, Any] = {"x_label": x_label, "y_label": y_label, "unit": unit}
    data["series"] = list(series)
    if marks:
        data["marks"] = [
            {"x": mark.x, "label": mark.label, "first": mark.first, "last": mark.last}
            for mark in marks
        ]
    if names:
        data["names"] = [[place, name] for place, name in names]
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def json_number(value: float) -> float | str:
    """A number for JSON, short enough for the wire; a word where it is not finite."""
    marker = nonfinite_marker(value)
    if marker is not None:
        return marker
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _second(text: str | None) -> float | None:
    found = seconds_of(text)
    return None if found is None else round(found, 3)


def spark(values: Sequence[float], told: str = "", *, width: int = 96, height: int = 20) -> Markup:
    """Return a line of the size of a word; gaps where values are not finite."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2:
        return _NONE
    low, high = min(finite), max(finite)
    span = (high / 2 - low / 2) or 1.0
    step = (width - 4) / (len(values) - 1)
    path, joined = [], False
    for place, value in enumerate(values):
        if math.isfinite(value):
            y = height - 2 - (value / 2 - low / 2) / span * (height - 4)
            path.append(f"{'L' if joined else 'M'}{2 + place * step:.1f} {y:.1f}")
        joined = math.isfinite(value)
    told = told or f"from {on_pages.number(values[0])} to {on_pages.number(values[-1])}"
    return Markup(
        '<svg class="spark" role="img" viewBox="0 0 {} {}" width="{}" height="{}">'
        '<title>{}</title><path d="{}"/></svg>'
    ).format(width, height, width, height, told, "".join(path))
