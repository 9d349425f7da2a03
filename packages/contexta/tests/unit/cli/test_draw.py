import math

import pytest

from contexta.cli._draw import (
    Column,
    Curve,
    Node,
    Pen,
    Styled,
    facts,
    note_lines,
    sparkline,
    status,
    table,
    tree,
)
from contexta.cli._plot import plot
from contexta.cli._text import one_line, padded, shortened, width_of, wrapped
from contexta.cli._values import ago, duration, elapsed, moment, number, percent, signed, size

PLAIN = Pen()
COLOR = Pen(color=True, person=True)
ROWS = [("run:lab.night-0001", "completed", 0.123456789, "a rather long name of a run")]
COLUMNS = [Column("RUN", middle=True), "STATUS", Column("LOSS", right=True), "NAME"]


def test_a_table_is_as_wide_as_its_cells_when_nobody_cuts_lines():
    """Text stands left, numbers right, with six significant digits."""
    assert [
        "RUN                 STATUS         LOSS  NAME",
        "run:lab.night-0001  completed  0.123457  a rather long name of a run",
    ] == table(COLUMNS, ROWS, PLAIN)


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80, 140])
def test_a_table_fits_the_terminal(width):
    """No line is longer, whatever the width."""
    lines = table(COLUMNS, ROWS, Pen(width=width))

    assert max(width_of(line) for line in lines[:2]) <= width


def test_right_columns_are_shortened_first():
    """The name gives way, the id and the number stay whole."""
    line = table(COLUMNS, ROWS, Pen(width=60))[1]

    assert line == "run:lab.night-0001  completed  0.123457  a rather long name…"


@pytest.mark.parametrize("width", [70, 60, 50, 45])
def test_a_time_is_whole_or_the_column_is_named_as_left_out(width):
    """Half a time says nothing; other columns give way."""
    pen = Pen(width=width)
    rows = [("run:p." + "x" * 40, pen.when("2026-11-20T02:00:00.000000Z"), "a name of some length")]
    lines = table([Column("RUN", middle=True), "STARTED", "NAME"], rows, pen)

    assert "2026-11-20T02:00:00.000000Z" in lines[1]
    assert all(len(line) <= max(width, 60) for line in lines)
    assert ("NAME" in lines[0]) != ("no room for: name" in lines[-1])


def test_ids_are_cut_in_the_middle():
    """Their ends tell them apart."""
    lines = table(
        [Column("RUN", middle=True), "NAME"], [("run:lab." + "x" * 60 + "7", "n")], Pen(width=40)
    )

    assert lines[1].split()[0].endswith("x7")
    assert "…" in lines[1]


def test_a_column_without_room_is_named():
    """Nothing disappears in silence."""
    columns = [Column(f"NUMBER{place}", right=True) for place in range(8)]

    lines = table(columns, [[place / 7 for place in range(8)]], Pen(width=40))

    assert lines[-1] == ("(no room for: number4, number5, number6, number7; --format json has all)")


@pytest.mark.parametrize("width", [40, 60, 80])
def test_names_that_people_copy_are_whole_while_another_column_can_go(width):
    """They come back as an argument; half of one names nothing."""
    name = "deploy-" + "x" * 17
    rows = [(name, "run:lab." + "y" * 40, "a project with a long name")]

    lines = table(
        [Column("NAME", keep=True), Column("RUN", middle=True), "P"], rows, Pen(width=width)
    )

    assert lines[1].split()[0] == name


def test_an_endless_name_leaves_room_for_others():
    """It is no name that anybody types."""
    columns = [Column("NAME", keep=True), "STATUS"]

    line = table(columns, [("x" * 300, "completed")], Pen(width=80))[1]

    assert line == f"{'x' * 68}…  completed"


def test_a_long_last_cell_goes_on_below_where_asked():
    """The words stay whole."""
    lines = table(["KEY", Column("TEXT", wrap=True)], [("k", "one two three " * 5)], Pen(width=40))

    assert lines[1:3] == [
        "k    one two three one two three one two",
        "     three one two three one two three",
    ]


def test_wide_and_combining_letters_keep_columns_aligned():
    """Two cells for a wide letter, none for an accent of its own."""
    lines = table(["A", "B"], [("温度", 1), ("e\u0301", 2), ("abcd", 3)], PLAIN)

    assert [width_of(line) for line in lines] == [7, 7, 7, 7]


def test_color_is_around_the_text_and_no_part_of_its_width():
    """Padding is not colored."""
    lines = table(["S", "N"], [(Styled("ok", "good"), 1), ("longer", 2)], COLOR)

    assert lines[1] == "\x1b[32mok\x1b[0m      1"


