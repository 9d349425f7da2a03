"""Write the plans into the planes, dated as they happened."""

import io
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from contexta.cli.demo._plan import DeploymentPlan, FilePlan, RunPlan
from contexta.contract import (
    ArtifactManifest,
    BatchExecution,
    DeploymentExecution,
    EnvironmentSnapshot,
    LineageEdge,
    Project,
    Run,
    SampleObservation,
    StageExecution,
)
from contexta.contract.models.records import (
    DegradedPayload,
    DegradedRecord,
    RecordEnvelope,
    StructuredEventPayload,
    StructuredEventRecord,
    TraceSpanPayload,
    TraceSpanRecord,
)

if TYPE_CHECKING:
    from contexta.client import Contexta

_PRODUCER = "sdk.python.demo"


def write_runs(ctx: "Contexta", runs: list[RunPlan], tick: Callable[[int], None]) -> None:
    """Store all runs with everything in them; `tick` hears how many are done."""
    # One transaction for all rows: a sync for each run would take most of the time.
    ctx.metadata_store.put_all([row for run in runs for row in _rows(run)])
    for done, run in enumerate(runs, start=1):
        for file in run.files:
            ctx.artifact_store.put_artifact_from_stream(
                _manifest(run, file), io.BytesIO(file.body), source_name=file.file_name
            )
        _points(ctx, run)
        ctx.record_store.append_many(list(_records(run)))
        tick(done)
    ctx.metadata_store.put_all([row for run in runs for row in _relations(run)])


def write_projects(ctx: "Contexta", projects: dict[str, str], created: datetime) -> None:
    """Store the projects with their descriptions."""
    ctx.metadata_store.put_all(
        Project(project_ref=f"project:{name}", name=name, created_at=_at(created), description=text)
        for name, text in projects.items()
    )


def write_deployments(ctx: "Contexta", deployments: list[DeploymentPlan]) -> None:
    """Store the deployments; their runs and artifacts are there already."""
    rows = [
        DeploymentExecution(
            deployment_execution_ref=f"deployment:{one.project}.{one.name}",
            project_ref=f"project:{one.project}",
            deployment_name=one.name,
            display_name=one.title,
            status="open" if one.ended is None else "completed",
            started_at=_at(one.started),
            ended_at=None if one.ended is None else _at(one.ended),
            order_index=place,
            run_ref=f"run:{one.run.value}",
            artifact_ref=_file_ref(one.run, one.file),
            environment_snapshot_ref=f"environment:{one.run.value}.runtime",
            metadata=dict(one.metadata),
        )
        for place, one in enumerate(deployments)
    ]
    ctx.metadata_store.put_all(rows)


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _after(run: RunPlan, second: float) -> str:
    return _at(run.started + timedelta(seconds=second))


def _file_ref(run: RunPlan, file: FilePlan) -> str:
    return f"artifact:{run.value}.{file.name}"


def _stage_ref(run: RunPlan, stage: str) -> str:
    return f"stage:{run.value}.{stage}"


def _rows(run: RunPlan) -> Iterator[Any]:
    ref = f"run:{run.value}"
    config = next((file for file in run.files if file.kind == "config_snapshot"), None)
    yield Run(
        run_ref=ref,
        project_ref=f"project:{run.project}",
        name=run.name,
        status=run.status,
        started_at=_at(run.started),
        ended_at=_at(run.ended),
        description=run.description,
        params=dict(run.params),
        tags=dict(run.tags),
        code_revision=run.code_revision,
        dataset_ref=run.dataset_ref,
        metadata={"argv": list(run.argv), "code_dirty": run.dirty},
        config_snapshot_ref=None if config is None else _file_ref(run, config),
    )
    yield EnvironmentSnapshot(
        environment_snapshot_ref=f"environment:{run.value}.runtime",
        run_ref=ref,
        captured_at=_after(run, 0.1),
        python_version=run.machine.python,
        platform=run.machine.platform,
        packages=dict(run.machine.packages),
        environment_variables=dict(run.machine.variables),
    )
    for place, stage in enumerate(run.stages):
        yield StageExecution(
            stage_execution_ref=_stage_ref(run, stage.name),
            run_ref=ref,
            stage_name=stage.name,
            status=stage.status,
            started_at=_after(run, stage.begin),
            ended_at=_after(run, stage.end),
            order_index=place,
        )
    yield from _details(run, ref)


