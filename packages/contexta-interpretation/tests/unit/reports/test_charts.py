"""Charts: gaps, marks, intervals, and the line of bars in Markdown."""

import math
import re

import pytest

from contexta.interpretation import ReportDocument, ReportSection
from contexta.interpretation.reports import (
    ChartLevel,
    ChartLine,
    ChartMark,
    IntervalChart,
    IntervalRow,
    ReportChart,
)
from contexta.interpretation.reports._sparkline import sparkline


def drawn(chart):
    return ReportDocument("t", (ReportSection("s", "", charts=(chart,)),)).to_html()


def test_values_that_are_not_finite_are_gaps_with_a_mark():
    """The curve breaks, a cross tells where and what, a lone point between gaps is seen."""
    points = [(float(i), 1.0) for i in range(100)]
    points[40] = (40.0, math.nan)
    points[42] = (42.0, -math.inf)
    text = drawn(ReportChart("k", (ChartLine("run", tuple(points)),)))

    assert text.count("<polyline") == 2
    assert text.count('class="broken"') == 2
    assert "<title>42: -∞</title>" in text
    assert "<title>41: 1</title>" in text
    assert "100 points, 2 of them NaN or infinite" in text


def test_marks_and_levels_are_drawn():
    """A mark has its band and label, a level its line; points are then not joined."""
    chart = ReportChart(
        "k",
        (ChartLine("run", tuple((float(i), float(i > 4)) for i in range(10))),),
        marks=(ChartMark(4.5, "here", 3.5, 5.5),),
        levels=(ChartLevel(0.0, 4.0, 0.0), ChartLevel(5.0, 9.0, 1.0)),
    )
    text = drawn(chart)

    assert text.count('class="level"') == 2
    assert text.count('class="band"') == 1
    assert ">here</text>" in text
    assert "<polyline" not in text


def test_more_curves_than_fit_are_counted():
    """The legend names what fits and counts the rest; nothing leaves the drawing."""
    lines = tuple(ChartLine(f"a long name {i}", ((0.0, 1.0), (1.0, 2.0))) for i in range(9))
    text = drawn(ReportChart("k", lines))
    places = [float(x) for x in re.findall(r'<text x="([0-9.]+)"', text)]

    assert re.search(r">\+ \d more</text>", text)
    assert max(places) <= 360


@pytest.mark.parametrize(
    "row",
    [
        IntervalRow("m", None, None, None, note="why"),
        IntervalRow("m", math.nan, 1.0, 2.0),
        IntervalRow("m", 1.0, None, None),
        IntervalRow("m", 1.0, -math.inf, math.inf),
        IntervalRow("m", 1e308, -1e308, 1e308, 1e308),
        IntervalRow("m", 0.0, 0.0, 0.0, 0.0),
        IntervalRow("m", 5e-324, 0.0, 1e-300),
    ],
)
def test_every_interval_can_be_drawn(row):
    """No estimate, however extreme or absent, keeps a report from being written."""
    text = drawn(IntervalChart("t", (row,), "x"))
    places = [float(x) for x in re.findall(r'(?:cx|x|x1|x2|width)="(-?[0-9.e+]+)"', text)]

    assert text.count("<svg") == 1
    assert "nan" not in " ".join(re.findall(r'(?:cx|x|d|width)="([^"]*)"', text))
    assert all(-1 <= place <= 360 for place in places)


def test_a_row_without_a_number_shows_its_note():
    """What cannot be drawn says why in its place, and in the description."""
    text = drawn(
        IntervalChart("t", (IntervalRow("m", None, None, None, note="too few runs"),), "x")
    )

    assert text.count("too few runs") == 3


def test_curves_are_bars_in_markdown():
    """Markdown shows a curve as one line, gaps included, and says how long it is."""
    values = (0.0, 1.0, math.nan, 3.0)
    chart = ReportChart("k", (ChartLine("run", tuple(enumerate(values))),), note="thinned")
    text = ReportDocument("t", (ReportSection("s", "", charts=(chart,)),)).to_markdown()

    assert "- run: `▁▃✗█` (4 points)" in text
    assert "- thinned" in text


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], ""),
        ([math.nan], "✗"),
        ([2.0, 2.0], "▄▄"),
        ([-1e308, 1e308], "▁█"),
        ([5e-324, 0.0], "▄▄"),
    ],
)
def test_bars_of_extreme_series(values, bars):
    """Constant, empty and extreme series have bars too."""
    assert sparkline(values) == bars


def test_a_long_series_has_sixty_bars():
    """A longer series is cut into equal parts."""
    assert len(sparkline([float(i) for i in range(1000)])) == 60


def test_labels_of_marks_never_meet():
    """Of marks that lie close together two are labelled, one above the other."""
    marks = tuple(ChartMark(50.0 + i, f"a label of mark {i}") for i in range(5))
    line = ChartLine("run", tuple((float(i), 0.0) for i in range(101)))
    text = drawn(ReportChart("k", (line,), marks=marks))
    heights = re.findall(r'y="([0-9.]+)"[^>]*>a label of mark', text)

    assert text.count('class="mark"') == 5
    assert len(heights) == len(set(heights)) == 2
