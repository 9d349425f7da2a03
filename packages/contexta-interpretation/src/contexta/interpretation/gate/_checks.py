"""The rules that look at what was recorded, without a test."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from contexta.contract.refs import slugify
from contexta.interpretation._nearest import hint, nearest
from contexta.interpretation._statistics import mean, percentile
from contexta.interpretation.completeness import completeness_of
from contexta.interpretation.gate._context import Context, names, outcome, run_link
from contexta.interpretation.gate.models import RuleOutcome
from contexta.interpretation.gate.rules import (
    CompletenessRule,
    NoErrorsRule,
    RequiredArtifactsRule,
    RequiredMetricsRule,
    RequiredStagesRule,
    ThresholdRule,
)
from contexta.interpretation.groups._values import RunValue
from contexta.interpretation.query.filters import OPERATORS
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import RunRecord
from contexta.interpretation.wording import counted, rough


def check_threshold(rule: ThresholdRule, context: Context) -> RuleOutcome:
    """Hold the values of the runs, or their mean or median, against the threshold."""
    found = context.values(context.runs, rule.metric_key, rule.aggregation, rule.stage_name)
    links = [item.link for item in found]
    missing = [item.run for item in found if item.value is None]
    known = [item for item in found if item.value is not None]
    numbers: dict[str, object] = {
        "values": tuple(item.value for item in known),
        "threshold": rule.value,
        "operator": rule.operator,
        "missing": len(missing),
    }
    nonfinite = [item.run for item in known if not item.finite]
    if nonfinite:
        text = f"{rule.metric_key} is NaN or infinite in {names(nonfinite)}"
        return outcome(rule, "fail", text, numbers, links)
    if rule.across == "every":
        return _every(rule, known, missing, numbers, links, context)
    if missing:
        return outcome(rule, "cannot_tell", _missing(rule, missing, context), numbers, links)
    values = [item.value or 0.0 for item in known]
    middle = mean(values) if rule.across == "mean" else percentile(values, 0.5)
    value = math.nan if middle is None else middle
    numbers[rule.across] = value
    holds = OPERATORS[rule.operator](value, rule.value)
    text = f"the {rule.across} of {counted(len(values), 'run')} is {_apart(value, rule.value)}"
    return outcome(rule, "pass" if holds else "fail", text, numbers, links)


def _every(
    rule: ThresholdRule,
    known: list[RunValue],
    missing: list[RunRecord],
    numbers: dict[str, object],
    links: list[EvidenceLink],
    context: Context,
) -> RuleOutcome:
    holds = OPERATORS[rule.operator]
    bad = [item for item in known if not holds(item.value or 0.0, rule.value)]
    if bad:
        shown = _apart(bad[0].value or 0.0, rule.value)
        text = f"{shown} in {names([item.run for item in bad])}"
        return outcome(rule, "fail", text, numbers, [item.link for item in bad])
    if missing:
        return outcome(rule, "cannot_tell", _missing(rule, missing, context), numbers, links)
    shown = ", ".join(_apart(item.value or 0.0, rule.value) for item in known[:3])
    more = f" and {len(known) - 3} more" if len(known) > 3 else ""
    return outcome(rule, "pass", f"{shown}{more}", numbers, links)


def _apart(value: float, threshold: float) -> str:
    """A value in four digits, or in as many as set it apart from the threshold."""
    pairs = ((f"{value:.{digits}g}", f"{threshold:.{digits}g}") for digits in (4, 8, 12, 17))
    return next((one for one, other in pairs if one != other), rough(value))


def _missing(rule: ThresholdRule, missing: Sequence[RunRecord], context: Context) -> str:
    where = f" in stage {rule.stage_name}" if rule.stage_name else ""
    near = near_metric(context, rule.metric_key)
    return f"{names(missing)} without {rule.metric_key}{where}{near}"


def near_metric(context: Context, key: str) -> str:
    """The nearest metrics that the candidates have, when none has this one; else nothing."""
    known = context.known_metrics()
    return "" if key in known else hint(nearest(key, known))


def check_stages(rule: RequiredStagesRule, context: Context) -> RuleOutcome:
    """Look for completed stages of every run; a run that is open may still complete them."""
    repository = context.query_service.repository

    def lacks(run: RunRecord) -> list[str]:
        stages = {stage.name: stage.status for stage in repository.list_stages(run.run_id)}
        faults = []
        for wanted in rule.stage_names:
            status = stages.get(wanted, stages.get(slugify(wanted)))
            if status is None:
                faults.append(f"no stage {wanted}{_near(wanted, stages)}")
            elif status != "completed":
                faults.append(f"stage {wanted} is {status}")
        return faults

    return _required(rule, context, lacks, "every stage completed")


def check_metrics(rule: RequiredMetricsRule, context: Context) -> RuleOutcome:
    """Look for at least one value of each metric in every run."""
    found: dict[str, set[str]] = {}
    for key in rule.metric_keys:
        values = context.values(context.runs, key, "latest", rule.stage_name)
        found[key] = {item.run.run_id for item in values if item.value is not None}
    where = f" in stage {rule.stage_name}" if rule.stage_name else ""
    near = {key: "" if found[key] else near_metric(context, key) for key in rule.metric_keys}

    def lacks(run: RunRecord) -> list[str]:
        return [
            f"no metric {key}{where}{near[key]}"
            for key in rule.metric_keys
            if run.run_id not in found[key]
        ]

    return _required(rule, context, lacks, "every metric is there")


def check_artifacts(rule: RequiredArtifactsRule, context: Context) -> RuleOutcome:
    """Count the artifacts of each kind in every run; one without its body does not count."""
    repository = context.query_service.repository

    def lacks(run: RunRecord) -> list[str]:
        artifacts = repository.list_artifacts(run_id=run.run_id)
        kinds = sorted({item.kind for item in artifacts})
        faults = []
        for kind in rule.kinds:
            same = [item for item in artifacts if item.kind == kind]
            whole = sum(1 for item in same if not item.body_missing)
            if whole < rule.minimum:
                gone = f", {len(same) - whole} without a body" if len(same) > whole else ""
                near = "" if same else _near(kind, kinds)
                faults.append(
                    f"{whole} of {counted(rule.minimum, 'artifact')} of kind {kind}{gone}{near}"
                )
        return faults

    return _required(rule, context, lacks, "every artifact is there")


def _required(
    rule: RequiredStagesRule | RequiredMetricsRule | RequiredArtifactsRule,
    context: Context,
    lacks: Callable[[RunRecord], list[str]],
    good: str,
) -> RuleOutcome:
    """Fail for closed runs that lack something; an open run cannot be told yet."""
    closed: list[tuple[RunRecord, list[str]]] = []
    running: list[tuple[RunRecord, list[str]]] = []
    for run in context.runs:
        faults = lacks(run)
        if faults:
            (running if run.status == "open" else closed).append((run, faults))
    numbers: dict[str, object] = {
        "runs": len(context.runs),
        "lacking": len(closed),
        "still_open": len(running),
    }
    shown = closed or running
    if not shown:
        return outcome(rule, "pass", good, numbers, [run_link(run) for run in context.runs])
    texts = [f"{run.run_id}: {', '.join(faults)}" for run, faults in shown[:3]]
    more = f" and {counted(len(shown) - 3, 'more run')}" if len(shown) > 3 else ""
    text = "; ".join(texts) + more
    if not closed:
        text += " (still open)"
    links = [run_link(run) for run, _ in shown]
    return outcome(rule, "fail" if closed else "cannot_tell", text, numbers, links)


def check_errors(rule: NoErrorsRule, context: Context) -> RuleOutcome:
    """Diagnose every run; an open run without errors may still come to some."""
    issues = [
        issue
        for run in context.runs
        for issue in context.issues_of(run)
        if issue.severity == "error" and issue.code not in rule.ignore
    ]
    still_open = [run for run in context.runs if run.status == "open"]
    numbers: dict[str, object] = {
        "errors": len(issues),
        "codes": tuple(sorted({issue.code for issue in issues})),
        "still_open": len(still_open),
    }
    if issues:
        more = f" and {len(issues) - 3} more" if len(issues) > 3 else ""
        text = "; ".join(issue.summary for issue in issues[:3]) + more
        links = [link for issue in issues for link in issue.evidence_links]
        return outcome(rule, "fail", text, numbers, links)
    if still_open:
        text = f"no error so far, but {names(still_open)} still open"
        return outcome(rule, "cannot_tell", text, numbers, [run_link(r) for r in still_open])
    return outcome(rule, "pass", "no error", numbers, [run_link(run) for run in context.runs])


def check_completeness(rule: CompletenessRule, context: Context) -> RuleOutcome:
    """Hold the counts of what is missing or doubtful against the limits."""
    ids = [run.run_id for run in context.runs]
    counts = completeness_of(context.query_service, ids, rule.metric_keys)
    numbers: dict[str, object] = {name: getattr(counts, name) for name in rule.limits}
    over = [
        f"{name} {getattr(counts, name)}, allowed {limit}"
        for name, limit in rule.limits.items()
        if getattr(counts, name) > limit
    ]
    links = [run_link(run) for run in context.runs]
    text = "; ".join(over) or "within the limits"
    return outcome(rule, "fail" if over else "pass", text, numbers, links)


def _near(name: str, known: Sequence[str] | dict[str, str]) -> str:
    found = nearest(name, sorted(known))
    return f" (nearest: {', '.join(found)})" if found else ""
