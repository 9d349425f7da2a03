"""Lists that metrics decide, from the index, say what reading every run says."""

import math
from dataclasses import replace
from itertools import product

import pytest

from contexta.interpretation import (
    CompositeStoreRepository,
    MetricCondition,
    QueryService,
    RunListQuery,
    TimeRange,
)
from contexta.interpretation.query.metrics import (
    AGGREGATIONS,
    aggregated,
    by_run,
    metric_summaries,
    pick_summary,
)
from contexta.interpretation.testing import InMemoryRepository
from contexta.store.artifacts import ArtifactStore, ArtifactStoreConfig


@pytest.fixture
def mixed(space):
    """Runs with values of their own, of stages, of both, of none, NaN and infinities."""
    for number in range(24):
        ref = space.run(f"run:p.r{number:02}", number // 3, params={"lr": number % 4})
        if number % 5 == 0:
            continue
        if number % 2:
            space.points(ref, "acc", [number % 7, math.nan if number % 9 == 0 else number % 6])
        if number % 3 == 0:
            for position, name in enumerate(("train", "eval")):
                stage = space.stage(ref, name)
                start = 10_000 * ((number + position) % 2)
                space.points(ref, "acc", [number % 8 + position], stage=stage, start=start)
    space.points("run:p.r00", "acc", [math.inf])
    return space


@pytest.fixture
def plain(mixed):
    """The same runs in a repository with the basic methods only."""
    runs = mixed.query.list_runs()
    records = [r for run in runs for r in mixed.repository.list_records(run_id=run.run_id)]
    return QueryService(InMemoryRepository(runs=runs, records=records))


@pytest.mark.parametrize("sealed", [False, True])
def test_values_are_those_of_the_summaries(mixed, sealed):
    """One question for all runs gives what the rule gives for each, sealed or not."""
    if sealed:
        mixed.records.seal()
    ids = mixed.query.list_run_ids()
    rows = by_run(metric_summaries(mixed.repository, ids, ["acc"]))
    for stage, aggregation in product((None, "train", "Eval", "none"), AGGREGATIONS):
        picked = {run_id: pick_summary(own, stage) for run_id, own in rows.items()}
        found = {k: aggregated(row, aggregation) for k, row in picked.items() if row is not None}
        wanted = {key: found[key] for key in ids if found.get(key) is not None}
        how = {"stage_name": stage, "aggregation": aggregation}
        few = mixed.query.run_values("acc", run_ids=ids[3:5], **how)

        assert repr(sorted(mixed.query.run_values("acc", **how).items())) == repr(
            sorted(wanted.items())
        )
        assert repr(few) == repr({key: wanted[key] for key in ids[3:5] if key in wanted})


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"params": {"lr": 3}},
        {"metric_conditions": (MetricCondition("acc", "gt", 1, "train"),)},
        {"where": "params.lr > 1"},
    ],
)
def test_the_best_are_the_first_of_the_whole_list(mixed, plain, more):
    """Ties are in the order of start, runs without a value come last, wherever the cut is."""
    for descending, limit, offset in product((False, True), (None, 1, 3, 12, 100), (0, 2)):
        cut = {"limit": limit, "offset": offset}
        asked = RunListQuery(sort_by="metric:acc", sort_desc=descending, **cut, **more)
        wanted = [run.run_id for run in plain.list_runs(query=asked)]

        assert [run.run_id for run in mixed.query.list_runs(query=asked)] == wanted
        assert list(mixed.query.list_run_ids(query=asked)) == wanted


def test_values_of_a_page_are_those_of_its_runs(mixed):
    """A limit cuts in the order of the query, whatever order the values come in."""
    for sort_by, offset in (("started_at", 0), ("name", 3), ("metric:acc", 2), ("ended_at", 1)):
        query = RunListQuery(sort_by=sort_by, limit=6, offset=offset)
        shown = {run.run_id for run in mixed.query.list_runs(query=query)}
        every = mixed.query.run_values("acc")
        wanted = {run_id: value for run_id, value in every.items() if run_id in shown}

        assert repr(sorted(mixed.query.run_values("acc", query=query).items())) == repr(
            sorted(wanted.items())
        )


def test_ids_are_those_of_the_list(mixed):
    """Filters, order and page are the same whether runs are read or not."""
    for query in (
        RunListQuery(sort_desc=True, limit=5, offset=3),
        RunListQuery(sort_by="ended_at", limit=5),
        RunListQuery(project_name="Project P", sort_by="name"),
        RunListQuery(run_ids=("r03", "r01")),
        RunListQuery(project_name="no such"),
        RunListQuery(status="interrupted"),
    ):
        runs = mixed.query.list_runs(query=query)

        assert list(mixed.query.list_run_ids(query=query)) == [run.run_id for run in runs]


