"""The rule that candidates must not be worse than a baseline group."""

import math

import numpy as np
import pytest
from scipy import special, stats

from contexta.interpretation import RunListQuery
from contexta.interpretation.gate import NoRegressionRule

BASE = [0.90, 0.91, 0.89, 0.905, 0.895, 0.9]
WORSE = [0.85, 0.86, 0.84, 0.855]
SAME = [0.9, 0.905, 0.895, 0.902]


@pytest.fixture
def base(bench):
    """A workbench and its baseline of six runs."""
    return bench, bench.group("base", "accuracy", BASE)


def test_worse_runs_fail(base):
    """By a one-sided Welch test, whose figures are in the outcome."""
    bench, baseline = base
    found = bench.outcome(
        bench.group("new", "accuracy", WORSE), NoRegressionRule("accuracy"), baseline
    )
    wanted = stats.ttest_ind(WORSE, BASE, equal_var=False, alternative="less")

    assert found.outcome == "fail"
    assert found.numbers["p_worse"] == pytest.approx(wanted.pvalue, rel=1e-9)
    assert found.numbers["worse_by"] == pytest.approx(np.mean(BASE) - np.mean(WORSE))
    assert (found.numbers["candidates"], found.numbers["baseline"]) == (4, 6)


def test_equal_runs_pass_and_say_what_they_could_have_hidden(base):
    """A pass without a margin tells how small a regression would have been seen."""
    bench, baseline = base
    found = bench.outcome(
        bench.group("new", "accuracy", SAME), NoRegressionRule("accuracy"), baseline
    )

    assert found.outcome == "pass"
    assert f"a regression of {found.numbers['smallest_detectable']:.4g}" in found.reason


def test_better_runs_pass(base):
    """The test has one side only."""
    bench, baseline = base
    better = [2 - value for value in WORSE]
    rule = NoRegressionRule("accuracy")

    assert bench.outcome(bench.group("new", "accuracy", better), rule, baseline).outcome == "pass"


def test_the_direction_can_be_overridden(base):
    """Less accuracy is no regression for those who want less of it."""
    bench, baseline = base
    rule = NoRegressionRule("accuracy", higher_is_better=False)

    assert bench.outcome(bench.group("new", "accuracy", WORSE), rule, baseline).outcome == "pass"


@pytest.mark.parametrize(
    ("margin", "outcome"),
    [(0.1, "pass"), (0.05, "cannot_tell"), (0.01, "fail"), (0.0, "fail")],
)
def test_a_margin_asks_for_proof_both_ways(base, margin, outcome):
    """0.0486 worse: shown to be less than 0.1, shown to be more than 0.01, 0.05 is open."""
    bench, baseline = base
    rule = NoRegressionRule("accuracy", margin=margin)
    found = bench.outcome(bench.group("new", "accuracy", WORSE), rule, baseline)

    assert found.outcome == outcome


def test_a_relative_margin_is_a_share_of_the_baseline(base):
    """10 % of a mean of 0.9 is 0.09."""
    bench, baseline = base
    rule = NoRegressionRule("accuracy", relative_margin=0.1)
    found = bench.outcome(bench.group("new", "accuracy", WORSE), rule, baseline)

    assert (found.outcome, found.numbers["margin"]) == ("pass", pytest.approx(0.09))


def test_one_candidate_is_held_against_the_prediction_interval(base):
    """One value within the spread of the baseline passes, where a t test of means would not."""
    bench, baseline = base
    inside = bench.add("inside", {"accuracy": 0.888}).run_id
    outside = bench.add("outside", {"accuracy": 0.85}).run_id
    found = bench.outcome(inside, NoRegressionRule("accuracy"), baseline)

    def p_worse(baseline, value):
        t = (value - np.mean(baseline)) / (np.std(baseline, ddof=1) * math.sqrt(1 + 1 / 6))
        return stats.t.cdf(t, 5)

    plain, logits = p_worse(BASE, 0.888), p_worse(special.logit(BASE), special.logit(0.888))

    assert found.numbers["method"] == "prediction"
    assert found.numbers["p_worse"] == pytest.approx(max(plain, logits), rel=1e-9)
    assert plain == pytest.approx(logits, rel=0.1)
    assert found.outcome == "pass"
    assert bench.outcome(outside, NoRegressionRule("accuracy"), baseline).outcome == "fail"