@pytest.mark.parametrize(
    ("word", "shown"),
    [("completed", "✓ completed"), ("failed", "✗ failed"), ("open", "● open"), ("new", "new")],
)
def test_a_status_is_a_sign_and_a_word(word, shown):
    """Color is never alone; a program gets the bare word."""
    assert (status(word, COLOR).text, status(word, PLAIN).text) == (shown, word)


def test_facts_stand_below_each_other():
    """What is not known is left out."""
    assert facts([("Run", "r"), ("Code", None), ("Status", "ok")], PLAIN) == [
        "Run:    r",
        "Status: ok",
    ]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([1.0, math.nan, 2.0], "▁✗█"),
        ([1.0, None, math.inf, 2.0], "▁✗✗█"),
        ([5.0, 5.0], "▄▄"),
        ([math.nan], "✗"),
        ([], ""),
        ([-1.7e308, 1.7e308], "▁█"),
    ],
)
def test_a_sparkline_marks_what_is_not_finite(values, line):
    """A gap is seen, not drawn over."""
    assert sparkline(values, PLAIN) == line


def test_a_sparkline_does_without_unicode():
    """A terminal of ASCII gets ASCII."""
    assert sparkline([0.0, math.nan, 7.0], Pen(fancy=False)) == "_x#"


def test_a_curve_in_a_table_is_as_wide_as_there_is_room():
    """It is drawn anew, not cut."""
    lines = table(["K", "CURVE"], [("k" * 25, Curve(list(range(100))))], Pen(width=40))

    assert width_of(lines[1]) == 40
    assert lines[1].endswith("█")


def test_a_tree_shows_its_branches():
    """Deep ones too: more levels than Python has frames is no problem."""
    root = Node("a", [Node("b", [Node(["c", Styled("x", "dim")])]), Node("d")])
    deep = Node("0")
    for place in range(1200):
        deep = Node(str(place), [deep])

    assert tree([root], PLAIN) == ["a", "├─ b", "│  └─ c x", "└─ d"]
    assert len(tree([deep], PLAIN)) == 1201


def test_notes_are_words_and_equal_ones_are_counted():
    """A code such as missing_metric_for_run:loss is no sentence for a person."""
    notes = ["missing_metric_for_run:loss", "missing_metric_for_run:loss", "run_open"]

    assert note_lines(notes, PLAIN) == [
        "Note: a run has no value of this metric: loss (2 times)",
        "Note: the run has not been closed; numbers can still change",
    ]
    assert note_lines([f"note_{place}" for place in range(9)], PLAIN)[-1] == (
        "Note: 6 more; --format json has all"
    )


def test_a_long_note_goes_on_below():
    """The end of a sentence says as much as its start."""
    lines = note_lines(["run_interrupted"], Pen(width=60))

    assert lines == [
        "Note: the process ended without closing the run; its last",
        "      moments may be missing",
    ]


def test_a_plot_marks_gaps_below_the_axis():
    """The picture has as many lines as asked for, an axis, its ends, and the marks."""
    points = [(step, math.nan if step == 5 else step) for step in range(11)]

    lines = plot(points, Pen(width=40), height=4)

    assert lines[0].lstrip().startswith("10 │")
    assert "✗" in lines[4]
    assert lines[5].split() == ["0", "10"]
    assert lines[6].strip() == "✗ not finite"
    assert plot([(0, math.nan)], PLAIN) == ["no finite value to draw"]


def test_values_are_said_in_ascii_and_without_separators():
    """A program that reads a pipe finds each in one column."""
    assert ["1234567", "inf", "-"] == [number(value) for value in (1234567.0, math.inf, None)]
    assert ("1.5 KiB", "12 min 5 s") == (size(1536), duration(725))
    assert ("+0.5", "+3.10%") == (signed(0.5), percent(0.031))
    assert "2026-01-31 12:00:00Z" == moment("2026-01-31T12:00:00.123456Z")
    assert "3.5 s" == elapsed("2026-01-31T12:00:00Z", "2026-01-31T12:00:03.500000Z")
    assert "30 s ago" == ago("2026-01-31T11:59:30Z", 1769860800.0)


def test_texts_are_cut_by_cells():
    """A wide letter is not cut in two."""
    assert shortened("温度計", 4) == "温…"
    assert shortened("abcdefghijkl", 8, middle=True) == "abc…ijkl"
    assert padded("温", 4, right=True) == "  温"
    assert wrapped("x" * 12, 5) == ["xxxxx", "xxxxx", "xx"]
    assert wrapped("a b c d e f", 3, most=2) == ["a b", "c …"]
    assert len(one_line("n" * 10_000)) == 200
