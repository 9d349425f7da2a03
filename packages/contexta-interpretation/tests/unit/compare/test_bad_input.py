"""Runs and reports that cannot be compared."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import (
    CompareService,
    ComparisonError,
    QueryService,
    ReportDocument,
    ReportSection,
    ResolutionError,
)


@pytest.fixture
def compare(make):
    """Comparisons over two runs."""
    runs = [make.run("alpha"), make.run("beta", minute=1)]
    records = [make.metric(run, "loss", 1.0) for run in runs]
    return CompareService(QueryService(make.repository(runs=runs, records=records)))


def test_an_unknown_run_names_the_nearest(compare):
    """An unknown run on either side is an error that names runs that are close."""
    with pytest.raises(ResolutionError) as caught:
        compare.compare_runs("run:p.alpha", "run:p.betta")

    assert caught.value.code == "query_run_not_found"
    assert caught.value.details["nearest"][0] == "run:p.beta"


@pytest.mark.parametrize(
    "ask",
    [
        lambda service, ids: service.compare_multiple_runs(ids),
        lambda service, ids: service.select_best_run(ids, "loss"),
    ],
)
def test_all_unknown_runs_are_reported_at_once(compare, ask):
    """Every run that cannot be found is in one error."""
    with pytest.raises(ResolutionError) as caught:
        ask(compare, ["run:p.alpha", "run:p.x", "run:p.y"])

    assert [p["run_id"] for p in caught.value.details["problems"]] == ["run:p.x", "run:p.y"]


def test_a_text_instead_of_ids_is_refused(compare):
    """One id given as text is not taken for a list of letters."""
    with pytest.raises(ComparisonError) as caught:
        compare.compare_multiple_runs("run:p.alpha")

    assert caught.value.code == "compare_invalid_run_ids"


def test_a_metric_that_no_run_has_has_no_best_run(compare):
    """Nothing to choose from gives nothing."""
    assert compare.select_best_run(["run:p.alpha", "run:p.beta"], "acc") is None


REPORT = ReportDocument("A", (ReportSection("Summary", "x"),))


@pytest.mark.parametrize(
    "other",
    [
        "text",
        None,
        7,
        [],
        {},
        {"title": "A"},
        {"title": "A", "sections": "text"},
        {"title": "A", "sections": {"Summary": "x"}},
        {"title": "A", "sections": ["text"]},
        {"title": "A", "sections": [{"body": "x"}]},
        ReportDocument,
    ],
)
def test_what_is_no_report_is_refused(compare, other):
    """A document of another shape is refused on either side."""
    for pair in ((REPORT, other), (other, REPORT)):
        with pytest.raises(ComparisonError) as caught:
            compare.compare_report_documents(*pair)
        assert caught.value.code == "compare_invalid_report_document"


def test_reports_of_different_kinds_are_noted(compare):
    """Two reports without a common section are compared, and a note says what they are."""
    other = ReportDocument("B", (ReportSection("Series", "y"),))
    found = compare.compare_report_documents(REPORT, other)

    assert found.completeness_notes[0].summary == "report_shapes_differ"
    assert [diff.section_title for diff in found.section_diffs] == ["Series", "Summary"]


def test_a_title_that_comes_twice_loses_nothing(compare):
    """Sections of one title are compared in their order."""
    left = {"title": "A", "sections": [{"title": "N", "body": "1"}, {"title": "N", "body": "2"}]}
    right = {"title": "A", "sections": [{"title": "N", "body": "1"}, {"title": "N", "body": "3"}]}
    diffs = compare.compare_report_documents(left, right).section_diffs

    assert [(d.section_title, d.changed) for d in diffs] == [("N", False), ("N (2)", True)]


@pytest.mark.parametrize(
    ("key", "values", "improved"),
    [
        ("accuracy", (0.5, 0.6), True),
        ("val_loss", (0.5, 0.6), False),
        ("latency_ms", (0.6, 0.5), True),
        ("accuracy", (float("nan"), 0.5), None),
        ("grad_norm", (0.5, 0.6), None),
    ],
)
def test_a_delta_says_whether_it_is_an_improvement(make, key, values, improved):
    """More of an accuracy is better, more of a loss is not; of others nothing is known."""
    runs = [make.run("a"), make.run("b", minute=1)]
    records = [make.metric(run, key, value) for run, value in zip(runs, values, strict=True)]
    service = CompareService(QueryService(make.repository(runs=runs, records=records)))
    (stage,) = service.compare_runs("run:p.a", "run:p.b").stage_comparisons

    assert stage.metric_deltas[0].improved is improved


def test_one_thing_instead_of_a_list_of_ids_is_refused(compare):
    """A number or a run that stands for itself is no list of ids."""
    with pytest.raises(ComparisonError, match="pass a list of ids") as caught:
        compare.compare_multiple_runs(5)

    assert caught.value.code == "compare_invalid_run_ids"


@pytest.mark.parametrize("key", [5, None, " "])
def test_a_metric_key_that_is_no_text_is_refused(compare, key):
    """The best run is asked for by the name of a metric."""
    with pytest.raises(ValidationError) as caught:
        compare.select_best_run(["run:p.alpha"], key)

    assert caught.value.code == "compare_invalid_metric_key"
