"""The rule that candidates must not be worse than a baseline group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contexta.interpretation.compare.direction import better_when_higher
from contexta.interpretation.gate._checks import near_metric
from contexta.interpretation.gate._context import Context, names, outcome
from contexta.interpretation.gate._single import held_against
from contexta.interpretation.gate.models import RuleOutcome
from contexta.interpretation.gate.rules import NoRegressionRule
from contexta.interpretation.groups._judge import run_test
from contexta.interpretation.groups._members import pair_runs
from contexta.interpretation.groups._values import RunValue
from contexta.interpretation.groups.policy import GroupPolicy, unfit_sizes
from contexta.interpretation.statistics import (
    Comparison,
    adjust,
    sample,
    smallest_detectable,
)
from contexta.interpretation.wording import rough


@dataclass(frozen=True, slots=True)
class Tested:
    """A rule with its test against the margin; ``p_worse`` is one-sided, before adjustment."""

    rule: NoRegressionRule
    candidates: list[RunValue]
    baseline: list[RunValue]
    margin: float
    worse_by: float | None = None
    test: Comparison | None = None
    p_worse: float | None = None
    p_not_worse: float | None = None
    problem: tuple[str, str] | None = None

    @property
    def judged(self) -> bool:
        """Whether there is a p-value that several rules share the level with."""
        return self.problem is None and self.test is not None and self.test.status == "ok"


def check_regressions(
    rules: Sequence[NoRegressionRule],
    context: Context,
    policy: GroupPolicy,
    correction: str | None,
    seed: int,
) -> list[RuleOutcome]:
    """Test every rule, adjust the p-values of all for each other, and decide."""
    tested = [_test(rule, context, policy, seed) for rule in rules]
    adjusted = adjust([item.p_worse if item.judged else None for item in tested], correction)
    count = sum(1 for p in adjusted if p is not None) if correction else 1
    pairs = zip(tested, adjusted, strict=True)
    return [_decide(item, p, count, policy) for item, p in pairs]


def _test(rule: NoRegressionRule, context: Context, policy: GroupPolicy, seed: int) -> Tested:
    two = context.values(context.runs, rule.metric_key, rule.aggregation, rule.stage_name)
    one = context.values(context.baseline, rule.metric_key, rule.aggregation, rule.stage_name)
    result = Tested(rule, two, one, rule.margin or 0.0)
    problem = _unfit(rule, one, two, context)
    if problem is not None:
        return replace(result, problem=problem)
    if rule.paired_by is None:
        left = [item.value or 0.0 for item in one if item.finite]
        right = [item.value or 0.0 for item in two]
    else:
        values = {item.run.run_id: item.value for item in (*one, *two) if item.finite}
        pairs = pair_runs(context.baseline, context.runs, rule.paired_by)
        both = [(a, b) for a, b in pairs if a in values and b in values]
        paired = {b for _, b in both}
        alone = [item.run for item in two if item.run.run_id not in paired]
        if alone:  # a run that nothing was held against must not pass
            text = f"{names(alone)} without a counterpart of the same {rule.paired_by}"
            return replace(result, problem=("cannot_tell", text))
        left = [values[a] or 0.0 for a, _ in both]
        right = [values[b] or 0.0 for _, b in both]
    higher = rule.higher_is_better
    if higher is None:
        higher = better_when_higher(rule.metric_key)
    if higher is None:
        text = f"the name {rule.metric_key!r} does not say what is better; give higher_is_better"
        return replace(result, problem=("cannot_tell", text))
    sign = -1.0 if higher else 1.0
    reference = sample(left).mean
    if rule.relative_margin is not None and reference is not None:
        result = replace(result, margin=rule.relative_margin * abs(reference))
    # The margin is given to the candidates, so that a test against zero is one against it.
    eased = [value - sign * result.margin for value in right]
    test = _run(rule, left, eased, policy, seed)
    worse, fine = test.p_greater, test.p_less
    if sign < 0:
        worse, fine = fine, worse
    change = None if test.difference is None else sign * test.difference + result.margin
    return replace(result, worse_by=change, test=test, p_worse=worse, p_not_worse=fine)


def _run(
    rule: NoRegressionRule,
    left: list[float],
    right: list[float],
    policy: GroupPolicy,
    seed: int,
) -> Comparison:
    # An interval of 1 - 2 alpha has the bounds of a one-sided test at alpha.
    alpha, paired = 2.0 * rule.alpha, rule.paired_by is not None
    single = len(right) == 1 and not paired and rule.method != "bootstrap"
    if single:
        # One candidate is not a group: only the baseline must be large enough.
        unfit = unfit_sizes(policy, rule.method, len(left), len(left), paired=False)
    else:
        unfit = unfit_sizes(policy, rule.method, len(left), len(right), paired=paired)
    if unfit is not None:
        return Comparison(rule.method, "not_enough", alpha, len(left), len(right), reason=unfit)
    if single and rule.method == "welch":
        return held_against(left, right[0], alpha=alpha)
    return run_test(left, right, rule.method, policy, paired=paired, alpha=alpha, seed=seed)


def _unfit(
    rule: NoRegressionRule, one: list[RunValue], two: list[RunValue], context: Context
) -> tuple[str, str] | None:
    """Outcome and reason where the values themselves decide; else ``None``."""
    diverged = [item.run for item in two if item.value is not None and not item.finite]
    if diverged:
        return "fail", f"{rule.metric_key} is NaN or infinite in {names(diverged)}"
    missing = [item.run for item in two if item.value is None]
    if missing:
        near = near_metric(context, rule.metric_key)
        return "cannot_tell", f"{names(missing)} without {rule.metric_key}{near}"
    if not context.baseline:
        return "cannot_tell", "the baseline has no runs"
    if not any(item.finite for item in one):
        return "cannot_tell", f"no run of the baseline has a finite {rule.metric_key}"
    return None


def _decide(item: Tested, adjusted: float | None, tests: int, policy: GroupPolicy) -> RuleOutcome:
    verdict, reason = item.problem or _verdict(item, adjusted, tests, policy)
    test = item.test
    numbers: dict[str, object] = {
        "worse_by": item.worse_by,
        "margin": item.margin,
        "alpha": item.rule.alpha,
        "p_worse": item.p_worse,
        "p_adjusted": adjusted,
        "p_not_worse_than_margin": item.p_not_worse,
        "candidates": len(item.candidates),
        "baseline": sum(1 for value in item.baseline if value.finite),
        "baseline_left_out": sum(1 for value in item.baseline if not value.finite),
        "method": item.rule.method if test is None else test.method,
        "smallest_detectable": _visible(item, tests, policy),
    }
    links = [value.link for value in (*item.candidates, *item.baseline)]
    return outcome(item.rule, verdict, reason, numbers, links)


def _verdict(
    item: Tested, adjusted: float | None, tests: int, policy: GroupPolicy
) -> tuple[str, str]:
    rule, test, worse_by = item.rule, item.test, item.worse_by
    if test is None or worse_by is None or test.status == "not_enough":
        return "cannot_tell", "nothing to test" if test is None else test.reason
    beyond = worse_by - item.margin
    if test.status != "ok" or adjusted is None:
        if beyond <= 0 and test.status in ("no_variance", "identical"):
            return "pass", f"{_change(worse_by)}; the values do not vary"
        text = f"{_change(worse_by)}; {test.reason} (a threshold rule can)"
        return "cannot_tell", text
    text = f"{_change(worse_by)}, p {rough(adjusted)}"
    if test.method == "prediction":
        text += " by the prediction interval"
    asked = rule.margin is not None or rule.relative_margin is not None
    margin = f" than the margin {rough(item.margin)}" if asked else ""
    if adjusted <= rule.alpha:
        doubt = "; one run is weak evidence: confirm with more"
        return "fail", f"{text}: worse{margin}{doubt if test.method == 'prediction' else ''}"
    if asked:
        if item.p_not_worse is not None and item.p_not_worse <= rule.alpha:
            return "pass", f"{text}: not worse{margin} (p {rough(item.p_not_worse)})"
        return "cannot_tell", f"{text}: neither worse nor not worse{margin}; add runs"
    if test.smallest_p_one_sided * tests > rule.alpha:
        least = rough(test.smallest_p_one_sided * tests)
        return "cannot_tell", f"not enough runs: {test.method} gives no p-value below {least}"
    visible = _visible(item, tests, policy)
    seen = (
        ""
        if visible is None
        else f"; a regression of {rough(visible)} would be seen in {policy.power:.0%} of cases"
    )
    return "pass", f"{text}: no regression found{seen}"


def _visible(item: Tested, tests: int, policy: GroupPolicy) -> float | None:
    if item.test is None:
        return None
    level = 2.0 * item.rule.alpha / max(tests, 1)
    return smallest_detectable(item.test, alpha=level, power=policy.power)


def _change(worse_by: float) -> str:
    if worse_by == 0 or math.isnan(worse_by):
        return "equal on average"
    return f"{rough(abs(worse_by))} {'worse' if worse_by > 0 else 'better'} on average"
