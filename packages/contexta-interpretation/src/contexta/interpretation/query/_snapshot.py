"""Loads what is known of one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from contexta.interpretation._base import FrozenDict, FrozenRows, Result
from contexta.interpretation.completeness._beside import completeness_beside
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.protocols import (
    CompositeRepository,
    CurveReader,
    EnvironmentReader,
    ProblemReader,
    RunRelationReader,
)
from contexta.interpretation.query.metrics import metric_summaries, points_of, thin
from contexta.interpretation.query.models import EvidenceLink, RunSnapshot
from contexta.interpretation.query.notes import snapshot_notes
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    BatchRecord,
    DeploymentRecord,
    EnvironmentRecord,
    MetricSeries,
    MetricSummaryRecord,
    ObservationRecord,
    ProvenanceView,
    RelationRecord,
    RunRecord,
    StageRecord,
)

_EVIDENCE_SHOWN = 10
_SERIES_SHOWN = 24
_POINTS_DRAWN = 400


@dataclass(frozen=True, slots=True)
class RunFacts(Result):
    """A run without its records: enough to compare and to diagnose, cheap for long runs."""

    run: RunRecord
    stages: tuple[StageRecord, ...]
    batches: tuple[BatchRecord, ...]
    deployments: tuple[DeploymentRecord, ...]
    artifacts: tuple[ArtifactRecord, ...]
    metrics: tuple[MetricSummaryRecord, ...]
    problems: tuple[ObservationRecord, ...]
    completeness_notes: tuple[str, ...]
    evidence_links: tuple[EvidenceLink, ...]
    provenance: ProvenanceView | None = None
    environment: EnvironmentRecord | None = None
    record_counts: Mapping[str, int] = field(default_factory=FrozenDict)
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = (
        "stages",
        "batches",
        "deployments",
        "artifacts",
        "metrics",
        "problems",
        "completeness_notes",
        "evidence_links",
    )
    _mappings = ("record_counts",)


def load_facts(
    repository: CompositeRepository,
    run: RunRecord,
    records: Sequence[ObservationRecord] | None = None,
) -> RunFacts:
    """Read a run's facts; ``records`` saves reading them again when the caller has them."""
    stages = tuple(repository.list_stages(run.run_id))
    metrics = metric_summaries(repository, [run.run_id])
    told = _tell(repository, run.run_id, records)
    with_records = _stages_seen(repository, run.run_id, stages, metrics, told.stages)
    deployments = tuple(repository.list_deployments(run_id=run.run_id))
    batches = tuple(repository.list_batches(run.run_id))
    artifacts = tuple(repository.list_artifacts(run_id=run.run_id))
    parts = _part_refs(stages, batches, deployments, artifacts)
    # Damage is known to those who read; asked last, it covers what was read above.
    damage = repository.damage_notes(run.run_id) if isinstance(repository, ProblemReader) else ()
    return RunFacts(
        run=run,
        stages=stages,
        batches=batches,
        deployments=deployments,
        artifacts=artifacts,
        metrics=metrics,
        problems=told.problems,
        completeness_notes=snapshot_notes(
            run,
            stages=stages,
            metrics=metrics,
            problems=told.problems,
            stages_with_records=with_records,
            record_count=sum(told.counts.values()),
            artifacts=artifacts,
            damage=damage,
        ),
        evidence_links=_structure_links(run, deployments, stages, batches),
        provenance=_provenance(repository, run.run_id, parts),
        environment=(
            repository.get_environment(run.run_id)
            if isinstance(repository, EnvironmentReader)
            else None
        ),
        record_counts=told.counts,
        completeness=completeness_beside(repository, run, artifacts),
    )


def _part_refs(
    stages: Iterable[StageRecord],
    batches: Iterable[BatchRecord],
    deployments: Iterable[DeploymentRecord],
    artifacts: Iterable[ArtifactRecord],
) -> list[str]:
    return [
        *(item.stage_id for item in stages),
        *(item.batch_id for item in batches),
        *(item.deployment_id for item in deployments),
        *(item.artifact_ref for item in artifacts),
    ]


def _provenance(
    repository: CompositeRepository, run_id: str, parts: Sequence[str]
) -> ProvenanceView | None:
    """Ask with the parts of the run at hand, where that saves listing them again."""
    if not isinstance(repository, RunRelationReader):
        return repository.get_provenance(run_id)
    return repository.provenance_among(run_id, repository.list_run_relations(run_id, parts))


class _Told(NamedTuple):
    """What records say as a whole; ``stages`` ``None``: which stages they are of is not known."""

    counts: Mapping[str, int]
    problems: tuple[ObservationRecord, ...]
    stages: frozenset[str] | None