def test_one_candidate_far_out_on_a_skewed_scale_is_no_alarm(bench):
    """Durations spread by factors: an alarm of the plain values alone is none."""
    values = [10.0, 14.0, 3.0, 35.0, 12.0, 21.0, 2.0, 11.0]
    baseline = bench.group("base", "latency_ms", values)
    candidate = bench.add("new", {"latency_ms": 42.0}).run_id
    spread = np.std(values, ddof=1) * math.sqrt(1 + 1 / 8)
    plain = stats.t.sf((42 - np.mean(values)) / spread, 7)
    found = bench.outcome(candidate, NoRegressionRule("latency_ms"), baseline)

    assert plain < 0.05 < found.numbers["p_worse"]
    assert found.outcome == "pass"


def test_one_candidate_with_negative_values_has_one_scale(bench):
    """Without a logarithm the plain values decide."""
    values = [-1.0, 0.5, 0.2, -0.3, 0.1]
    baseline = bench.group("base", "reward", values)
    candidate = bench.add("new", {"reward": -5.0}).run_id
    t = (-5 - np.mean(values)) / (np.std(values, ddof=1) * math.sqrt(1 + 1 / 5))
    found = bench.outcome(candidate, NoRegressionRule("reward"), baseline)

    assert found.numbers["p_worse"] == pytest.approx(stats.t.cdf(t, 4), rel=1e-9)
    assert found.outcome == "fail"


def test_one_candidate_by_rank_needs_many_runs(bench):
    """By rank the least p-value is 1 / (n + 1): 6 runs cannot tell, 19 can."""
    few = bench.group("few", "accuracy", BASE)
    many = bench.group("many", "accuracy", [0.9 + i / 1000 for i in range(19)])
    candidate = bench.add("new", {"accuracy": 0.5}).run_id
    rule = NoRegressionRule("accuracy", method="permutation")

    assert bench.outcome(candidate, rule, few).outcome == "cannot_tell"
    assert bench.outcome(candidate, rule, many).outcome == "fail"


@pytest.mark.parametrize("baseline_size", [0, 1, 2])
def test_too_small_a_baseline_cannot_be_told(bench, baseline_size):
    """Nobody knows the spread of two runs."""
    baseline = bench.group("base", "accuracy", BASE[:baseline_size])
    candidates = bench.group("new", "accuracy", WORSE)
    rule = NoRegressionRule("accuracy")
    reference = baseline or RunListQuery(name="nobody")

    assert bench.outcome(candidates, rule, reference).outcome == "cannot_tell"
    assert bench.outcome(candidates[0], rule, reference).outcome == "cannot_tell"


@pytest.mark.parametrize(("value", "outcome"), [(0.5, "pass"), (0.6, "pass"), (0.4, "cannot_tell")])
def test_a_constant_baseline(bench, value, outcome):
    """Equal or better passes; worse cannot be judged by a test, and a way out is named."""
    baseline = bench.group("base", "accuracy", [0.5] * 5)
    candidate = bench.add("new", {"accuracy": value}).run_id
    found = bench.outcome(candidate, NoRegressionRule("accuracy"), baseline)

    assert found.outcome == outcome
    assert ("threshold" in found.reason) == (outcome == "cannot_tell")


def test_a_candidate_that_diverged_fails(base):
    """NaN is worse than any baseline."""
    bench, baseline = base
    candidates = bench.group("new", "accuracy", [*SAME, math.nan])
    found = bench.outcome(candidates, NoRegressionRule("accuracy"), baseline)

    assert found.outcome == "fail"
    assert "run:p.new-4" in found.reason


def test_a_baseline_run_that_diverged_is_left_out(base):
    """It is counted among the numbers."""
    bench, baseline = base
    baseline.append(bench.add("nan", {"accuracy": math.nan}).run_id)
    found = bench.outcome(
        bench.group("new", "accuracy", SAME), NoRegressionRule("accuracy"), baseline
    )

    assert (found.outcome, found.numbers["baseline_left_out"]) == ("pass", 1)


