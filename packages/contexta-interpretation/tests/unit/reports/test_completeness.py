"""Reports say beside their numbers what is missing or doubtful."""

import ast
import dataclasses
from pathlib import Path

import contexta.interpretation
from contexta.interpretation import Completeness, CompletenessNote, ReportBuilder
from contexta.interpretation.meanings import explain
from contexta.interpretation.reports._snapshot import series_charts
from contexta.interpretation.reports.completeness import in_words
from contexta.interpretation.reports.notes import notes_section
from contexta.interpretation.repositories.records import MetricPoint, MetricSeries


def test_each_report_shows_its_completeness_at_the_top(document):
    """The counts stand under the title, and again in words in the last notes."""
    if document.title == "Alert Report":
        return  # each rule rests on something else, and its row says on what

    shown = dict(document.highlights)["Completeness"]
    (notes,) = [s for s in document.sections if s.title == "Completeness Notes"]

    assert shown != ""
    assert shown in notes.body


def test_every_count_has_words():
    """A count that a model gets later cannot be left out of reports silently."""
    counts = [f.name for f in dataclasses.fields(Completeness)][2:-1]
    found = Completeness(**dict.fromkeys(counts, 2))

    assert len(in_words(found).split(", ")) == len(counts)
    assert in_words(Completeness(runs=3)) == "complete"


def test_counts_and_notes_share_a_section():
    """Counts come with their meaning, what is known in words follows, then the notes."""
    found = Completeness(runs=2, records=1200, lost=1, nonfinite=3, notes=("part x is damaged",))
    section = notes_section([CompletenessNote("info", "run_open")], found)

    assert section.body.split("\n") == [
        "2 runs, 1,200 records: 3 values NaN or infinite, 1 lost record",
        "part x is damaged",
        "info: run_open",
    ]
    assert section.tables[0].caption == "Missing or doubtful in 2 runs, 1,200 records"
    assert [row[0] for row in section.tables[0].rows] == ["3", "1"]


def test_equal_notes_of_several_runs_share_a_row():
    """Twenty runs without a metric are one row that names the first three of them."""
    notes = [
        CompletenessNote("warning", "missing_metric_for_run:auc", {"run_id": f"r{i}"})
        for i in range(20)
    ]
    (row,) = notes_section(notes).tables[0].rows

    assert row[0:2] == ("warning", "missing_metric_for_run:auc")
    assert row[3] == "run id: r0, r1, r2 and 17 more"


def test_a_thinned_curve_says_so():
    """The note of a chart tells how many points are drawn and how many there are."""
    points = tuple(MetricPoint(float(i), "2026-01-31T12:00:00Z", step=i) for i in range(3))
    (chart,) = series_charts([MetricSeries("loss", None, points, 12_000)])
    (whole,) = series_charts([MetricSeries("loss", None, points, 3)])

    assert chart.note == "thinned: 3 of 12,000 points, with the ends and the extremes"
    assert whole.note == ""


def test_the_metric_table_counts_what_is_not_finite(documents):
    """Beside the mean stands how many values it does not count."""
    (metrics,) = [s for s in documents["snapshot"].sections if s.title == "Metrics"]
    table = metrics.tables[0]

    assert table.columns[-1] == "NaN or ∞"
    assert table.rows[0][-1] == "1"


def test_a_comparison_tells_which_side_lacks_what(documents):
    """A count of both sides together would not say where to look."""
    (notes,) = [s for s in documents["run"].sections if s.title == "Completeness Notes"]
    sides = next(table for table in notes.tables if table.columns[0] == "Side")

    assert [row[0] for row in sides.rows] == ["left", "right"]
    assert "open run" in sides.rows[1][3]


def test_results_built_by_hand_claim_nothing():
    """A result without counts is not called complete."""
    document = ReportBuilder().build_project_summary_report("p")

    assert "Completeness" not in dict(document.highlights)


def test_every_note_of_the_package_has_a_meaning():
    """A note that a service may give is never shown without what it means."""
    folder = Path(contexta.interpretation.__file__).parent
    unexplained = sorted(
        {
            name
            for path in folder.rglob("*.py")
            for name in _note_names(ast.parse(path.read_text(encoding="utf-8")))
            if not explain(name)
        }
    )

    assert unexplained == []


def _note_names(tree):
    """The fixed beginnings of summaries given to `CompletenessNote`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CompletenessNote":
            summary = node.args[1] if len(node.args) > 1 else None
            if isinstance(summary, ast.JoinedStr):
                summary = summary.values[0]
            if isinstance(summary, ast.Constant) and isinstance(summary.value, str):
                yield summary.value.rstrip(":").split(":")[0]