def test_damage_of_unknown_reach_says_so(space):
    """A gap that nothing ties to a run is noted on each, with the words that this is so."""
    run = space.run("run:p.r1")
    space.points(run, "acc", [1.0])
    space.records.seal()
    with (space.root / "records" / "_parts.jsonl").open("ab") as log:
        log.write(b"{broken}\n")
    (note,) = space.repository.damage_notes(run)

    assert note.endswith("Which runs it concerns is not known.")


def test_a_damaged_binding_is_noted_on_its_run(space):
    """Where the list had the binding before, only its run has the note; else every run has it."""
    one, other = (space.run(f"run:p.r{number}") for number in (1, 2))
    for run in (one, other):
        space.artifact(run, "model", "model", run.encode())
    space.repository.list_artifacts(run_id=one)
    (path,) = (
        path
        for path in (space.root / "artifacts").rglob("*.json")
        if b"artifact:p.r1.model" in path.read_bytes()
    )
    path.write_bytes(path.read_bytes()[:-20])
    for run in (one, other):
        space.repository.list_artifacts(run_id=run)
    known = [space.repository.damage_notes(run) for run in (one, other)]
    with ArtifactStore(ArtifactStoreConfig(root_path=space.root / "artifacts")) as artifacts:
        fresh = CompositeStoreRepository(space.metadata, space.records, artifacts)
        fresh.list_artifacts(run_id=other)
        (unknown,) = fresh.damage_notes(other)

    assert ["artifact:p.r1.model" in " ".join(notes) for notes in known] == [True, False]
    assert known[1] == ()
    assert unknown.endswith("Which run it is of is not known.")


@pytest.mark.parametrize("sort_by", ["started_at", "name", "ended_at", "metric:acc"])
def test_projects_of_one_name_are_listed_as_one(space, sort_by):
    """Runs of both are in one order and on one page; ids, values and pages say the same."""
    for slug in ("a", "b"):
        space.project(slug, "Same")
    for number in range(6):
        ref = space.run(f"run:{'ab'[number % 2]}.r{number}", 6 - number)
        space.points(ref, "acc", [number])
    space.run("run:p.other")
    query = RunListQuery(project_name="Same", sort_by=sort_by, limit=4, offset=1)
    whole = RunListQuery(project_name="Same", sort_by=sort_by)
    listed = [run.run_id for run in space.query.list_runs(query=query)]
    every = [run.run_id for run in space.query.list_runs(query=whole)]
    first = space.query.page_runs(whole, limit=5)
    rest = space.query.page_runs(whole, limit=5, after=first.next_cursor)
    up = sort_by in ("name", "metric:acc")

    assert every == sorted(every, key=lambda ref: ref[-1], reverse=not up)
    assert listed == every[1:5] == list(space.query.list_run_ids(query=query))
    assert [run.run_id for run in (*first.runs, *rest.runs)] == every
    assert set(space.query.run_values("acc", project_name="Same")) == set(every)


@pytest.mark.parametrize("descending", [False, True])
def test_named_runs_that_tie_are_cut_in_the_order_of_naming(mixed, descending):
    """The first runs of a list are the beginning of the whole list."""
    named = tuple(reversed(mixed.query.list_run_ids()))
    query = RunListQuery(run_ids=named, sort_by="metric:acc", sort_desc=descending)
    wanted = [run.run_id for run in mixed.query.list_runs(query=query)]
    cut = mixed.query.list_runs(query=replace(query, limit=7, offset=2))

    assert [run.run_id for run in cut] == wanted[2:9]


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:59:59.999999Z"])
def test_a_range_may_end_with_the_calendar(mixed, end):
    """Who writes the last day that there is means no upper bound."""
    query = RunListQuery(time_range=TimeRange(started_before=end))

    assert mixed.query.list_run_ids(query=query) == mixed.query.list_run_ids()


def test_a_parameter_is_filtered_alike_wherever_the_filter_is_applied(space):
    """By SQL, among runs that were named, and over a basic repository."""
    values = [1, "1", True, "true", None, "null", 2**53, 2**53 + 1, 2**64, 0.1, math.nan, "x", ""]
    for number, value in enumerate(values):
        space.run(f"run:p.r{number}", number, params={"k": value})
    named = space.query.list_run_ids()
    basic = QueryService(InMemoryRepository(runs=space.query.list_runs(), records=[]))
    for value in values:
        query = RunListQuery(params={"k": value})
        found = space.query.list_run_ids(query=query)

        assert found
        assert space.query.list_run_ids(query=replace(query, run_ids=named)) == found
        assert basic.list_run_ids(query=query) == found
