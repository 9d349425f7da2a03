"""Expressions over real stores: pushed down, in every service, with the true status."""

import math

import pytest

from contexta.interpretation import (
    AggregationService,
    AlertRule,
    AlertService,
    AnomalyService,
    QueryService,
    RunListQuery,
    TrendService,
)
from contexta.interpretation.testing import InMemoryRepository

ODD_KEYS = ["'; DROP TABLE runs --", 'a"b', "a`b", "%s {0} :x ?", "é \U0001f600", "__class__"]


@pytest.fixture
def four(space):
    """Runs with lr 0.1 to 0.4 and accuracy 1 to 4, the last in another project."""
    for number in range(1, 5):
        project = "q" if number == 4 else "p"
        ref = space.run(f"run:{project}.r{number}", number, params={"lr": number / 10})
        space.points(ref, "acc", [0.0, float(number)])
    return space


def names(space, where, **more):
    query = RunListQuery(where=where, **more)
    return [run.name for run in space.query.list_runs(query=query)]


def test_a_service_takes_an_expression_wherever_it_takes_a_query(four):
    """Trend, aggregate, baseline and alerts see the runs that it selects."""
    query = RunListQuery(where="params.lr > 0.15 and metrics.acc.max < 4")
    trend = TrendService(four.query).get_metric_trend("acc", query=query)
    aggregate = AggregationService(four.query).aggregate_metric("acc", query=query)
    baseline = AnomalyService(four.query).compute_baseline("acc", query=query)
    rule = AlertRule("acc", "gt", 2.5)
    fleet = AlertService(four.query).evaluate_alerts_fleet([rule], query=query)

    assert [point.value for point in trend.points] == [2.0, 3.0]
    assert (aggregate.count, aggregate.mean) == (2, 2.5)
    assert (baseline.computed_from_n_runs, baseline.mean) == (2, 2.5)
    assert fleet.run_ids == ("run:p.r2", "run:p.r3")


def test_a_parameter_that_is_not_finite_is_found_as_a_number(space):
    """A run keeps it as a word, and that word is no text to an expression or a filter."""
    for name, value in (("n", math.nan), ("i", math.inf), ("m", -math.inf), ("t", "x"), ("o", 1.0)):
        space.run(f"run:p.{name}", params={"k": value})
    basic = QueryService(InMemoryRepository(runs=space.query.list_runs(), records=[]))
    cases = {
        "params.k = nan": "n",
        "params.k != nan": "imot",
        "params.k > 0": "io",
        "params.k = -inf": "m",
        "params.k < inf": "mo",
        "params.k in (inf, 'x')": "it",
        "params.k like '*'": "t",
        "params.k > 'A'": "t",
    }
    for queries in (space.query, basic):
        found = {
            where: "".join(
                sorted(r.name for r in queries.list_runs(query=RunListQuery(where=where)))
            )
            for where in cases
        }
        filtered = [
            "".join(r.name for r in queries.list_runs(query=RunListQuery(params={"k": value})))
            for value in (math.nan, math.inf, -math.inf)
        ]

        assert found == cases
        assert filtered == ["n", "i", "m"]


def test_an_expression_is_joined_with_the_other_filters(four):
    """All must hold; the page is cut after."""
    where = "metrics.acc >= 2"

    assert names(four, where, project_name="Project P") == ["r2", "r3"]
    assert names(four, where, params={"lr": 0.4}) == ["r4"]
    assert names(four, where, run_ids=("r1", "r2", "r4")) == ["r2", "r4"]
    assert names(four, where, sort_desc=True, limit=2, offset=1) == ["r3", "r2"]
    assert names(four, where, sort_by="metric:acc", sort_desc=True, limit=2) == ["r4", "r3"]
    assert names(four, "project = 'Project P' and not id like '*r1'") == ["r2", "r3"]


def test_a_page_continues_although_metrics_moved(four):
    """A cursor is of the expression, not of the runs that it selected then."""
    query = RunListQuery(where="metrics.acc >= 2")
    first = four.query.page_runs(query, limit=1)
    four.points("run:p.r1", "acc", [9.0], start=2_000_000_000_000_000)
    second = four.query.page_runs(query, after=first.next_cursor, limit=5)

    assert [run.name for run in (*first.runs, *second.runs)] == ["r2", "r3", "r4"]


def test_the_status_is_the_true_one(space):
    """An open run whose writer died is interrupted, one without a writer is open."""
    for name, writer in (("living", None), ("dead", "w-gone")):
        run = space.run(f"run:p.{name}", status="open")
        if writer is not None:
            space.metadata.runs.resume_run(run, writer_id=writer)
    space.run("run:p.cut", status="interrupted")

    assert names(space, "status = 'open'") == ["living"]
    assert set(names(space, "status = 'interrupted'")) == {"dead", "cut"}
    assert set(names(space, "status != 'open'")) == {"dead", "cut"}
    assert set(names(space, "not status like 'o*' or status = 'open'")) == {"living", "dead", "cut"}


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_can_be_asked_for(space, key):
    """In quotes, as parameter, tag and metric, as key and as value."""
    ref = space.run("run:p.odd", params={key: key}, tags={key: key})
    space.run("run:p.plain", 1)
    space.points(ref, key, [1.0])
    text = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    where = f"params.{text} = {text} and tags.{text} contains {text} and metrics.{text} = 1"

    assert names(space, where) == ["odd"]
    assert names(space, f"not params.{text} is not null") == ["plain"]


def test_keys_are_looked_up_where_they_are(four):
    """Params and tags in the ledger, metrics in the records."""
    found = four.query.unknown_keys("params.lrr > 1 or tags.x = 'a' or metrics.accc > 1")

    assert [(key.field, key.nearest) for key in found] == [
        ("params.lrr", ("params.lr",)),
        ("tags.x", ()),
        ("metrics.accc", ("metrics.acc",)),
    ]


@pytest.mark.parametrize(("order", "near"), [("param:lrr", "lr"), ("metric:accc", "acc")])
def test_the_key_of_an_order_is_looked_up_too(four, order, near):
    """Behind those of the expression; a key that runs have is not named."""
    kind, _, key = order.partition(":")
    known = RunListQuery(sort_by=f"{kind}:{near}")
    found = four.query.unknown_keys(RunListQuery(where="tags.x = 'a'", sort_by=order))

    assert [(one.field, one.nearest) for one in found] == [
        ("tags.x", ()),
        (f"{kind}s.{key}", (f"{kind}s.{near}",)),
    ]
    assert four.query.unknown_keys(known) == ()
    assert four.query.unknown_keys(RunListQuery(sort_by="duration")) == ()
