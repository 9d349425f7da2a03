"""Results in plain words, as terminals show them."""

import pytest

from contexta.interpretation import Results, RunRecord, TrendPolicy, fragments


class Printer:
    """What IPython hands over."""

    def __init__(self):
        self.written = ""

    def text(self, text):
        self.written += text


def printed(value):
    printer = Printer()
    value._repr_pretty_(printer, False)
    return printer.written


def test_a_run_is_one_line(results):
    """What it is, its ids, what matters."""
    line = fragments.to_text(results["snapshot"])

    assert line.startswith("Run: <script>alert(1)</script>\\x1b[31m\\u202e")
    assert "\n" not in line
    assert "Status: completed" in line


def test_several_are_a_line_each(results):
    """In their order; what is left out is counted."""
    runs = results["runs"]
    lines = fragments.to_text([*runs] * 5).split("\n")

    assert 6 == len(fragments.to_text(runs).split("\n"))
    assert (21, "and 10 more") == (len(lines), lines[-1])


def test_a_report_is_markdown(results):
    """Which reads as text."""
    report = results["report"]

    assert report.to_markdown() == fragments.to_text(report)


@pytest.mark.parametrize("kind", ["snapshot", "runs", "no runs", "records", "report"])
def test_a_terminal_gets_no_command(results, kind):
    """Hidden characters are visible, also in what IPython prints."""
    text = printed(results[kind]) if kind != "records" else fragments.to_text(results[kind])

    assert not {"\x1b", "\u202e"} & set(text)


def test_what_has_no_card_prints_as_it_is():
    """A policy is its `repr`."""
    assert repr(TrendPolicy()) == printed(TrendPolicy())


def test_none_of_several_say_of_what():
    """An empty list of runs has a line too."""
    assert "Runs: 0 runs" == printed(Results((), RunRecord))


def test_the_repr_of_a_snapshot_is_short(results):
    """It counts what would fill the screen."""
    text = repr(results["snapshot"])

    assert text.endswith("status='completed', stages=0, artifacts=1, metrics=2, records=7)")


def test_a_report_can_become_markdown(results):
    """Where a notebook is turned into Markdown, its reports are."""
    report = results["report"]

    assert report.to_markdown() == report._repr_markdown_()
