"""Reports of groups, gates, changes, bisections and anomalies."""

import pytest

from contexta.interpretation import AlertRule, AlertService, AnomalyService, ReportBuilder
from contexta.interpretation.changes import ChangeService
from contexta.interpretation.groups import GroupService
from contexta.interpretation.reports import IntervalChart

BUILDER = ReportBuilder()


def section(document, title):
    return next(item for item in document.sections if item.title == title)


def titles(document):
    return [item.title for item in document.sections]


def test_titles_and_sections(documents):
    """Each report has its title and its sections in a fixed order, completeness last."""
    found = {
        name: (documents[name].title, titles(documents[name]))
        for name in ("group", "change", "bisection", "anomaly")
    }

    assert found == {
        "group": (
            "Group Comparison Report: 10 runs vs 10 runs",
            ["Differences", "Numbers", "Groups", "Method", "Runs", "Completeness Notes"],
        ),
        "change": (
            "Change Report: loss",
            ["Changes", "Series", "Parts", "Search", "Completeness Notes"],
        ),
        "bisection": (
            "Bisection Report: loss",
            ["Change", "Differences", "Series", "Search", "Completeness Notes"],
        ),
        "anomaly": (
            "Anomaly Report: run:p.odd",
            ["Unusual", "Usual", "Completeness Notes"],
        ),
    }


def test_a_group_report_says_what_differs(documents):
    """The verdict stands beside its reason, and an interval that leaves zero out is drawn."""
    differences = section(documents["group"], "Differences")
    outcomes = {row[0]: row[1] for row in differences.tables[0].rows}
    (chart,) = differences.charts
    loss = next(row for row in chart.rows if row.label == "loss")

    assert outcomes["loss"] == "worse"
    assert isinstance(chart, IntervalChart)
    assert 0 < loss.low < loss.estimate < loss.high
    assert loss.outcome == "worse"


def test_a_metric_without_spread_is_a_gap_with_its_reason(documents):
    """A metric that does not vary cannot be drawn in standard deviations; the chart says so."""
    (chart,) = section(documents["group"], "Differences").charts
    size = next(row for row in chart.rows if row.label == "size")

    assert (size.estimate, size.note) == (None, "no spread to measure it by")
    assert "no spread to measure it by" in documents["group"].to_html()


def test_one_metric_is_drawn_in_its_own_unit(project):
    """A single metric needs no common unit, so its axis is that of its numbers."""
    ids = [f"run:p.r{i:02d}" for i in range(20)]
    comparison = GroupService(project).compare_groups(ids[:10], ids[10:], ["loss"])
    (chart,) = section(BUILDER.build_group_report(comparison), "Differences").charts

    assert chart.rows[0].estimate == comparison.metrics[0].difference
    assert chart.x_label == "right - left"


def test_groups_count_what_was_left_out(documents):
    """Runs without the metric are counted beside the mean."""
    rows = section(documents["group"], "Groups").tables[0].rows
    size = next(row for row in rows if row[:2] == ("size", "left"))

    assert (size[2], size[8]) == ("9", "1")


def test_a_gate_report_shows_each_rule_with_its_numbers(documents):
    """The verdict comes first, then every rule with what its outcome rests on."""
    document = documents["gate"]
    outcomes = [row[0] for row in section(document, "Rules").tables[0].rows]
    numbers = dict(document.sections[2].tables[0].rows)

    assert document.title == "Gate Report: fail"
    assert dict(document.highlights)["Exit code"] == "1"
    assert outcomes[:2] == ["pass", "fail"]
    assert document.sections[2].title == "Rule 2: no_regression: loss"
    assert numbers["outcome"] == "fail"
    assert {"worse by", "p adjusted", "baseline"} <= set(numbers)
    assert document.sections[2].evidence_links