def test_a_missing_metric_cannot_be_told(base):
    """In the candidate or in the baseline."""
    bench, baseline = base
    candidate = bench.add("new", {"loss": 1.0}).run_id

    assert bench.outcome(candidate, NoRegressionRule("accuracy"), baseline).outcome == "cannot_tell"
    assert bench.outcome(candidate, NoRegressionRule("loss"), baseline).outcome == "cannot_tell"


def test_pairs_find_what_seeds_hide(bench):
    """A loss of 0.01 behind seeds that differ by 1 fails in pairs only."""
    random = np.random.default_rng(4)
    seeds = random.normal(0, 1, 10)
    baseline = bench.group("base", "accuracy", list(seeds))
    new = bench.group("new", "accuracy", list(seeds - 0.01 + random.normal(0, 0.001, 10)))
    paired = NoRegressionRule("accuracy", paired_by="seed")

    assert bench.outcome(new, paired, baseline).outcome == "fail"
    assert bench.outcome(new, NoRegressionRule("accuracy"), baseline).outcome == "pass"


def test_several_rules_share_the_level(bench):
    """Holm: a p-value that is an alarm alone is multiplied by the number of rules."""
    random = np.random.default_rng(6)
    keys = [f"m{i}" for i in range(5)]
    left = [bench.add(f"a{i}", {k: float(random.normal()) for k in keys}).run_id for i in range(8)]
    right = [
        bench.add(f"b{i}", {k: float(random.normal() - 1.2 * (k == "m0")) for k in keys}).run_id
        for i in range(8)
    ]
    rules = [NoRegressionRule(key, higher_is_better=True) for key in keys]
    alone = bench.outcome(right, rules[0], left)
    holm = bench.evaluate(right, rules, left).outcomes[0]
    plain = bench.evaluate(right, rules, left, correction=None).outcomes[0]
    p = alone.numbers["p_worse"]

    assert p < 0.05
    assert holm.numbers["p_adjusted"] == pytest.approx(min(1.0, 5 * p))
    assert plain.numbers["p_adjusted"] == p


@pytest.mark.parametrize("method", ["permutation", "bootstrap"])
def test_other_methods_find_it_too(bench, method):
    """And repeat with their seed."""
    baseline = bench.group("base", "accuracy", [0.9 + i / 1000 for i in range(10)])
    candidates = bench.group("new", "accuracy", [0.85 + i / 1000 for i in range(10)])
    rule = NoRegressionRule("accuracy", method=method)

    assert bench.outcome(candidates, rule, baseline).outcome == "fail"
    assert bench.evaluate(candidates, [rule], baseline, seed=3) == bench.evaluate(
        candidates, [rule], baseline, seed=3
    )


def test_a_candidate_without_a_counterpart_does_not_pass_unseen(bench):
    """Pairs leave it out of the test, so that nothing would hold its value against anything."""
    baseline = bench.group("base", "accuracy", BASE)
    new = bench.group("new", "accuracy", SAME)
    new.append(bench.add("lone", {"accuracy": -50.0}, params={"seed": 99}).run_id)
    found = bench.outcome(new, NoRegressionRule("accuracy", paired_by="seed"), baseline)

    assert found.outcome == "cannot_tell"
    assert f"{new[-1]} without a counterpart" in found.reason


def test_runs_that_did_not_complete_count_and_are_told(bench):
    """A failed run is judged like any other; the note says on which side it is."""
    baseline = bench.group("base", "accuracy", BASE)
    broken = bench.add("new", {"accuracy": 0.9}, status="failed").run_id
    found = bench.evaluate(broken, [NoRegressionRule("accuracy")], baseline)
    (note,) = found.completeness_notes

    assert (note.summary, note.details) == ("groups_runs_not_completed:candidates", {"failed": 1})


def test_a_name_that_says_no_direction_cannot_be_told(bench):
    """A gate that guessed would let half of all regressions pass; the way out is named."""
    left, right = bench.group("a", "grad_norm", [1.0] * 5), bench.group("b", "grad_norm", [9.0] * 5)
    found = bench.outcome(right, NoRegressionRule("grad_norm"), left)

    assert found.outcome == "cannot_tell"
    assert "higher_is_better" in found.reason
