"""Comparing two groups of runs."""

import json
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from contexta.interpretation import RunListQuery
from contexta.interpretation.groups import GroupError

LOW = [0.90, 0.91, 0.89, 0.905, 0.895]
HIGH = [0.95, 0.96, 0.94, 0.955, 0.945]


def row(comparison, key="accuracy"):
    return comparison.metric(key)


def test_a_clear_gain_is_better(two):
    """The row has the figures of Welch's test and the verdict of the right group."""
    bench, left, right = two
    found = row(bench.service().compare_groups(left, right))
    wanted = stats.ttest_ind(HIGH, LOW, equal_var=False)

    assert found.verdict == "better"
    assert (found.left.n, found.right.n) == (5, 5)
    assert (found.left.mean, found.left.median) == pytest.approx((0.9, 0.9))
    assert found.left.sd == pytest.approx(np.std(LOW, ddof=1))
    assert found.difference == pytest.approx(0.05)
    assert found.relative == pytest.approx(0.05 / 0.9)
    assert (found.p_value, found.p_adjusted) == pytest.approx((wanted.pvalue, wanted.pvalue))
    assert found.low < 0.05 < found.high
    assert "0.05 higher" in found.reason


def test_the_other_way_round_it_is_worse(two):
    """The verdict is that of the right group."""
    bench, left, right = two

    assert row(bench.service().compare_groups(right, left)).verdict == "worse"


def test_the_direction_comes_from_the_key_or_from_the_caller(bench):
    """Less of a loss is better; the caller may say otherwise, or that no direction is good."""
    left, right = bench.group("a", "val_loss", LOW), bench.group("b", "val_loss", HIGH)
    service = bench.service()

    def verdict(direction):
        found = service.compare_groups(left, right, higher_is_better=direction)
        return row(found, "val_loss").verdict

    assert verdict(None) == "worse"
    assert verdict(True) == "better"
    assert verdict({"val_loss": None}) == "different"
    assert verdict({"other": True}) == "worse"


def test_no_difference_says_how_small_a_one_would_show(bench):
    """The smallest detectable difference is in the row and in the reason."""
    left = bench.group("a", "accuracy", [0.90, 0.92, 0.91, 0.90, 0.89])
    right = bench.group("b", "accuracy", [0.91, 0.90, 0.91, 0.89, 0.905])
    found = row(bench.service().compare_groups(left, right))

    assert found.verdict == "no difference found"
    assert found.smallest_detectable > abs(found.difference)
    assert f"a difference of {found.smallest_detectable:.4g}" in found.reason
    assert "80%" in found.reason


@pytest.mark.parametrize("method", ["welch", "permutation", "bootstrap"])
def test_too_few_runs_is_an_answer(bench, method):
    """Two runs against five cannot be told, whatever the method."""
    left, right = bench.group("a", "accuracy", LOW), bench.group("b", "accuracy", HIGH[:2])
    found = row(bench.service().compare_groups(left, right, method=method))

    assert found.verdict == "cannot tell"
    assert "not enough runs: 5 and 2" in found.reason
    assert (found.p_value, found.low) == (None, None)
    assert found.difference == pytest.approx(0.055)


def test_very_unequal_small_groups_are_not_judged_by_t(bench):
    """Welch's t against 3 runs out of 30 alarms too often; permutation does not, and is named."""
    values = list(np.random.default_rng(1).normal(0.9, 0.01, 30))
    left, right = bench.group("a", "accuracy", values), bench.group("b", "accuracy", HIGH)
    service = bench.service()
    three = row(service.compare_groups(left, right[:3]))
    five = service.compare_groups(left, right)

    assert three.verdict == "cannot tell"
    assert "use method permutation" in three.reason
    assert row(service.compare_groups(left, right[:3], method="permutation")).verdict == "better"
    assert row(five).verdict == "better"
    assert [n.summary for n in five.completeness_notes] == ["groups_unequal_sizes:accuracy"]


def test_a_method_that_cannot_reach_the_level_says_so(bench):
    """Three runs a side have 20 arrangements: the two-sided p-value is at least 0.1."""
    left, right = bench.group("a", "accuracy", LOW[:3]), bench.group("b", "accuracy", HIGH[:3])
    found = row(bench.service().compare_groups(left, right, method="permutation"))

    assert found.verdict == "cannot tell"
    assert "no p-value below 0.1" in found.reason


