"""Statistics over runs."""

import math
import statistics

import pytest

from contexta.contract.errors import ValidationError
from contexta.interpretation import AggregationService, QueryService


def service(make, runs, records=()):
    return AggregationService(QueryService(make.repository(runs=runs, records=records)))


def test_one_value_per_run(make):
    """Each run counts once, with its latest value; the standard deviation is of the population."""
    runs = [make.run("a"), make.run("b", minute=1), make.run("c", minute=2)]
    records = [make.metric(runs[0], "loss", v) for v in (9.0, 1.0)]
    records += [make.metric(runs[1], "loss", 3.0), make.metric(runs[2], "loss", math.nan)]
    found = service(make, runs, records).aggregate_metric("loss")

    assert (found.count, found.mean, found.std, found.min, found.max) == (2, 2.0, 1.0, 1.0, 3.0)
    assert found.p75 == pytest.approx(2.5)
    assert [n.summary for n in found.completeness_notes] == ["nonfinite_values_left_out:loss"]


def test_nothing_has_no_statistics(make):
    """The mean of no value is None, not zero."""
    found = service(make, [make.run("a")]).aggregate_metric("loss")

    assert (found.count, found.mean, found.std, found.p50) == (0, None, None, None)
    assert [n.summary for n in found.completeness_notes] == [
        "missing_metric_for_aggregate:loss",
        "aggregate_population_empty:loss",
    ]


def test_long_runs_do_not_outweigh_short_ones(make):
    """Stage statistics take one value per run, however many points it has."""
    runs = [make.run("a"), make.run("b", minute=1)]
    records = [make.metric(runs[0], "loss", 1.0, stage="train") for _ in range(50)]
    records += [make.metric(runs[1], "loss", 3.0, stage="train"), make.metric(runs[1], "x", 1.0)]
    table = service(make, runs, records).aggregate_by_stage()

    assert [(r.stage_name, r.metric_key, r.count, r.mean) for r in table.by_stage] == [
        ("_unassigned", "x", 1, 1.0),
        ("train", "loss", 2, 2.0),
    ]


def test_statuses_are_counted(make):
    """Runs are counted by status; the pass rate is that of completed ones."""
    runs = [make.run("a"), make.run("b", status="failed")]
    found = service(make, runs).run_status_distribution()

    assert [(r.status, r.count) for r in found.by_status] == [("completed", 1), ("failed", 1)]
    assert (found.pass_rate, service(make, []).run_status_distribution().pass_rate) == (0.5, 0.0)


def test_robust_columns_heed_no_outlier(make):
    """Median and median deviation stand beside mean and deviation; what is left out is counted."""
    runs = [make.run(f"r{i}", minute=i) for i in range(7)]
    values = [1.0, 2.0, 3.0, 4.0, 1000.0, math.inf]
    records = [make.metric(run, "m", v) for run, v in zip(runs, values, strict=False)]
    found = service(make, runs, records).aggregate_metric("m")

    assert (found.median, found.mad, found.robust_std) == (3.0, 1.0, 1.4826)
    assert found.sample_std == pytest.approx(statistics.stdev(values[:5]))
    assert (found.excluded_missing, found.excluded_nonfinite) == (1, 1)
    assert (found.completeness.runs, found.completeness.nonfinite) == (7, 1)


def test_an_unknown_metric_is_answered_with_the_nearest(make):
    """A metric that no run has gives an empty answer that names what is near."""
    run = make.run("a")
    found = service(make, [run], [make.metric(run, "accuracy", 1.0)]).aggregate_metric("acuracy")

    assert found.count == 0
    assert found.completeness_notes[-1].details["nearest"] == ["accuracy"]


def test_a_stage_of_nan_keeps_its_row(make):
    """A metric that is NaN in every run is listed without statistics."""
    run = make.run("a")
    table = service(make, [run], [make.metric(run, "loss", math.nan)]).aggregate_by_stage()
    (row,) = table.by_stage

    assert (row.count, row.mean, row.max, row.excluded_nonfinite) == (0, None, None, 1)


@pytest.mark.parametrize("size", [1e-200, 1e200, 2e307])
def test_values_of_any_size_have_statistics(make, size):
    """Neither the sum nor the squares of such values fit in a double; mean and deviation do."""
    runs = [make.run(str(number), minute=number) for number in range(4)]
    values = [4 * size, 4 * size, 8 * size, 8 * size]
    records = [make.metric(run, "m", v) for run, v in zip(runs, values, strict=True)]
    found = service(make, runs, records).aggregate_metric("m")

    assert (found.mean, found.std) == pytest.approx((6 * size, 2 * size))
    assert found.sample_std == pytest.approx(2 * size * math.sqrt(4 / 3))


def test_a_metric_key_that_is_no_text_is_refused(make):
    """A number is no metric key, in words."""
    with pytest.raises(ValidationError) as caught:
        service(make, [make.run("a")]).aggregate_metric(5)

    assert caught.value.code == "aggregation_invalid_metric_key"


def test_an_unknown_project_is_said_with_the_nearest(make):
    """Nothing of a project that does not exist is a slip more often than an answer."""
    found = service(make, [make.run("a", project="vision")]).aggregate_metric(
        "loss", project_name="visoin"
    )

    assert [("project_unknown", ["vision"]), ("aggregate_population_empty:loss", [])] == [
        (note.summary, note.details["nearest"]) for note in found.completeness_notes
    ]
