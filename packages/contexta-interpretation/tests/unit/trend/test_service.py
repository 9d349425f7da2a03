"""Trends over runs and curves inside one."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import (
    QueryService,
    ResolutionError,
    RunListQuery,
    TrendPolicy,
    TrendService,
)


@pytest.fixture
def fleet(make):
    """Five runs of one project with a score each, 1 to 5, the last one without."""
    runs = [make.run(f"r{i}", minute=i, params={"place": -i}) for i in range(1, 6)]
    records = [make.metric(run, "score", float(i)) for i, run in enumerate(runs[:4], start=1)]
    return runs, records


def trend(make, fleet, window=20):
    runs, records = fleet
    repository = make.repository(runs=runs, records=records)
    return TrendService(QueryService(repository), config=TrendPolicy(window))


def test_trend_is_oldest_first_and_names_what_is_missing(make, fleet):
    """Points follow the runs; a run without the metric gives a note, never a zero."""
    result = trend(make, fleet).get_metric_trend("score", project_name="p")

    assert result.values == (1.0, 2.0, 3.0, 4.0)
    assert result.project_name == "p"
    assert [n.summary for n in result.completeness_notes] == ["missing_metric_for_run:score"]
    assert result.points[0].evidence_links[-1].kind == "record"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (None, (3.0, 4.0)),
        (RunListQuery(sort_desc=True), (4.0, 3.0)),
        (RunListQuery(limit=4), (2.0, 3.0, 4.0)),
        (RunListQuery(limit=2, offset=1), (3.0, 4.0)),
        (RunListQuery(sort_by="param:place"), (4.0, 3.0)),
        (RunListQuery(sort_by="param:place", sort_desc=True), (3.0, 4.0)),
    ],
)
def test_window_holds_the_newest_runs_in_every_order(make, fleet, query, expected):
    """The window is taken by time, whatever order or limit is asked for."""
    result = trend(make, fleet, window=3).get_metric_trend("score", query=query)

    assert result.values == expected


def test_mixed_projects_have_no_label(make):
    """A trend over several projects is labeled with none of them, and says so."""
    runs = [make.run("a"), make.run("b", project="q")]
    records = [make.metric(run, "score", 1.0) for run in runs]
    result = trend(make, (runs, records)).get_metric_trend("score")

    assert result.project_name is None
    assert result.completeness_notes[0].summary == "projects_mixed"


def test_series_keeps_steps_and_never_mixes_stages(make):
    """A curve has the logged steps of one stage; the choice among stages is said."""
    run = make.run("r")
    records = [
        make.metric(run, "loss", 0.9, stage="train", step=10),
        make.metric(run, "loss", 0.8, stage="train", step=20),
        make.metric(run, "loss", 0.7, stage="eval", step=20),
    ]
    stages = [make.stage(run, "train"), make.stage(run, "eval")]
    service = TrendService(
        QueryService(make.repository(runs=[run], records=records, stages=stages))
    )
    chosen = service.get_step_series(run.run_id, "loss")
    asked = service.get_step_series(run.run_id, "loss", stage_name="train")
    by_id = service.get_step_series(run.run_id, "loss", stage_id=stages[0].stage_id)
    with pytest.raises(ResolutionError) as caught:
        service.get_step_series(run.run_id, "loss", stage_name="tarin")

    assert [(p.step, p.value) for p in chosen.points] == [(20, 0.7)]
    assert chosen.completeness_notes[0].summary == "metric_in_several_stages:loss"
    assert [(p.step, p.value) for p in asked.points] == [(10, 0.9), (20, 0.8)]
    assert by_id == asked
    assert caught.value.details["candidates"] == ["train", "eval"]


def test_series_without_steps_takes_positions_by_instant(make):
    """Points without a step are ordered by when they were observed, and counted from 0."""
    run = make.run("r")
    records = [
        make.metric(run, "loss", 2.0, observed_at="2026-01-31T12:00:00.5Z"),
        make.metric(run, "loss", 1.0, observed_at="2026-01-31T12:00:00Z"),
    ]
    service = TrendService(QueryService(make.repository(runs=[run], records=records)))
    series = service.get_step_series(run.run_id, "loss")
    empty = service.get_step_series(run.run_id, "absent")

    assert [(p.step, p.value) for p in series.points] == [(0, 1.0), (1, 2.0)]
    assert [n.summary for n in series.completeness_notes] == ["steps_assumed:loss"]
    assert [n.summary for n in empty.completeness_notes] == ["step_series_empty:absent"]


def test_thinned_series_keeps_the_spike(make):
    """Thinning keeps the ends and the extremes, and says how many points there are."""
    run = make.run("r")
    records = [make.metric(run, "loss", 99.0 if s == 57 else 1.0, step=s) for s in range(200)]
    service = TrendService(QueryService(make.repository(runs=[run], records=records)))
    series = service.get_step_series(run.run_id, "loss", max_points=20)
    steps = [point.step for point in series.points]

    assert len(steps) <= 20
    assert {0, 57, 199} <= set(steps)
    assert series.total_points == 200


def test_stage_durations_and_artifact_sizes(make):
    """Durations are seconds, sizes bytes; what is unknown gives a note."""
    runs = [make.run("a"), make.run("b", minute=1), make.run("c", minute=2)]
    stages = [
        make.stage(runs[0], "train", started_at=make.at(0), ended_at=make.at(1, 0.5)),
        make.stage(runs[1], "train", status="open", started_at=make.at(0)),
    ]
    artifacts = [
        make.artifact(runs[0], "m", "model", size_bytes=10),
        make.artifact(runs[1], "m", "model"),
    ]
    service = TrendService(
        QueryService(make.repository(runs=runs, stages=stages, artifacts=artifacts))
    )
    durations = service.get_stage_duration_trend("train")
    sizes = service.get_artifact_size_trend("model")

    assert [p.duration_seconds for p in durations.points] == [60.5]
    assert [n.summary for n in durations.completeness_notes] == [
        "stage_duration_unavailable:train",
        "missing_stage_for_duration:train",
    ]
    assert [p.size_bytes for p in sizes.points] == [10]
    assert [n.summary for n in sizes.completeness_notes] == [
        "artifact_size_unavailable:model",
        "missing_artifact_kind:model",
    ]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"default_window_runs": 0}, "trend_invalid_window_runs"),
        ({"metric_aggregation": "sum"}, "trend_invalid_metric_aggregation"),
    ],
)
def test_bad_policies_are_refused(fields, code):
    """A policy that cannot mean anything is refused."""
    with pytest.raises(ValidationError) as caught:
        TrendPolicy(**fields)

    assert caught.value.code == code