def test_constants_are_not_judged_by_t(bench):
    """Equal constants do not differ; different ones leave nothing to measure with."""
    a = [bench.add(f"a{i}", {"same": 1.0, "other": 1.0}).run_id for i in range(4)]
    b = [bench.add(f"b{i}", {"same": 1.0, "other": 2.0}).run_id for i in range(4)]
    found = bench.service().compare_groups(a, b)

    assert row(found, "same").verdict == "no difference found"
    assert row(found, "other").verdict == "cannot tell"
    assert "do not vary" in row(found, "other").reason
    assert row(found, "other").difference == 1.0


def test_values_that_are_not_finite_are_left_out_and_said(bench):
    """A run that ended in NaN is no number of the group, and nobody overlooks it."""
    left = bench.group("a", "loss", LOW)
    right = bench.group("b", "loss", [*HIGH, math.nan, math.inf])
    bench.add("c", {"other": 1.0})
    found = bench.service().compare_groups(left, [*right, "run:p.c"], ["loss"])

    assert (row(found, "loss").right.n, row(found, "loss").right.nonfinite) == (5, 2)
    assert row(found, "loss").right.missing == 1
    assert "2 runs ended in NaN or infinity, 1 run without the metric" in row(found, "loss").reason
    assert [n.summary for n in found.completeness_notes] == ["groups_nonfinite_left_out:loss"]
    assert (found.completeness.nonfinite, found.completeness.missing) == (2, 1)


def test_several_metrics_share_the_level(bench):
    """p-values are adjusted by Holm over the metrics; constants do not count among them."""
    random = np.random.default_rng(1)
    ids = [
        bench.add(f"r{i}", {**{f"m{k}": float(random.normal()) for k in range(4)}, "epochs": 3.0})
        for i in range(10)
    ]
    ids = [run.run_id for run in ids]
    service = bench.service()
    holm = service.compare_groups(ids[:5], ids[5:])
    bh = service.compare_groups(ids[:5], ids[5:], correction="bh")
    plain = service.compare_groups(ids[:5], ids[5:], correction=None)
    least = min((r for r in holm.metrics if r.p_adjusted is not None), key=lambda r: r.p_value)

    assert least.p_adjusted == pytest.approx(min(1.0, 4 * least.p_value))
    assert row(holm, "epochs").p_adjusted is None
    assert all(r.p_adjusted in (None, r.p_value) for r in plain.metrics)
    wanted = stats.false_discovery_control([row(bh, f"m{k}").p_value for k in range(4)])
    assert [row(bh, f"m{k}").p_adjusted for k in range(4)] == pytest.approx(wanted)
    assert row(holm, "m0").smallest_detectable > row(plain, "m0").smallest_detectable


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("welch", "paired_t"),
        ("permutation", "paired_permutation"),
        ("bootstrap", "paired_bootstrap"),
    ],
)
def test_pairs_remove_what_seeds_share(bench, method, name):
    """A gain of 0.01 hidden by seeds that differ by 1 is found in pairs."""
    random = np.random.default_rng(2)
    base = random.normal(0, 1, 12)
    left = bench.group("a", "accuracy", list(base + random.normal(0, 0.002, 12)))
    right = bench.group("b", "accuracy", list(base + 0.01 + random.normal(0, 0.002, 12)))
    service = bench.service()
    paired = row(service.compare_groups(left, right, method=method, paired_by="seed"))

    assert paired.test.method == name
    assert paired.verdict == "better"
    assert row(service.compare_groups(left, right, method=method)).verdict == "no difference found"


def test_runs_without_a_counterpart_are_counted(bench):
    """Seeds on one side only are left out of the pairs."""
    left, right = bench.group("a", "accuracy", LOW), bench.group("b", "accuracy", HIGH[:4])
    found = row(bench.service().compare_groups(left, right, paired_by="seed"))

    assert (found.left.n, found.right.n, found.left.unpaired) == (4, 4, 1)
    assert "1 run without a counterpart" in found.reason


def test_a_seed_twice_in_a_group_is_ambiguous(bench):
    """Which of the two belongs to the pair nobody can say."""
    left, right = bench.group("a", "accuracy", LOW), bench.group("b", "accuracy", HIGH)
    left.append(bench.add("again", {"accuracy": 0.9}, params={"seed": 3}).run_id)
    with pytest.raises(GroupError) as caught:
        bench.service().compare_groups(left, right, paired_by="seed")

    assert caught.value.code == "groups_ambiguous_pairs"
    assert caught.value.details["values"] == {"3": ["run:p.a-3", "run:p.again"]}


