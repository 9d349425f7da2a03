"""The repository over real stores."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import (
    MetricCondition,
    ResolutionError,
    RunListQuery,
    TimeRange,
    TrendService,
    protocols,
)


def names(runs):
    return [run.run_id for run in runs]


def test_it_has_every_protocol(space):
    """The repository has the basic methods and every optional capability."""
    wanted = [getattr(protocols, name) for name in protocols.__all__]

    assert [p.__name__ for p in wanted if not isinstance(space.repository, p)] == []


@pytest.mark.parametrize("text", ["run:p.r1", "p.r1", "r1", "First run", " r1 "])
def test_a_run_has_many_names(space, text):
    """Ref, project.run, short id and unique name all resolve to the same run."""
    space.run("run:p.r1", name="First run")

    assert space.query.require_run(text).run_id == "run:p.r1"


def test_an_ambiguous_name_lists_the_candidates(space):
    """A short id in two projects, or a name of two runs, is an error that lists both."""
    space.run("run:p.r1", name="same")
    space.run("run:q.r1", name="same")
    for text in ("r1", "same"):
        with pytest.raises(ResolutionError) as caught:
            space.query.get_run_snapshot(text)

        assert caught.value.code == "query_run_ambiguous"
        assert caught.value.details["candidates"] == ["run:p.r1", "run:q.r1"]


def test_an_unknown_name_lists_the_nearest(space):
    """An unknown run names close ones, also in list methods, where it is a lookup error."""
    space.run("run:p.train-resnet")
    with pytest.raises(ResolutionError) as caught:
        space.query.get_run_snapshot("train-resent")
    with pytest.raises(LookupError):
        space.repository.list_stages("train-resent")
    with pytest.raises(ValidationError):
        space.query.get_run_snapshot("run:no ref")

    assert caught.value.details["nearest"] == ["run:p.train-resnet"]
    assert space.repository.get_run("absent") is None
    assert space.repository.list_stages("run:p.absent") == ()


def test_listing_filters_in_the_database(space):
    """Filters, order and pages give the same runs as filtering in memory."""
    for i in range(6):
        space.run(
            f"run:p.r{i}",
            minute=i,
            status="failed" if i == 3 else "completed",
            params={"lr": 0.1 * (i % 2), "opt": "adam"},
            tags={"team": "x" if i < 4 else "y"},
            dataset_ref="d1",
            code_revision="abc",
        )
    space.run("run:q.z", minute=2.5)
    ask = lambda **fields: names(space.query.list_runs(query=RunListQuery(**fields)))  # noqa: E731

    assert names(space.query.list_runs("Project P")) == [f"run:p.r{i}" for i in range(6)]
    assert names(space.query.list_runs("project:p")) == names(space.query.list_runs("p"))
    assert ask(status="failed") == ["run:p.r3"]
    assert ask(params={"lr": 0.1}, tags={"team": "x"}) == ["run:p.r1", "run:p.r3"]
    assert ask(time_range=TimeRange(space.at(2), space.at(3))) == [
        "run:p.r2",
        "run:q.z",
        "run:p.r3",
    ]
    assert ask(sort_desc=True, limit=2, offset=1) == ["run:p.r4", "run:p.r3"]
    assert ask(project_name="p", sort_by="ended_at", limit=1) == ["run:p.r0"]
    assert ask(run_ids=("r5", "p.r1", "absent")) == ["run:p.r1", "run:p.r5"]
    assert ask(project_name="nobody") == []
    assert space.repository.get_run("r3").dataset_ref == "d1"


def test_hostile_filter_text_is_only_text(space):
    """Quotes and SQL in filters match nothing and harm nothing; a status is one of a few."""
    space.run("run:p.r1")
    text = "x'; DROP TABLE runs; --"
    query = RunListQuery(
        name=text,
        tags={text: text},
        params={text: text},
        metric_conditions=(MetricCondition(text, "gt", 0),),
    )

    assert space.query.list_runs(query=query) == ()
    with pytest.raises(ValidationError, match="metadata_unknown_status"):
        space.query.list_runs(query=RunListQuery(status=text))
    assert names(space.query.list_runs()) == ["run:p.r1"]


def test_metric_conditions_and_order_use_the_latest_value(space):
    """The latest value decides, on the run itself or in a stage."""
    for i, value in enumerate((0.3, 0.1, 0.2)):
        run = space.run(f"run:p.r{i}", minute=i)
        space.points(run, "loss", [9.0, value])
    query = RunListQuery(metric_conditions=(MetricCondition("loss", "lte", 0.2),))

    assert names(space.query.list_runs(query=query)) == ["run:p.r1", "run:p.r2"]
    assert names(space.query.list_runs(query=RunListQuery(sort_by="metric:loss", limit=2))) == [
        "run:p.r1",
        "run:p.r2",
    ]


def test_an_open_run_answers_at_once(space):
    """Points of a run that is open are visible before anything is sealed or closed."""
    run = space.run("run:p.live", status="open")
    space.points(run, "loss", [0.5, 0.25])
    snapshot = space.query.get_run_snapshot("live")
    series = TrendService(space.query).get_step_series("live", "loss")

    assert snapshot.completeness_notes == ("run_open",)
    assert [(p.step, p.value) for p in series.points] == [(0, 0.5), (1, 0.25)]


@pytest.mark.parametrize("value", [5, None, b"a"])
def test_an_id_that_is_no_text_is_refused_in_words(space, value):
    """A number for a run, stage, batch or artifact gives a coded error, as an unknown name does."""
    run, rows = space.run("run:p.a"), space.repository
    asked = {
        "query_run_not_found": [rows.get_run, rows.list_stages, rows.list_batches],
        "query_artifact_not_found": [rows.get_artifact],
    }
    if value is not None:  # None is no filter there
        asked["query_stage_not_found"] = [lambda value: rows.list_batches(run, value)]
        asked["query_batch_not_found"] = [lambda value: rows.list_samples(run, None, value)]
    for code, calls in asked.items():
        for call in calls:
            with pytest.raises(ResolutionError, match="no text") as caught:
                call(value)

            assert caught.value.code == code
