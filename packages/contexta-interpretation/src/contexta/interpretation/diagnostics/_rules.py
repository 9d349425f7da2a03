"""The checks, one function each, in the order in which their issues are listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from contexta.interpretation.diagnostics.models import DiagnosticsIssue
from contexta.interpretation.diagnostics.policy import DiagnosticsPolicy
from contexta.interpretation.query._snapshot import RunFacts
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import ObservationRecord
from contexta.interpretation.wording import counted

_LINKS_PER_ISSUE = 10


def _issue(
    severity: str, code: str, summary: str, link: EvidenceLink, **details: Any
) -> DiagnosticsIssue:
    return DiagnosticsIssue(severity, code, summary, details, link.ref, (link,))


def run_status(facts: RunFacts, _policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """A run that failed, was cancelled, or whose process died."""
    run = facts.run
    link = EvidenceLink("run", run.run_id, run.name)
    if run.status == "failed":
        yield _issue("error", "failed_run", f"run {run.name} failed", link, status=run.status)
    elif run.status == "interrupted":
        text = f"run {run.name} was interrupted: its process ended without closing it"
        yield _issue("error", "interrupted_run", text, link, status=run.status)
    elif run.status == "cancelled":
        yield _issue(
            "info", "cancelled_run", f"run {run.name} was cancelled", link, status="cancelled"
        )


def error_events(facts: RunFacts, _policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """Events of level error or critical, one issue per key with their number."""
    groups: dict[str, list[ObservationRecord]] = defaultdict(list)
    for record in facts.problems:
        if record.record_type == "event" and record.payload.get("level") in ("error", "critical"):
            groups[record.key].append(record)
    for key, records in groups.items():
        last = records[-1]
        yield DiagnosticsIssue(
            "error",
            "error_event",
            f"{len(records)} error event{'s' * (len(records) > 1)} {key}: {last.message}",
            {"event_key": key, "count": len(records), "message": last.message},
            last.record_id,
            tuple(EvidenceLink("record", r.record_id, key) for r in records[-_LINKS_PER_ISSUE:]),
        )


def nonfinite_metrics(facts: RunFacts, _policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """Metrics with NaN or infinite values: the run diverged or divided by zero."""
    for row in facts.metrics:
        if not row.nonfinite_count:
            continue
        where = f"{row.stage_name}/" if row.stage_name else ""
        subject = row.last_record_id or row.run_id
        kind = "record" if row.last_record_id else "run"
        yield _issue(
            "error",
            "nonfinite_metric",
            f"metric {where}{row.metric_key}: {row.nonfinite_count} of "
            f"{counted(row.count, 'value is', 'values are')} NaN or infinite",
            EvidenceLink(kind, subject, row.metric_key),
            metric_key=row.metric_key,
            stage_id=row.stage_id,
            nonfinite_count=row.nonfinite_count,
            count=row.count,
        )


def degraded_records(facts: RunFacts, policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """Records that say that something is missing."""
    if not policy.detect_degraded_records:
        return
    for record in facts.problems:
        if record.degradation_marker == "none":
            continue
        what = record.message or record.key
        yield _issue(
            "warning",
            "degraded_record",
            f"{record.record_type} {record.key} is degraded ({record.degradation_marker}): {what}",
            EvidenceLink("record", record.record_id, record.key),
            record_type=record.record_type,
            degradation_marker=record.degradation_marker,
            stage_id=record.stage_id,
        )


def damage(facts: RunFacts, _policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """What was recorded and is gone: damage that was met, and artifacts without their bodies."""
    run = facts.run
    for note in facts.completeness.notes:
        link = EvidenceLink("run", run.run_id, run.name)
        yield _issue("error", "damaged_data", note, link, run_id=run.run_id)
    for item in facts.artifacts:
        if item.body_missing:
            yield _issue(
                "error",
                "missing_artifact_body",
                f"the body of {item.kind} {item.artifact_ref} is gone",
                EvidenceLink("artifact", item.artifact_ref, item.kind),
                artifact_kind=item.kind,
                run_id=run.run_id,
            )


def stages(facts: RunFacts, policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """Stages that did not complete, and completed ones without metrics.

    A stage that is open in a run that is open is running, which is no problem.
    """
    measured = {row.stage_id for row in facts.metrics}
    run_id = facts.run.run_id
    for stage in facts.stages:
        link = EvidenceLink("stage", stage.stage_id, stage.name)
        running = stage.status == "open" and facts.run.status == "open"
        if stage.status != "completed" and not running:
            text = f"stage {stage.name} ended {stage.status}"
            if stage.status == "open":
                text = f"stage {stage.name} was never closed, its run is {facts.run.status}"
            yield _issue(
                "warning", "incomplete_stage", text, link, status=stage.status, run_id=run_id
            )
        if (
            policy.require_metrics_for_completed_stages
            and stage.status == "completed"
            and stage.stage_id not in measured
        ):
            text = f"stage {stage.name} completed without a metric"
            yield _issue(
                "info", "missing_stage_metrics", text, link, stage_name=stage.name, run_id=run_id
            )


def batches(facts: RunFacts, _policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """Batches that failed or ended otherwise incomplete."""
    for batch in facts.batches:
        if batch.status in ("completed", "open"):
            continue
        link = EvidenceLink("batch", batch.batch_id, batch.name)
        common = {"batch_id": batch.batch_id, "run_id": facts.run.run_id}
        if batch.status == "failed":
            text = f"batch {batch.name} failed"
            yield _issue("error", "failed_batch", text, link, stage_id=batch.stage_id, **common)
        else:
            text = f"batch {batch.name} ended {batch.status}"
            yield _issue("warning", "incomplete_batch", text, link, status=batch.status, **common)


def deployments(facts: RunFacts, _policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """Deployments that failed."""
    for item in facts.deployments:
        if item.status == "failed":
            yield _issue(
                "error",
                "failed_deployment",
                f"deployment {item.name} failed",
                EvidenceLink("deployment", item.deployment_id, item.name),
                deployment_id=item.deployment_id,
                run_id=facts.run.run_id,
            )


def expected_stages(facts: RunFacts, policy: DiagnosticsPolicy) -> Iterator[DiagnosticsIssue]:
    """Stages that the policy expects of a closed run and that it lacks."""
    if facts.run.status == "open":
        return
    names = {stage.name for stage in facts.stages}
    for expected in policy.expected_terminal_stage_names:
        if expected not in names:
            yield _issue(
                "info",
                "missing_expected_stage",
                f"run {facts.run.name} has no stage {expected}",
                EvidenceLink("run", facts.run.run_id, facts.run.name),
                expected_stage_name=expected,
                run_id=facts.run.run_id,
            )


RULES = (
    run_status,
    error_events,
    nonfinite_metrics,
    degraded_records,
    damage,
    stages,
    batches,
    deployments,
    expected_stages,
)