def test_groups_from_queries_and_replicates(two):
    """Queries, replicate groups and ids select the same runs."""
    bench, left, right = two
    service = bench.service()
    groups = service.replicate_groups(["lr"]).groups
    queries = (RunListQuery(params={"lr": 1}), RunListQuery(params={"lr": 2}))
    found = service.compare_groups(left, right)

    assert service.compare_groups(*groups) == found
    assert service.compare_groups(*queries) == found


def test_an_empty_group_cannot_be_told(two):
    """A query without runs gives rows without a verdict, and a note."""
    bench, left, _ = two
    found = bench.service().compare_groups(left, RunListQuery(name="nobody"), ["accuracy"])

    assert row(found).verdict == "cannot tell"
    assert [note.summary for note in found.completeness_notes] == ["groups_empty:right"]


def test_stage_and_aggregation_choose_the_value(bench):
    """The best value of a stage is compared instead of the last of the run."""
    ids = []
    for i in range(8):
        run = bench.add(f"r{i}", {"accuracy": 0.5}, params={"seed": i})
        bench.stages.append(bench.make.stage(run, "eval"))
        peak = (0.7 if i < 4 else 0.9) + i / 1000
        bench.log(run, {"accuracy": [0.1, peak, 0.2]}, stage="eval")
        ids.append(run.run_id)
    found = bench.service().compare_groups(
        ids[:4], ids[4:], ["accuracy"], stage_name="eval", aggregation="max"
    )

    assert row(found).right.maximum == pytest.approx(0.907)
    assert row(found).verdict == "better"


def test_the_bootstrap_warns(bench):
    """BCa alarms more than it should on skewed values; the note names what does not."""
    random = np.random.default_rng(3)
    left = bench.group("a", "loss", list(random.normal(size=10)))
    right = bench.group("b", "loss", list(random.normal(size=10)))
    found = bench.service().compare_groups(left, right, method="bootstrap")

    assert [n.summary for n in found.completeness_notes] == ["groups_bootstrap_alarms_more:loss"]
    assert found.completeness_notes[0].details["use"] == "permutation"


def test_evidence_points_to_records_and_runs(two):
    """Each value can be followed to the record behind it."""
    bench, left, right = two
    found = bench.service().compare_groups(left, right)

    assert {link.kind for link in row(found).evidence_links} == {"record"}
    assert [link.ref for link in found.evidence_links] == [*left, *right]


def test_the_same_seed_gives_the_same_comparison(two):
    """Results repeat, survive pickling, and are JSON."""
    bench, left, right = two
    service = bench.service()
    first = service.compare_groups(left, right, method="bootstrap", seed=5)
    again = service.compare_groups(left, right, method="bootstrap", seed=5)

    assert first == again == pickle.loads(pickle.dumps(first))
    assert json.loads(json.dumps(first.to_dict(), allow_nan=False))["seed"] == 5


def test_runs_that_did_not_complete_count_and_are_told(bench):
    """Groups take every run that was asked for; a note says how many are not completed."""
    left = bench.group("a", "accuracy", LOW)
    right = bench.group("b", "accuracy", HIGH)
    right.append(bench.add("c", {"accuracy": 0.95}, status="failed").run_id)
    right.append(bench.add("d", {"accuracy": 0.95}, status="open").run_id)
    found = bench.service().compare_groups(left, right)
    (note,) = found.completeness_notes

    assert row(found).right.n == 7
    assert note.summary == "groups_runs_not_completed:right"
    assert note.details == {"failed": 1, "open": 1}


@pytest.mark.parametrize("method", ["welch", "permutation"])
@pytest.mark.parametrize("size", [1e155, 1e200, 1e300])
def test_values_beyond_all_arithmetic_are_an_answer(bench, method, size):
    """Squares of such values fit in no double: cannot tell, and no error."""
    left = bench.group("a", "size", [size, 2 * size, 4 * size])
    right = bench.group("b", "size", [size, 3 * size, 4 * size])
    found = row(bench.service().compare_groups(left, right, method=method), "size")

    assert (found.verdict, found.effect_size) == ("cannot tell", None)


def test_a_strict_level_is_shown_as_it_is(two):
    """The interval at a level of 0.001 is one of 99.9 %, not of 100 %."""
    bench, left, right = two
    found = row(bench.service().compare_groups(left, right, alpha=0.001))

    assert "99.9% interval" in found.reason


def test_a_name_that_says_no_direction_is_different_only(bench):
    """Neither group is called better without a reason to."""
    left, right = bench.group("a", "grad_norm", LOW), bench.group("b", "grad_norm", HIGH)

    assert row(bench.service().compare_groups(left, right), "grad_norm").verdict == "different"
