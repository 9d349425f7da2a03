"""Listing runs and loading one, over any repository."""

import math

import pytest

from contexta.contract.errors import InterpretationError, NotFoundError
from contexta.interpretation import (
    ArtifactRecord,
    MetricCondition,
    QueryService,
    ResolutionError,
    RunListQuery,
    TimeRange,
)


@pytest.fixture
def runs(make):
    """Three runs of one project, a minute apart, given out of order."""
    return [
        make.run("b", minute=2, status="failed", tags={"team": "x"}, params={"lr": 0.1}),
        make.run("a", minute=1, tags={"team": "x"}, params={"lr": 1}),
        make.run("c", minute=3, tags={"team": "y"}, params={"lr": 0.1}),
    ]


def names(found):
    return [run.name for run in found]


def test_runs_are_listed_oldest_first_in_every_way_of_asking(make, runs):
    """With and without filters the oldest run comes first unless asked otherwise."""
    service = QueryService(make.repository(runs=runs))
    plain = service.list_runs("p")
    queried = service.list_runs("p", query=RunListQuery(tags={"team": "x"}))
    newest = service.list_runs("p", query=RunListQuery(sort_desc=True, limit=1))

    assert [names(plain), names(queried), names(newest)] == [["a", "b", "c"], ["a", "b"], ["c"]]


def test_filters_combine(make, runs):
    """All filters must hold; numbers of parameters compare as numbers."""
    service = QueryService(make.repository(runs=runs))

    def ask(**fields):
        return names(service.list_runs(query=RunListQuery(**fields)))

    assert ask(status="failed") == ["b"]
    assert ask(params={"lr": 1.0}) == ["a"]
    assert ask(params={"lr": 0.1}, tags={"team": "y"}) == ["c"]
    assert ask(time_range=TimeRange(make.at(2), make.at(3))) == ["b", "c"]
    assert ask(run_ids=("run:p.c",)) == ["c"]
    assert ask(sort_by="name", offset=1, limit=1) == ["b"]


def test_time_filter_compares_instants(make):
    """Half a second past a whole second lies after it, whatever the text looks like."""
    runs = [
        make.run("whole", started_at="2026-01-31T12:00:00Z"),
        make.run("half", started_at="2026-01-31T12:00:00.5Z"),
    ]
    service = QueryService(make.repository(runs=runs))
    query = RunListQuery(time_range=TimeRange(started_after="2026-01-31T12:00:00.4Z"))

    assert names(service.list_runs(query=query)) == ["half"]


def test_metric_condition_uses_the_latest_value(make, runs):
    """The value observed last counts; runs without the metric are left out."""
    records = [
        make.metric(runs[0], "loss", 0.1, observed_at="2026-01-31T12:00:00.5Z"),
        make.metric(runs[0], "loss", 0.9, observed_at="2026-01-31T12:00:00Z"),
        make.metric(runs[1], "loss", 0.9),
    ]
    service = QueryService(make.repository(runs=runs, records=records))
    query = RunListQuery(metric_conditions=(MetricCondition("loss", "lt", 0.5),))

    assert names(service.list_runs(query=query)) == ["b"]


def test_run_level_value_wins_over_stages(make, runs):
    """Without a stage name, the run's own value decides; with one, the stage's."""
    records = [
        make.metric(runs[0], "loss", 0.1),
        make.metric(runs[0], "loss", 0.9, stage="train"),
    ]
    service = QueryService(make.repository(runs=runs, records=records))

    def ask(stage):
        condition = MetricCondition("loss", "lt", 0.5, stage)
        return names(service.list_runs(query=RunListQuery(metric_conditions=(condition,))))

    assert (ask(None), ask("train"), ask("absent")) == (["b"], [], [])