def test_a_change_report_marks_the_change(documents):
    """The chart has one mark before the first run after the change, and a level on each side."""
    (chart,) = section(documents["change"], "Series").charts
    (mark,) = chart.marks

    assert mark.label.startswith("r10: ")
    # The failed run is no part of the history, so that the change lies before place 9.
    assert mark.x == 8.5
    assert mark.first <= mark.x <= mark.last
    assert [(level.first, level.last) for level in chart.levels] == [(0.0, 8.0), (9.0, 18.0)]


def test_no_change_says_what_would_have_been_seen(project):
    """A history without a change gives its reason and the shift that would have been found."""
    history = ChangeService(project).find_changes("size")
    text = section(BUILDER.build_change_report(history), "Changes").body

    assert text.startswith(f"No change was found: {history.reason}")


def test_a_bisection_report_lists_the_best_explanation_first(documents):
    """The parameter that changed with the metric comes before the seed, which always changes."""
    document = documents["bisection"]
    rows = section(document, "Differences").tables[0].rows

    assert dict(document.highlights)["First run after"] == "run:p.r10"
    assert rows[0][:4] == ("param", "optimizer", "adam", "sgd")


def test_a_bisection_without_a_change_is_reported(project):
    """Nothing found is an answer too."""
    document = BUILDER.build_bisection_report(ChangeService(project).bisect("size"))

    assert dict(document.highlights)["Found"] == "no"
    assert section(document, "Differences").body == "Nothing that was recorded differs."


def test_a_value_that_is_not_finite_is_unusual_and_a_gap(documents):
    """An infinite value has no score: its place in the chart says why."""
    unusual = section(documents["anomaly"], "Unusual")
    (row,) = [row for row in unusual.charts[0].rows if row.label == "loss"]

    assert (row.estimate, row.note) == (None, "∞: no score, the value is not finite")


def test_anomalies_of_several_runs_name_their_runs(project):
    """With one run the title names it; with several each row does."""
    service = AnomalyService(project)
    results = [
        item
        for run in ("run:p.r18", "run:p.r19")
        for item in service.detect_anomalies_in_run(run, metric_keys=["loss"])
    ]
    document = BUILDER.build_anomaly_report(results)
    rows = [row for item in document.sections[:2] for t in item.tables for row in t.rows]

    assert document.title == "Anomaly Report"
    assert {"run:p.r18", "run:p.r19"} <= {cell for row in rows for cell in row}


def test_a_fleet_of_alerts_is_reported_with_its_completeness(project):
    """The report of rules over many runs takes the whole answer, counts included."""
    answer = AlertService(project).evaluate_alerts_fleet(
        [AlertRule("loss", "gt", 1.0)], project_name="p"
    )
    document = BUILDER.build_alert_report(answer)

    assert "NaN or infinite" in dict(document.highlights)["Completeness"]


@pytest.mark.parametrize("empty", [True, False])
def test_empty_results_are_reported(project, empty):
    """No runs on a side, or no results, give a document and not an error."""
    if empty:
        document = BUILDER.build_anomaly_report([])
    else:
        document = BUILDER.build_group_report(
            GroupService(project).compare_groups([], ["run:p.r01"])
        )

    assert document.to_html(full=True).startswith("<!DOCTYPE html>")
    assert document.to_markdown().startswith("# ")


def test_a_rule_about_a_metric_that_the_run_lacks_has_not_passed(project):
    """It stands in a section of its own, and is counted so."""
    rules = [AlertRule("loss", "gt", 1e9), AlertRule("nobody_logged_this", "gt", 1.0)]
    document = BUILDER.build_alert_report(AlertService(project).evaluate_alerts("run:p.r01", rules))
    metrics = {
        part.title: [row[2] for table in part.tables for row in table.rows]
        for part in document.sections
    }

    assert metrics == {"Triggered": [], "Passed": ["loss"], "No Value": ["nobody_logged_this"]}
    assert document.highlights[:3] == (("Triggered", "0"), ("Passed", "1"), ("No value", "1"))
