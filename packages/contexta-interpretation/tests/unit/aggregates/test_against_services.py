"""The SQL answers are those that the Python services give."""

import math
import statistics
from collections import defaultdict
from itertools import pairwise

import pytest

from contexta.interpretation import (
    AggregationService,
    QueryService,
    RunListQuery,
    TrendPolicy,
    TrendService,
)
from contexta.interpretation.aggregates import AggregateService, DuckDbEngine
from contexta.interpretation.query.metrics import (
    AGGREGATIONS,
    aggregated,
    by_run,
    metric_summaries,
    pick_summary,
    points_of,
)

STAGES = (None, "train", "Train Phase", "unknown")


def same(left, right) -> bool:
    """Equal, NaN with NaN."""
    return left == right or (left != left and right != right)


def close(left, right) -> bool:
    """Equal up to the rounding of a sum."""
    return left == pytest.approx(right, rel=1e-12, abs=0, nan_ok=True)


@pytest.fixture
def runs(random_space):
    return [run.run_id for run in random_space.queries.list_runs()]


@pytest.fixture
def picked(random_space, runs):
    """The value of each run, chosen in Python."""

    def chosen(key, stage, aggregation):
        rows = by_run(metric_summaries(random_space.repository, runs, [key]))
        found = {run: pick_summary(rows.get(run, []), stage) for run in runs}
        values = {
            run: (row, aggregated(row, aggregation))
            for run, row in found.items()
            if row is not None
        }
        return {run: pair for run, pair in values.items() if pair[1] is not None}

    return chosen


def test_summaries_are_those_of_the_index(random_space, runs):
    """Count, first, last, extremes and last point of each run, stage and metric."""
    expected = metric_summaries(random_space.repository, runs)
    found = random_space.ask.metric_summaries().rows
    exact = {
        "run_id": "run_id",
        "stage_id": "stage_id",
        "metric_key": "metric_key",
        "count": "count",
        "nonfinite_count": "nonfinite_count",
        "first": "first",
        "last": "last",
        "minimum": "minimum",
        "maximum": "maximum",
        "last_step": "last_step",
        "first_observed_at": "first_observed_at",
        "last_observed_at": "last_observed_at",
    }
    wrong = [
        (one, other)
        for one, other in zip(found, expected, strict=True)
        if not all(same(getattr(one, a), getattr(other, b)) for a, b in exact.items())
        or not close(one.mean, other.mean)
    ]

    assert len(found) > 150
    assert [] == wrong


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("stage", STAGES)
def test_one_rule_says_which_value_stands_for_a_run(random_space, runs, picked, stage, aggregation):
    """The stage asked for; else the run's own; else the stage observed last."""
    expected = picked("loss", stage, aggregation)
    answer = random_space.ask.last_values(
        "loss", runs=runs, stage_name=stage, aggregation=aggregation
    )
    found = {row.run_id: (row.stage_id, row.value) for row in answer.rows}
    wrong = [
        run
        for run, (row, value) in expected.items()
        if found[run][0] != row.stage_id or not close(found[run][1], value)
    ]

    assert (list(expected), []) == (list(found), wrong)
    assert len(runs) - len(expected) == answer.completeness.missing


def test_a_trend_is_that_of_the_trend_service(random_space):
    """The same runs and values in the same order; changes are differences of neighbors."""
    service = TrendService(random_space.queries, config=TrendPolicy(default_window_runs=1_000))
    expected = service.get_metric_trend("accuracy", project_name="p").points
    found = random_space.ask.trend("accuracy", project_name="p").rows
    values = [row.value for row in found]
    changes = [right - left for left, right in pairwise(values)]

    assert [point.run_id for point in expected] == [row.run_id for row in found]
    assert all(map(same, [point.value for point in expected], values))
    assert all(map(same, [None, *changes], [row.change for row in found]))


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_a_baseline_is_that_of_the_aggregation_service(random_space, aggregation):
    """Extremes and percentiles are equal to the last bit, means to rounding."""
    service = AggregationService(random_space.queries, metric_aggregation=aggregation)
    expected = service.aggregate_metric("loss", stage_name="train")
    (found,) = random_space.ask.baseline("loss", stage_name="train", aggregation=aggregation).rows
    exact = ("p25", "p50", "p75", "p90", "p95", "p99")
    wide = (found.minimum, found.maximum, *(getattr(found, name) for name in exact))
    wanted = (expected.min, expected.max, *(getattr(expected, name) for name in exact))

    assert expected.count == found.n
    assert (wanted == wide) if aggregation != "mean" else all(map(close, wide, wanted))
    assert close(found.mean, expected.mean)
    assert close(found.std, expected.std)


def test_groups_by_parameters_have_count_mean_and_variance(random_space, picked):
    """What a comparison needs, by equal parameters; runs without them are said."""
    values = picked("loss", None, "latest")
    expected = defaultdict(list)
    lacking = 0
    for run in random_space.queries.list_runs(query=RunListQuery()):
        if "rate" not in run.params:
            lacking += 1
        elif math.isfinite(values.get(run.run_id, (None, math.nan))[1]):
            expected[f"rate={run.params['rate']}"].append(values[run.run_id][1])
    answer = random_space.ask.group_statistics("loss", params=["rate"])
    found = {row.group: row for row in answer.rows}

    assert {name: len(group) for name, group in expected.items()} == {
        name: row.n for name, row in found.items()
    }
    assert all(close(found[n].mean, statistics.fmean(g)) for n, g in expected.items())
    assert all(close(found[n].variance, statistics.variance(g)) for n, g in expected.items())
    assert (f"runs_without_params:{lacking}",) == answer.completeness.notes


def test_curves_take_the_latest_point_of_each_run_and_step(random_space, runs, picked):
    """Count, mean and median at each step, over the runs that have it."""
    expected = defaultdict(dict)
    for run, (row, _) in picked("loss", None, "latest").items():
        stored = points_of(random_space.repository, run, "loss", row.stage_id)
        for point in sorted(stored, key=lambda item: (item.observed_at, item.record_id)):
            if point.step is not None:
                expected[point.step][run] = point.value
    found = random_space.ask.step_curve("loss").rows
    finite = {s: [v for v in values.values() if math.isfinite(v)] for s, values in expected.items()}

    assert [(s, len(expected[s]), len(finite[s])) for s in sorted(expected)] == [
        (row.step, row.runs, row.n) for row in found
    ]
    assert all(close(row.mean, statistics.fmean(finite[row.step])) for row in found)
    assert all(row.p50 == pytest.approx(statistics.median(finite[row.step])) for row in found)


def test_counts_are_those_of_the_repository(random_space, runs):
    """Records by run and type, and how many values are not finite."""
    found = random_space.ask.record_counts().rows
    odd = {
        run: sum(r.nonfinite_count for r in metric_summaries(random_space.repository, [run]))
        for run in runs
    }

    assert [(random_space.repository.record_counts(run), odd[run]) for run in runs] == [
        (
            {
                "event": row.events,
                "metric": row.metrics,
                "span": row.spans,
                "degraded": row.degraded,
            },
            row.nonfinite,
        )
        for row in found
    ]


def test_records_alone_give_the_same_answers(random_space):
    """Without the ledger the runs are found in the records; the values are the same."""
    alone = AggregateService(DuckDbEngine(random_space.records))
    left = alone.baseline("loss", project_name="q").rows
    right = random_space.ask.baseline("loss", project_name="q").rows

    assert isinstance(random_space.queries, QueryService)
    assert left == right