def test_runs_sort_by_metric_with_missing_values_last(make, runs):
    """Runs order by the latest value of a metric; those without one or with NaN come last."""
    records = [
        make.metric(runs[0], "score", 0.5),
        make.metric(runs[1], "score", math.nan),
        make.metric(runs[2], "score", 0.7),
    ]
    service = QueryService(make.repository(runs=runs, records=records))

    def ask(**fields):
        return names(service.list_runs(query=RunListQuery(sort_by="metric:score", **fields)))

    assert (ask(sort_desc=True), ask(limit=2)) == (["c", "b", "a"], ["b", "c"])


def test_a_run_that_looks_like_nothing_leads_to_the_list(make, runs):
    """Where no name is near, the message says where all of them are."""
    with pytest.raises(ResolutionError) as caught:
        QueryService(make.repository(runs=runs)).require_run("zzqqzzqq")

    assert caught.value.message == (
        "run 'zzqqzzqq' not found; no run looks like it, see list_runs()"
    )


def test_unknown_run_names_the_nearest(make, runs):
    """An unknown run is an interpretation error and a lookup error, with candidates."""
    service = QueryService(make.repository(runs=runs))
    with pytest.raises(ResolutionError, match="not found") as caught:
        service.get_run_snapshot("run:p.d")

    assert caught.value.code == "query_run_not_found"
    assert caught.value.details["run_id"] == "run:p.d"
    assert "run:p.a" in caught.value.details["nearest"]
    assert isinstance(caught.value, InterpretationError)
    assert isinstance(caught.value, NotFoundError)
    assert isinstance(caught.value, LookupError)


def test_snapshot_notes_count_what_is_wrong(make):
    """Notes count degraded records and values that are not finite, and say how a run ended."""
    run = make.run("r", status="interrupted")
    records = [
        make.metric(run, "loss", 1.0, stage="train"),
        make.metric(run, "loss", math.nan, stage="train"),
        make.event(run, "gap", degradation_marker="capture_gap"),
    ]
    repository = make.repository(
        runs=[run], records=records, stages=[make.stage(run, "train"), make.stage(run, "empty")]
    )
    snapshot = QueryService(repository).get_run_snapshot(run.run_id)

    assert snapshot.completeness_notes == (
        "run_interrupted",
        "degraded_records:1",
        "nonfinite_values:train/loss:1",
        "missing_stage_records:empty",
    )


def test_snapshot_of_an_ordinary_run_has_no_notes(make):
    """A run without deployments, batches, samples or artifacts lacks nothing."""
    run = make.run("r")
    repository = make.repository(runs=[run], records=[make.metric(run, "loss", 1.0)])

    assert QueryService(repository).get_run_snapshot(run.run_id).completeness_notes == ()


def test_snapshot_summarizes_metrics_and_curves(make):
    """A snapshot carries one summary per stage and metric, and the curves in step order."""
    run = make.run("r", status="open", ended_at=None)
    records = [make.metric(run, "loss", v, step=s) for s, v in ((2, 0.2), (1, 0.4), (3, 0.1))]
    snapshot = QueryService(make.repository(runs=[run], records=records)).get_run_snapshot(
        run.run_id
    )
    (row,) = snapshot.metrics
    (series,) = snapshot.series

    assert (row.count, row.last, row.minimum, row.maximum, row.last_step) == (3, 0.1, 0.1, 0.4, 3)
    assert [point.step for point in series.points] == [1, 2, 3]
    assert snapshot.completeness_notes == ("run_open",)


def test_artifact_origin(make):
    """An artifact leads to its run; an unknown one to nothing; a lost run is an error."""
    run = make.run("r")
    known = make.artifact(run, "model", "model_bundle")
    orphan = ArtifactRecord("artifact:p.x.model", "run:p.x", None, "model_bundle")
    service = QueryService(make.repository(runs=[run], artifacts=[known, orphan]))
    with pytest.raises(InterpretationError) as caught:
        service.get_artifact_origin(orphan.artifact_ref)

    assert service.get_artifact_origin(known.artifact_ref).run == run
    assert service.get_artifact_origin("artifact:p.r.none") is None
    assert caught.value.code == "query_artifact_origin_incomplete"
