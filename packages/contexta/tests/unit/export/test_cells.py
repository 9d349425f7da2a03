import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.export import Column, RowTable
from contexta.export._cells import csv_cell
from contexta.export._csv import csv_chunks
from contexta.interpretation.reports.spreadsheets import safe_cell, would_run

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

STARTS = "=+-@\t\r\n\0"
TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from(STARTS + "\x1b\u202e\"',;")), max_size=12
)


def written(rows, delimiter=","):
    table = RowTable("t", (Column("a"), Column("b", "float")), rows)
    return "".join(csv_chunks(table, delimiter=delimiter))


@UNHURRIED
@given(TEXTS)
def test_no_text_cell_begins_like_a_formula(text):
    """Text cells that start with ``= + - @``, tab, CR or NUL get an apostrophe; numbers do not."""
    (cell,) = next(csv.reader(io.StringIO(written([(text, None)]).split("\n", 1)[1], newline="")))[
        :1
    ]

    if would_run(text):
        assert cell.startswith("'")
    else:
        assert not cell.startswith(tuple("=@\t\r\n\0"))
    if text[:1] in tuple("=@\t\r\n\0"):
        assert cell.startswith("'")


@UNHURRIED
@given(TEXTS | st.floats().map(str) | st.integers().map(str))
def test_exports_and_reports_guard_the_same_cells(text):
    """One rule: what an export changes a report changes, too."""
    assert safe_cell(text).startswith("'") == csv_cell(text).startswith("'")


def test_headings_are_guarded_as_cells_are():
    """A query and a param name columns as they like."""
    table = RowTable("t", (Column("=1+1"), Column("params.-a")), [(1, 2)])

    assert "'=1+1,params.-a\n1,2\n" == "".join(csv_chunks(table))


@UNHURRIED
@given(TEXTS)
def test_no_cell_has_an_escape_or_bidi_character(text):
    """They are shown as text."""
    cell = csv_cell(text)

    assert not {"\x1b", "\r", "\0", "\u202e", "\u2028", "\x9b"} & set(cell)


@UNHURRIED
@given(st.one_of(st.floats(), st.integers()))
def test_numbers_are_written_untouched(number):
    """Also negative ones: ``str`` of the number."""
    assert str(number) == csv_cell(number)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "true"),
        (-1.5, "-1.5"),
        ("-1.5", "-1.5"),
        ("-2.5e-3", "-2.5e-3"),
        ("-12 %", "-12 %"),
        ("-1+1", "'-1+1"),
        ("-inf", "'-inf"),
        ("  =1+1", "'  =1+1"),
        ("\uff1dcmd()", "'\uff1dcmd()"),
        ("a=b", "a=b"),
        ({"b": float("nan"), "a": "x"}, '{"a":"x","b":null,"b_marker":"NaN"}'),
    ],
)
def test_cells_look_as_expected(value, shown):
    """A text that is a number is no formula, so it is not changed."""
    assert shown == csv_cell(value)


@UNHURRIED
@given(st.lists(st.tuples(TEXTS, st.none() | st.floats(allow_nan=False)), max_size=5))
def test_every_row_is_one_row_again(rows):
    """Whatever is in the cells, and with any delimiter."""
    for delimiter in ",;\t":
        found = list(
            csv.reader(io.StringIO(written(rows, delimiter), newline=""), delimiter=delimiter)
        )

        assert len(rows) + 1 == len(found)
        assert {2} == {len(row) for row in found}