def _tell(
    repository: CompositeRepository, run_id: str, records: Sequence[ObservationRecord] | None
) -> _Told:
    """Count records and find those of problems, without building the others where possible."""
    if isinstance(records, FrozenRows):
        return _Told(records.counts(), records.problems(), None)
    if records is None and isinstance(repository, ProblemReader):
        problems = tuple(repository.problem_records(run_id))
        return _Told(repository.record_counts(run_id), problems, None)
    rows = repository.list_records(run_id=run_id) if records is None else records
    return _Told(
        Counter(row.record_type for row in rows),
        tuple(row for row in rows if is_problem(row)),
        frozenset(row.stage_id for row in rows if row.stage_id),
    )


def _stages_seen(
    repository: CompositeRepository,
    run_id: str,
    stages: Sequence[StageRecord],
    metrics: Sequence[MetricSummaryRecord],
    known: frozenset[str] | None,
) -> set[str]:
    """Stages with records; where that is not known, only those without metrics are looked at."""
    if known is not None:
        return set(known)
    seen = {row.stage_id for row in metrics if row.stage_id}
    for stage in stages:
        if stage.stage_id not in seen and repository.list_records(
            run_id=run_id, stage_id=stage.stage_id
        ):
            seen.add(stage.stage_id)
    return seen


def load_snapshot(repository: CompositeRepository, run: RunRecord) -> RunSnapshot:
    """Read everything known of a run."""
    records = repository.list_records(run_id=run.run_id)
    facts = load_facts(repository, run, records)
    samples = tuple(repository.list_samples(run.run_id))
    links = [
        *facts.evidence_links,
        *(EvidenceLink("sample", item.sample_id, item.name) for item in samples[:_EVIDENCE_SHOWN]),
        *(EvidenceLink("artifact", item.artifact_ref, item.kind) for item in facts.artifacts),
        *(
            EvidenceLink("record", item.record_id, item.key)
            for item in list(records[:_EVIDENCE_SHOWN])
        ),
    ]
    return RunSnapshot(
        run=run,
        deployments=facts.deployments,
        stages=facts.stages,
        batches=facts.batches,
        samples=samples,
        artifacts=facts.artifacts,
        relations=_relations(repository, facts),
        records=records,
        evidence_links=tuple(links),
        completeness_notes=facts.completeness_notes,
        provenance=facts.provenance,
        metrics=facts.metrics,
        series=_series(repository, facts.metrics, records),
        environment=facts.environment,
        record_counts=facts.record_counts,
        completeness=facts.completeness,
    )


def is_problem(record: ObservationRecord) -> bool:
    """Whether a record says that something is missing or went wrong."""
    if record.degradation_marker != "none" or record.record_type == "degraded":
        return True
    return record.record_type == "event" and record.payload.get("level") in ("error", "critical")


def _relations(repository: CompositeRepository, facts: RunFacts) -> tuple[RelationRecord, ...]:
    if isinstance(repository, RunRelationReader):
        parts = _part_refs(facts.stages, facts.batches, facts.deployments, facts.artifacts)
        return tuple(repository.list_run_relations(facts.run.run_id, parts))
    subjects = [
        facts.run.run_id,
        *(stage.stage_id for stage in facts.stages),
        *(batch.batch_id for batch in facts.batches),
        *(artifact.artifact_ref for artifact in facts.artifacts),
    ]
    found = {
        relation.relation_ref: relation
        for subject in subjects
        for relation in repository.list_relations(subject)
    }
    return tuple(found[ref] for ref in sorted(found))


def _series(
    repository: CompositeRepository,
    metrics: Sequence[MetricSummaryRecord],
    records: Sequence[ObservationRecord],
) -> tuple[MetricSeries, ...]:
    """Take the curves of the first metrics with more than one point, thinned for drawing."""
    drawn = [row for row in metrics if row.count > 1][:_SERIES_SHOWN]
    if drawn and isinstance(repository, CurveReader):
        return tuple(repository.metric_curves(drawn[0].run_id, drawn, _POINTS_DRAWN, records))
    out = []
    for row in drawn:
        points = points_of(repository, row.run_id, row.metric_key, row.stage_id)
        out.append(
            MetricSeries(
                row.metric_key, row.stage_id, thin(points, _POINTS_DRAWN), len(points), row.unit
            )
        )
    return tuple(out)


def _structure_links(
    run: RunRecord,
    deployments: Sequence[DeploymentRecord],
    stages: Sequence[StageRecord],
    batches: Sequence[BatchRecord],
) -> tuple[EvidenceLink, ...]:
    return (
        EvidenceLink("run", run.run_id, run.name),
        *(EvidenceLink("deployment", item.deployment_id, item.name) for item in deployments),
        *(EvidenceLink("stage", item.stage_id, item.name) for item in stages),
        *(EvidenceLink("batch", item.batch_id, item.name) for item in batches),
    )