def _details(run: RunPlan, ref: str) -> Iterator[Any]:
    stages = {batch.name: batch.stage for batch in run.batches}
    for place, batch in enumerate(run.batches):
        yield BatchExecution(
            batch_execution_ref=f"batch:{run.value}.{batch.stage}.{batch.name}",
            run_ref=ref,
            stage_execution_ref=_stage_ref(run, batch.stage),
            batch_name=batch.name,
            display_name=batch.title,
            status="completed",
            started_at=_after(run, batch.begin),
            ended_at=_after(run, batch.end),
            order_index=place,
            metadata=dict(batch.metadata),
        )
    for sample in run.samples:
        place_of = f"{run.value}.{stages[sample.batch]}.{sample.batch}"
        yield SampleObservation(
            sample_observation_ref=f"sample:{place_of}.{sample.name}",
            run_ref=ref,
            stage_execution_ref=_stage_ref(run, stages[sample.batch]),
            batch_execution_ref=f"batch:{place_of}",
            sample_name=sample.name,
            display_name=sample.title,
            observed_at=_after(run, sample.second),
            metadata=dict(sample.metadata),
        )


def _manifest(run: RunPlan, file: FilePlan) -> ArtifactManifest:
    return ArtifactManifest(
        artifact_ref=_file_ref(run, file),
        artifact_kind=file.kind,
        created_at=_after(run, file.second),
        producer_ref=_PRODUCER,
        run_ref=f"run:{run.value}",
        location_ref=f"path:{file.file_name}",
        stage_execution_ref=_stage_ref(run, file.stage),
        attributes=dict(file.attributes),
    )


def _relations(run: RunPlan) -> Iterator[LineageEdge]:
    for file in run.files:
        for number, origin in enumerate(file.made_from):
            yield LineageEdge(
                relation_ref=f"relation:{run.value}.{file.name}-from-{number}",
                relation_type="derived_from",
                source_ref=_file_ref(run, file),
                target_ref=origin,
                recorded_at=_after(run, file.second),
                origin_marker="explicit",
                confidence_marker="high",
            )


def _points(ctx: "Contexta", run: RunPlan) -> None:
    for series in run.series:
        stage = _stage_ref(run, series.stage)
        moments = [
            int((run.started + timedelta(seconds=second)).timestamp() * 1_000_000)
            for second in series.seconds
        ]
        ctx.record_store.append_metrics(
            f"run:{run.value}",
            series.key,
            list(series.values),
            steps=None if series.steps is None else list(series.steps),
            epochs=None if series.epochs is None else list(series.epochs),
            observed_at=moments,
            stage_execution_ref=stage,
            subject_ref=stage,
            unit=series.unit,
            summary_basis="raw_observation",
            producer_ref=_PRODUCER,
        )


def _envelope(run: RunPlan, kind: str, number: int, stage: str, second: float) -> RecordEnvelope:
    gap = kind == "degraded"
    return RecordEnvelope(
        record_ref=f"record:{run.value}.{kind}-{number}",
        record_type=kind,
        recorded_at=_after(run, second),
        observed_at=_after(run, second),
        producer_ref=_PRODUCER,
        run_ref=f"run:{run.value}",
        stage_execution_ref=_stage_ref(run, stage),
        completeness_marker="partial" if gap else "complete",
        degradation_marker="capture_gap" if gap else "none",
    )


def _records(run: RunPlan) -> Iterator[Any]:
    for number, event in enumerate(run.events, start=1):
        yield StructuredEventRecord(
            envelope=_envelope(run, "event", number, event.stage, event.second),
            payload=StructuredEventPayload(
                event_key=event.key,
                level=event.level,
                message=event.message,
                subject_ref=_stage_ref(run, event.stage),
                attributes=dict(event.attributes),
            ),
        )
    for number, span in enumerate(run.spans):
        yield TraceSpanRecord(
            envelope=_envelope(run, "span", number + 1, span.stage, span.begin),
            payload=TraceSpanPayload(
                span_id=f"{run.key}-{number:04d}",
                trace_id=f"{run.key}-trace",
                parent_span_id=None if span.parent is None else f"{run.key}-{span.parent:04d}",
                span_name=span.name,
                started_at=_after(run, span.begin),
                ended_at=_after(run, span.end),
                status="ok",
                span_kind=span.kind,
                attributes=dict(span.attributes),
            ),
        )
    for number, gap in enumerate(run.gaps, start=1):
        yield DegradedRecord(
            envelope=_envelope(run, "degraded", number, gap.stage, gap.second),
            payload=DegradedPayload(
                issue_key=gap.key,
                category="capture",
                severity="warning",
                summary=gap.summary,
                subject_ref=_stage_ref(run, gap.stage),
                attributes=dict(gap.attributes),
            ),
        )
