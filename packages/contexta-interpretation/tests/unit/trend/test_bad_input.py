"""Trends of what does not exist, and values that make no sense."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import QueryService, ResolutionError, TrendService


@pytest.fixture
def trend(make):
    """Trends over two runs with one metric in one stage and one artifact."""
    runs = [make.run("a"), make.run("b", minute=1)]
    repository = make.repository(
        runs=runs,
        stages=[make.stage(run, "train") for run in runs],
        records=[make.metric(run, "accuracy", 0.5, stage="train") for run in runs],
        artifacts=[make.artifact(run, "m", "model", size_bytes=1) for run in runs],
    )
    return TrendService(QueryService(repository))


def last_note(found):
    """The note added last."""
    return found.completeness_notes[-1]


def test_a_metric_that_no_run_has_names_the_nearest(trend):
    """No points, and a note with the keys that are close."""
    found = trend.get_metric_trend("acuracy")

    assert found.points == ()
    assert last_note(found).summary == "metric_unknown:acuracy"
    assert list(last_note(found).details["nearest"]) == ["accuracy"]


def test_a_stage_that_no_run_has_names_the_nearest(trend):
    """An unknown stage never falls back to all stages; the note names the close ones."""
    found = trend.get_metric_trend("accuracy", stage_name="trian")

    assert found.points == ()
    assert list(last_note(found).details["nearest_stages"]) == ["train"]


def test_a_project_that_does_not_exist_names_the_nearest(trend):
    """No runs give an empty trend, and a note with the projects that are close."""
    found = trend.get_metric_trend("accuracy", project_name="P")

    assert last_note(found).summary == "trend_population_empty"
    assert list(last_note(found).details["nearest"]) == ["p"]


def test_a_stage_without_durations_names_the_nearest(trend):
    """A stage that no run has is said once for all runs."""
    found = trend.get_stage_duration_trend("trains")

    assert last_note(found).summary == "stage_unknown:trains"
    assert list(last_note(found).details["nearest"]) == ["train"]


def test_an_artifact_kind_that_no_run_has_names_the_nearest(trend):
    """A kind that no run has is said once for all runs."""
    found = trend.get_artifact_size_trend("models")

    assert last_note(found).summary == "artifact_kind_unknown:models"
    assert list(last_note(found).details["nearest"]) == ["model"]


def test_a_curve_of_an_unknown_metric_names_the_nearest(trend):
    """No points, and a note with the keys that are close."""
    found = trend.get_step_series("run:p.a", "acc")

    assert list(last_note(found).details["nearest"]) == ["accuracy"]


def test_a_curve_of_an_unknown_stage_is_refused(trend):
    """An unknown stage is an error that names the stages of the run."""
    with pytest.raises(ResolutionError) as caught:
        trend.get_step_series("run:p.a", "accuracy", stage_name="nope")

    assert caught.value.code == "query_stage_not_found"
    assert list(caught.value.details["candidates"]) == ["train"]


def test_a_curve_of_an_unknown_run_names_the_nearest(trend):
    """An unknown run is an error that names runs that are close."""
    with pytest.raises(ResolutionError) as caught:
        trend.get_step_series("run:p.aa", "accuracy")

    assert caught.value.code == "query_run_not_found"
    assert "run:p.a" in caught.value.details["nearest"]


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda t: t.get_metric_trend(" "), "trend_invalid_metric_key"),
        (lambda t: t.get_metric_trend(None), "trend_invalid_metric_key"),
        (lambda t: t.get_step_series("run:p.a", ""), "trend_invalid_metric_key"),
        (lambda t: t.get_stage_duration_trend(""), "trend_invalid_stage_name"),
        (lambda t: t.get_artifact_size_trend(7), "trend_invalid_artifact_kind"),
        (
            lambda t: t.get_step_series("run:p.a", "accuracy", max_points=0),
            "trend_invalid_max_points",
        ),
        (
            lambda t: t.get_step_series("run:p.a", "accuracy", max_points=True),
            "trend_invalid_max_points",
        ),
    ],
)
def test_values_that_make_no_sense_are_refused(trend, ask, code):
    """Blank names and impossible numbers are refused with a stable code."""
    with pytest.raises(ValidationError) as caught:
        ask(trend)

    assert caught.value.code == code
