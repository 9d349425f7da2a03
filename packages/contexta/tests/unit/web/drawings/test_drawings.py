"""Drawings of the server: ticks, gaps, names that are markup, places in columns."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.web.drawings import (
    Axis,
    Bar,
    Curve,
    Edge,
    Mark,
    Node,
    Point,
    Strand,
    draw_bar_rows,
    draw_bars,
    draw_box,
    draw_graph,
    draw_key,
    draw_lines,
    draw_parallel,
    draw_range,
    nice_ticks,
    tick_labels,
)
from contexta.web.drawings._arrange import arrange

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCRIPT = '<script>alert("x")</script>'


def line(*values, label="loss"):
    return Curve(label, tuple(Point(float(x), y) for x, y in enumerate(values)))


def test_one_point_is_not_many():
    """The words that stand for the picture count as people do."""
    drawn = str(
        draw_lines((line(0.5, label="a"), line(0.5, 0.25, label="b")), title="t", x_label="x")
    )

    assert "a: 1 point," in drawn
    assert "b: 2 points," in drawn


@UNHURRIED
@given(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(1e-9, 1e12, allow_nan=False),
    st.integers(2, 10),
)
def test_ticks_are_inside_in_order_and_few(low, span, count):
    """Ticks lie inside the axis, ascend, and are about as many as asked for."""
    high = low + span
    ticks = nice_ticks(low, high, count)

    assert ticks == sorted(ticks)
    assert len(ticks) <= 3 * count + 1
    assert all(low - span * 1e-6 <= tick <= high + span * 1e-6 for tick in ticks)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        ([-0.0, 1.0], ["0", "1"]),
        ([0.025, 0.05], ["0.025", "0.050"]),
        ([1000.0, 2000.0], ["1000", "2000"]),
        ([2e6, 4e6], ["2e6", "4e6"]),
        ([1e-5, 2e-5], ["1e-5", "2e-5"]),
        ([1e6, 1000500.0, 1001000.0], ["1e6", "1.0005e6", "1.001e6"]),
        ([12345.0, 12345.01], ["12345.00", "12345.01"]),
        ([0.001, 1.0, 1000.0], ["0.001", "1", "1e3"]),
    ],
)
def test_labels_of_ticks_have_the_same_digits(values, labels):
    """As many decimals as tell neighbors apart; very large and small ones as powers."""
    expected = ["0" if float(label) == 0 else label for label in labels]

    assert expected == tick_labels(values)


def test_axes_say_what_they_count_and_in_which_unit():
    """Both axes have their words; ticks have numbers."""
    drawing = draw_lines([line(1.0, 2.0)], title="t", x_label="step", y_label="time [ms]")

    assert ">step</text>" in drawing
    assert ">time [ms]</text>" in drawing
    assert re.findall(r'class="tick"[^>]*>([^<]+)<', drawing)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_a_gap_with_a_cross(value):
    """The line is broken, and the place is marked."""
    drawing = draw_lines([line(1.0, 2.0, value, 3.0, 4.0)], title="t", x_label="step")

    assert 2 == drawing.count("<polyline")
    assert 1 == drawing.count('class="broken"')
    assert "1 of them NaN or infinite" in drawing


def test_only_nan_says_so():
    """A curve without a finite value is said to be, not drawn."""
    drawing = draw_lines([line(math.nan)], title="t", x_label="step")

    assert "no finite value" in drawing


def test_a_single_point_between_gaps_is_seen():
    """A point that no line can show gets its dot, however many there are."""
    values = [1.0] * 100 + [math.nan, 5.0, math.nan] + [1.0] * 100
    drawing = draw_lines([line(*values)], title="t", x_label="step")

    assert 1 == drawing.count('<circle class="dot')


def test_values_far_apart_get_a_logarithmic_axis():
    """Where most would lie on the floor, the axis is logarithmic and says so."""
    values = [10.0**power for power in range(4, -3, -1)]
    drawing = draw_lines([line(*values)], title="t", x_label="step", y_label="loss")
    forced = draw_lines([line(1.0, -1.0)], title="t", x_label="step", y_label="loss", log=True)

    assert "loss (log scale)" in drawing
    assert "log scale" not in forced


@pytest.mark.parametrize(
    "values", [[1e308, -1e308], [5e-324, 0.0], [0.1, 0.1], [1e-300, 2e-300], [2.0]]
)
def test_extreme_values_stay_inside_the_picture(values):
    """The largest, the smallest and equal values have places."""
    drawing = draw_lines([line(*values)], title="t", x_label="step")
    places = [float(y) for y in re.findall(r'cy="([^"]+)"', drawing)]

    assert len(values) == len(places)
    assert all(0 <= place <= 260 for place in places)


def test_names_below_an_axis_never_meet():
    """As many names as have room are shown."""
    names = [(float(x), f"a-long-name-of-a-run-{x}") for x in range(100)]
    curve = line(*[float(x) for x in range(100)])
    drawing = draw_lines([curve], title="t", x_label="run", x_names=names)
    shown = re.findall(r'class="tick" x="([^"]+)" y="[^"]+" text-anchor="middle"', drawing)
    gaps = [float(b) - float(a) for a, b in pairwise(shown)]

    assert 2 <= len(shown) <= 10
    assert min(gaps) >= 18 * 6


def test_marks_have_their_words_and_their_range():
    """A change is a dashed line with a band where it may lie."""
    mark = Mark(1.5, "worse: 1 to 2", 0.5, 2.5)
    drawing = draw_lines([line(1.0, 1.0, 2.0, 2.0)], title="t", x_label="run", marks=[mark])

    assert 'class="band"' in drawing
    assert drawing.count("worse: 1 to 2") >= 2


def test_names_that_are_markup_are_text_in_every_drawing():
    """No drawing lets a name become markup."""
    drawings = [
        draw_lines(
            [Curve(SCRIPT, (Point(0.0, 1.0, SCRIPT, "/ui"), Point(1.0, math.nan, SCRIPT)))],
            title=SCRIPT, x_label=SCRIPT, y_label=SCRIPT, x_names=[(0.0, SCRIPT)],
            marks=[Mark(0.0, SCRIPT)],
        ),
        draw_bars([Bar(SCRIPT, 1, "good")], title=SCRIPT),
        draw_bar_rows([Bar(SCRIPT, 1)], title=SCRIPT),
        draw_parallel(
            [Axis(SCRIPT, SCRIPT, (SCRIPT,)), Axis(SCRIPT)],
            [Strand(SCRIPT, (0.0, 1.0), 0, SCRIPT)],
            title=SCRIPT,
        ),
        draw_graph(
            [Node(SCRIPT, SCRIPT, SCRIPT, "/ui", told=SCRIPT), Node("b", "b", "run")],
            [Edge(SCRIPT, "b", SCRIPT)],
            title=SCRIPT,
        ),
        draw_box({"min": 1.0, "max": 2.0}, title=SCRIPT),
        draw_range(1.0, 2.0, 3.0, title=SCRIPT),
        draw_key(3, SCRIPT),
    ]  # fmt: skip

    assert not any("<script" in drawing for drawing in drawings)
    assert not any(" style=" in drawing or " on" in drawing.lower() for drawing in drawings)


@pytest.mark.parametrize("width", [340, 820])
@pytest.mark.parametrize("median", [0.8933, 0.91, 0.9349])
def test_words_and_ticks_of_a_spread_stay_within_its_width(width, median):
    """Also at the ends of the axis, and with room between the numbers of the ticks."""
    marks = {"min": 0.8933, "p25": 0.8933, "p50": median, "p75": 0.9349, "max": 0.9349}
    drawing = draw_box(marks, title="accuracy", width=width)
    word = float(re.search(r'<text [^>]*?x="([\d.]+)"[^>]*>median', drawing)[1])
    ticks = [float(x) for x in re.findall(r'<text class="tick" x="([\d.]+)"', drawing)]

    assert 60 <= word <= width - 60
    assert len(ticks) >= 2
    assert all(after - before >= 40 for before, after in pairwise(ticks))


def test_a_run_without_a_value_breaks_its_strand():
    """Parallel coordinates leave out what a run has not got."""
    axes = [Axis("a"), Axis("b"), Axis("c")]
    strands = [Strand("one", (1.0, 2.0, 3.0)), Strand("two", (1.0, None, 3.0), 1)]
    drawing = draw_parallel(axes, strands, title="t")
    heights = re.findall(r'data-heights="([^"]+)"', drawing)

    assert "-" == heights[1].split()[1]
    assert 5 == drawing.count("<circle")


def test_what_comes_first_stands_left():
    """The longest way to a thing decides its column."""
    found = arrange(["d", "c", "b", "a"], [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    columns = {key: column for key, (column, _) in found.places().items() if "\0" not in key}

    assert {"a": 0, "b": 1, "c": 2, "d": 3} == columns


def test_an_edge_that_passes_a_column_has_a_place_of_its_own_there():
    """Nothing stands where a long edge passes, so that it is seen."""
    found = arrange(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    (way,) = found.ways["a", "c"]
    places = found.places()

    assert places["b"][0] == places[way][0]
    assert places["b"][1] != places[way][1]


def test_circles_are_drawn():
    """Things that rest on each other have columns, and all their edges."""
    nodes = [Node(key, key, "run") for key in "abc"]
    edges = [Edge("a", "b", "x"), Edge("b", "c", "x"), Edge("c", "a", "x"), Edge("a", "a", "x")]
    drawing = draw_graph(nodes, edges, title="t")

    assert 4 == drawing.count('<g class="edge"')
    assert 3 == drawing.count('<g class="node')


@UNHURRIED
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_every_thing_has_one_place_of_its_own(pairs):
    """Whatever leads to what, no two things share a place, and kept edges lead right."""
    keys = [str(number) for number in range(13)]
    found = arrange(keys, [(str(a), str(b)) for a, b in pairs])
    places = found.places()

    assert len(places) == len(set(places.values()))
    assert set(keys) <= places.keys()
    assert all(places[a][0] < places[b][0] for a, b in found.ways)


def test_shares_of_a_bar_are_in_proportion():
    """Each part is as long as its count; a total of nothing is no error."""
    drawing = draw_bars([Bar("a", 3), Bar("b", 1)], title="t")
    widths = re.findall(r"<rect[^>]* width=\"([^\"]+)\"", drawing)

    assert [820 * 0.75 - 2, 820 * 0.25 - 2] == [float(width) for width in widths]
    assert "0 (0.0 %)" in draw_bar_rows([Bar("a", 0)], title="t")


@pytest.mark.parametrize(
    ("value", "word"), [(1.5, "inside"), (9.0, "outside"), (math.nan, "broken")]
)
def test_a_value_is_seen_inside_or_outside_of_its_range(value, word):
    """The dot says where the value lies; NaN is a cross."""
    assert word in draw_range(1.0, 2.0, value, title="t")
