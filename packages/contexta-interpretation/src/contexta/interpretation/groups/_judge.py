"""One metric of two groups tested, and the result in words."""

from __future__ import annotations

from dataclasses import replace

from contexta.interpretation.groups._values import RunValue
from contexta.interpretation.groups.models import GroupMetric, GroupSide
from contexta.interpretation.groups.policy import GroupPolicy, unfit_sizes
from contexta.interpretation.statistics import (
    Comparison,
    bootstrap_test,
    hedges_g,
    paired_effect,
    paired_t_test,
    permutation_test,
    relative_change,
    sample,
    smallest_detectable,
    welch_test,
)
from contexta.interpretation.wording import rough

_LINKS_A_SIDE = 10


def run_test(
    left: list[float],
    right: list[float],
    method: str,
    policy: GroupPolicy,
    *,
    paired: bool,
    alpha: float,
    seed: int,
) -> Comparison:
    """Test two lists of finite values by one of the methods."""
    if method == "permutation":
        return permutation_test(
            left,
            right,
            paired=paired,
            alpha=alpha,
            resamples=policy.resamples,
            exact_limit=policy.exact_limit,
            seed=seed,
        )
    if method == "bootstrap":
        return bootstrap_test(
            left, right, paired=paired, alpha=alpha, resamples=policy.resamples, seed=seed
        )
    if paired:
        return paired_t_test(left, right, alpha=alpha)
    return welch_test(left, right, alpha=alpha)


def metric_row(
    key: str,
    left: list[RunValue],
    right: list[RunValue],
    pairs: list[tuple[str, str]] | None,
    method: str,
    policy: GroupPolicy,
    *,
    alpha: float,
    seed: int,
    higher_is_better: bool | None,
) -> GroupMetric:
    """Return the row of one metric, before p-values are adjusted; ``verdict`` is empty."""
    one, two = _kept(left, right, pairs)
    a, b = [item.value or 0.0 for item in one], [item.value or 0.0 for item in two]
    first, second = _side(left, one, pairs), _side(right, two, pairs)
    test = run_test(a, b, method, policy, paired=pairs is not None, alpha=alpha, seed=seed)
    unfit = unfit_sizes(policy, method, first.n, second.n, paired=pairs is not None)
    if unfit is not None:
        test = replace(_without_test(test), status="not_enough", reason=unfit)
    if pairs is None:
        effect = hedges_g(a, b)
    else:
        effect = paired_effect(y - x for x, y in zip(a, b, strict=True))
    change = test.difference
    if change is None and first.mean is not None and second.mean is not None:
        change = second.mean - first.mean
    return GroupMetric(
        metric_key=key,
        left=first,
        right=second,
        difference=change,
        relative=relative_change(first.mean, second.mean),
        low=test.low,
        high=test.high,
        p_value=test.p_value,
        p_adjusted=None,
        effect_size=effect,
        smallest_detectable=None,
        verdict="",
        reason="",
        higher_is_better=higher_is_better,
        test=test,
        unit=next((item.unit for item in (*left, *right) if item.unit), None),
        evidence_links=tuple(item.link for side in (one, two) for item in side[:_LINKS_A_SIDE]),
    )


def judge(
    row: GroupMetric, adjusted: float | None, tests: int, alpha: float, power: float
) -> GroupMetric:
    """Give a row its adjusted p-value, verdict and reason; ``tests`` were made in all."""
    visible = smallest_detectable(row.test, alpha=alpha / max(tests, 1), power=power)
    row = replace(row, p_adjusted=adjusted, smallest_detectable=visible)
    verdict, reason = _verdict(row, tests, alpha, power)
    left_out = _left_out(row)
    return replace(row, verdict=verdict, reason=f"{reason}; {left_out}" if left_out else reason)


def _verdict(row: GroupMetric, tests: int, alpha: float, power: float) -> tuple[str, str]:
    test = row.test
    if test.status == "identical":
        return "no difference found", "every run has the same value, so any difference would show"
    if test.status != "ok" or row.p_adjusted is None or row.difference is None:
        known = "" if row.difference is None else f" (the means differ by {rough(row.difference)})"
        return "cannot tell", test.reason + (known if test.status == "no_variance" else "")
    if row.p_adjusted > alpha and test.smallest_p * tests > alpha:
        text = (
            f"not enough runs: with {test.n_left} and {test.n_right}, {test.method} gives no "
            f"p-value below {rough(test.smallest_p)}"
        )
        if tests > 1:
            text += f" and {tests} metrics share the level"
        return "cannot tell", text
    change = f"{rough(abs(row.difference))} {'higher' if row.difference > 0 else 'lower'}"
    if row.relative is not None:
        change += f" ({abs(row.relative):.2%})"
    p = f"{'adjusted p' if tests > 1 else 'p'} {rough(row.p_adjusted)}"
    if row.p_adjusted > alpha:
        return "no difference found", f"{change}, {p}; {_visible(row, power)}"
    bounds = (
        ""
        if row.low is None
        else f", {100 - 100 * alpha:.4g}% interval {rough(row.low)} to {rough(row.high)}"
    )
    text = f"{change}{bounds}, {p}"
    if row.higher_is_better is None:
        return "different", text
    return ("better" if (row.difference > 0) == row.higher_is_better else "worse"), text


def _visible(row: GroupMetric, power: float) -> str:
    if row.smallest_detectable is None:
        return "how small a difference could have been seen is not known"
    share = relative_change(row.left.mean, (row.left.mean or 0.0) + row.smallest_detectable)
    size = rough(row.smallest_detectable) + ("" if share is None else f" ({share:.2%})")
    return f"a difference of {size} would be seen in {power:.0%} of such comparisons"


def _left_out(row: GroupMetric) -> str:
    texts = []
    for count, what in (
        (row.left.nonfinite + row.right.nonfinite, "ended in NaN or infinity"),
        (row.left.missing + row.right.missing, "without the metric"),
        (row.left.unpaired + row.right.unpaired, "without a counterpart"),
    ):
        if count:
            texts.append(f"{count} run{'s' * (count > 1)} {what}")
    return f"left out: {', '.join(texts)}" if texts else ""


def _kept(
    left: list[RunValue], right: list[RunValue], pairs: list[tuple[str, str]] | None
) -> tuple[list[RunValue], list[RunValue]]:
    if pairs is None:
        return [x for x in left if x.finite], [x for x in right if x.finite]
    one = {item.run.run_id: item for item in left if item.finite}
    two = {item.run.run_id: item for item in right if item.finite}
    both = [(one[a], two[b]) for a, b in pairs if a in one and b in two]
    return [a for a, _ in both], [b for _, b in both]


def _side(
    items: list[RunValue], kept: list[RunValue], pairs: list[tuple[str, str]] | None
) -> GroupSide:
    found = sample(item.value or 0.0 for item in kept)
    finite = sum(1 for item in items if item.finite)
    missing = sum(1 for item in items if item.value is None)
    return GroupSide(
        n=found.n,
        mean=found.mean,
        sd=found.sd,
        median=found.median,
        minimum=found.minimum,
        maximum=found.maximum,
        missing=missing,
        nonfinite=len(items) - finite - missing,
        unpaired=0 if pairs is None else finite - len(kept),
    )


def _without_test(test: Comparison) -> Comparison:
    return Comparison(test.method, test.status, test.alpha, test.n_left, test.n_right)
