"""Groups and gates on replicates: how often they call chance a difference."""

from dataclasses import dataclass

import pytest
from _simulate import draw, generator
from _tables import above, cells, show
from _workspace import ids, query_service

from contexta.interpretation.gate import GateService, NoRegressionRule
from contexta.interpretation.groups import GroupPolicy, GroupService

POLICY = GroupPolicy(resamples=999, exact_limit=1_000)
KEYS = ("accuracy", "recall", "val_loss", "latency_ms")
FOUND = ("better", "worse", "different")


@dataclass
class Alarms:
    """Alarms and undecided answers among trials."""

    trials: int = 0
    alarms: int = 0
    undecided: int = 0
    intervals: int = 0

    @property
    def alarm_rate(self) -> float:
        return self.alarms / self.trials


def alarms(rates):
    return rates.alarm_rate


def undecided(rates):
    return rates.undecided / rates.trials


def groups_a_a(shape, n, trials, **arguments):
    """Compare two groups of replicates over four metrics; an alarm is any difference found."""
    random, rates = generator("groups", shape, n, sorted(arguments.items())), Alarms()
    for trial in range(trials):
        runs = {name: {key: draw(random, shape, n) for key in KEYS} for name in ("left", "right")}
        service = GroupService(query_service(runs), POLICY)
        rows = service.compare_groups(
            ids("left", n), ids("right", n), seed=trial, **arguments
        ).metrics
        rates.trials += 1
        rates.alarms += any(row.verdict in FOUND for row in rows)
        rates.undecided += all(row.verdict == "cannot tell" for row in rows)
    return rates


def gate_a_a(shape, n, trials, *, candidates, higher=True, shift=0.0, **rule):
    """Gate replicates against a baseline; an alarm is a fail."""
    random = generator("gate", shape, n, candidates, higher, shift, sorted(rule.items()))
    rates = Alarms()
    for trial in range(trials):
        runs = {
            "base": {key: draw(random, shape, n) for key in KEYS},
            "new": {key: draw(random, shape, candidates) - shift for key in KEYS},
        }
        rules = [NoRegressionRule(key, higher_is_better=higher, **rule) for key in KEYS]
        service = GateService(query_service(runs), POLICY)
        verdict = service.evaluate(
            ids("new", candidates), rules, ids("base", n), seed=trial
        ).verdict
        rates.trials += 1
        rates.alarms += verdict == "fail"
        rates.undecided += verdict == "cannot_tell"
    return rates


@pytest.mark.parametrize("method", ["welch", "permutation"])
def test_groups_of_replicates_alarm_at_the_nominal_rate(trials, method):
    """Over four metrics together at most 5 %: the correction holds for the family."""
    count = max(60, trials // 5)
    found = cells(lambda shape, n: groups_a_a(shape, n, count, method=method))
    show(f"groups, A/A, 4 metrics, {method}, Holm: any difference found", found, alarms)
    show(f"groups, A/A, 4 metrics, {method}, Holm: nothing can be told", found, undecided)

    assert above(found, alarms, lambda _shape, _n: 0.052) == {}


def test_groups_without_a_correction_alarm_more(trials):
    """Four metrics at 5 % each alarm in up to 19 %: the correction is not for show."""
    count = max(60, trials // 5)
    found = cells(
        lambda shape, n: groups_a_a(shape, n, count, correction=None), (10, 30), ("normal",)
    )
    show("groups, A/A, 4 metrics, no correction: any difference found", found, alarms)

    assert all(0.10 < rates.alarm_rate < 0.32 for rates in found.values())


@pytest.mark.parametrize("method", ["welch", "permutation"])
def test_gates_of_replicates_fail_at_the_nominal_rate(trials, method):
    """As many candidates as baseline runs, four rules, one-sided, Holm: at most 5 % fail."""
    count = max(60, trials // 5)
    found = cells(lambda shape, n: gate_a_a(shape, n, count, candidates=n, method=method))
    show(f"gate, A/A, 4 rules, {method}, n candidates: fail", found, alarms)
    show(f"gate, A/A, 4 rules, {method}, n candidates: cannot tell", found, undecided)

    assert above(found, alarms, lambda _shape, _n: 0.052) == {}


def test_gates_of_one_candidate(trials):
    """One run by the prediction interval on two scales: nominal, skewed durations included."""
    count = max(60, trials // 5)
    found = cells(lambda shape, n: gate_a_a(shape, n, count, candidates=1, higher=False))
    show("gate, A/A, 4 rules, one candidate, less is better: fail", found, alarms)

    assert above(found, alarms, lambda _shape, _n: 0.056) == {}


def test_gates_find_true_regressions(trials):
    """Worse by three standard deviations: ten candidates always fail, one in most cases."""
    count = max(60, trials // 5)
    several = cells(
        lambda shape, n: gate_a_a(shape, n, count, candidates=n, shift=3.0), (5, 10), ("normal",)
    )
    one = cells(
        lambda shape, n: gate_a_a(shape, n, count, candidates=1, shift=3.0), (10, 30), ("normal",)
    )
    show("gate, worse by 3 sd in 4 metrics, n candidates: fail", several, alarms)
    show("gate, worse by 3 sd in 4 metrics, one candidate: fail", one, alarms)

    assert several["normal", 10].alarm_rate > 0.99
    assert one["normal", 30].alarm_rate > 0.85


def test_a_margin_passes_only_what_is_shown(trials):
    """Regressions exactly as large as the margin pass in at most 5 %."""
    count = max(60, trials // 5)
    random, passes = generator("margin"), 0
    for _ in range(count):
        runs = {
            "base": {"accuracy": draw(random, "normal", 10)},
            "new": {"accuracy": draw(random, "normal", 10) - 1.0},
        }
        rule = NoRegressionRule("accuracy", margin=1.0)
        service = GateService(query_service(runs), POLICY)
        passes += service.evaluate(ids("new", 10), [rule], ids("base", 10)).verdict == "pass"
    print(f"\npassed although worse by the margin: {passes / count:.3f} ({count} trials)")

    assert passes / count <= 0.05 + 4 * (0.05 * 0.95 / count) ** 0.5
