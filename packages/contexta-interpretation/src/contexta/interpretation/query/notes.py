"""What is missing or doubtful in what is known of a run, in counts that can be checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    MetricSummaryRecord,
    ObservationRecord,
    RunRecord,
    StageRecord,
)


def snapshot_notes(
    run: RunRecord,
    *,
    stages: Sequence[StageRecord],
    metrics: Iterable[MetricSummaryRecord],
    problems: Iterable[ObservationRecord],
    stages_with_records: set[str],
    record_count: int,
    artifacts: Iterable[ArtifactRecord],
    damage: Iterable[str],
) -> tuple[str, ...]:
    """Return the completeness notes of a run.

    The absence of something optional (deployments, batches, samples, artifacts, relations) is
    no gap and gives no note.
    """
    notes: list[str] = []
    if run.status == "open":
        notes.append("run_open")
    elif run.status == "interrupted":
        notes.append("run_interrupted")
    if record_count == 0 and run.status != "open":
        notes.append("record_scope_empty")
    degraded = sum(1 for record in problems if record.degradation_marker != "none")
    if degraded:
        notes.append(f"degraded_records:{degraded}")
    for row in metrics:
        if row.nonfinite_count:
            stage = f"{row.stage_name}/" if row.stage_name else ""
            notes.append(f"nonfinite_values:{stage}{row.metric_key}:{row.nonfinite_count}")
    notes += [f"artifact_body_missing:{a.artifact_ref}" for a in artifacts if a.body_missing]
    notes += [f"damage:{text}" for text in damage]
    notes += [
        f"missing_stage_records:{stage.name}"
        for stage in stages
        if stage.status == "completed" and stage.stage_id not in stages_with_records
    ]
    return tuple(dict.fromkeys(notes))
