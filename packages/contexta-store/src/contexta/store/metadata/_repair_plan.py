"""From findings to actions, and from actions to lines for people. Reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata._repair_models import RepairCandidate, RepairPlan, RepairPreview

if TYPE_CHECKING:
    from contexta.store.metadata._integrity import IntegrityReport

_NO_ACTION = "review_issue"


def plan_repairs(report: IntegrityReport | None = None) -> RepairPlan:
    """Return one candidate for each finding of a report, in its order. Changes nothing.

    Args:
        report: None, or a report without findings, makes an empty plan.
    """
    if report is None or report.ok:
        return RepairPlan(ok=True)
    candidates = tuple(
        RepairCandidate(
            issue.code,
            issue.ref,
            issue.suggested_action or _NO_ACTION,
            issue.message,
            issue.details,
        )
        for issue in report.issues
    )
    return RepairPlan(
        ok=False,
        candidates=candidates,
        actions=tuple(dict.fromkeys(candidate.action for candidate in candidates)),
    )


def preview_repairs(plan: RepairPlan | None = None) -> RepairPreview:
    """Return a plan as lines: first the number of candidates, then one line each."""
    if plan is None or plan.ok:
        return RepairPreview(RepairPlan(ok=True), ("Nothing to do.",))
    lines = [f"{len(plan.candidates)} repair candidates:"]
    lines.extend(
        f"{candidate.action}: {candidate.ref or '<store>'} ({candidate.issue_code})"
        for candidate in plan.candidates
    )
    return RepairPreview(plan, tuple(lines))
