"""The protocols over lists."""

from __future__ import annotations

from collections.abc import Iterable

from contexta.interpretation.instants import sort_instant
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    BatchRecord,
    DeploymentRecord,
    EnvironmentRecord,
    ObservationRecord,
    ProvenanceView,
    RelationRecord,
    RunRecord,
    SampleRecord,
    StageRecord,
)


class InMemoryRepository:
    """Holds what it is given; ids are matched as they are, without resolution.

    It has the basic methods only (and environments), so that services are tested on the path
    that works over any repository. ``records`` keeps the order of appending.
    """

    def __init__(
        self,
        *,
        runs: Iterable[RunRecord] = (),
        stages: Iterable[StageRecord] = (),
        records: Iterable[ObservationRecord] = (),
        artifacts: Iterable[ArtifactRecord] = (),
        batches: Iterable[BatchRecord] = (),
        samples: Iterable[SampleRecord] = (),
        deployments: Iterable[DeploymentRecord] = (),
        relations: Iterable[RelationRecord] = (),
        provenance: Iterable[ProvenanceView] = (),
        environments: Iterable[EnvironmentRecord] = (),
    ) -> None:
        self.runs = list(runs)
        self.stages = list(stages)
        self.records = list(records)
        self.artifacts = list(artifacts)
        self.batches = list(batches)
        self.samples = list(samples)
        self.deployments = list(deployments)
        self.relations = list(relations)
        self.provenance = list(provenance)
        self.environments = list(environments)

    def list_projects(self) -> list[str]:
        """Return the names of the runs' projects, sorted."""
        return sorted({run.project_name for run in self.runs})

    def list_runs(self, project_name: str | None = None) -> list[RunRecord]:
        """Return runs, project by project, oldest first."""
        found = [run for run in self.runs if project_name in (None, run.project_name)]
        return sorted(
            found, key=lambda run: (run.project_name, sort_instant(run.started_at), run.run_id)
        )

    def get_run(self, run_id: str) -> RunRecord | None:
        """Return the run of that id, or ``None``."""
        return next((run for run in self.runs if run.run_id == run_id), None)

    def list_deployments(
        self, project_name: str | None = None, run_id: str | None = None
    ) -> list[DeploymentRecord]:
        """Return deployments in the order given."""
        return [
            item
            for item in self.deployments
            if project_name in (None, item.project_name) and run_id in (None, item.run_id)
        ]

    def list_stages(self, run_id: str) -> list[StageRecord]:
        """Return the stages of a run by order."""
        found = [stage for stage in self.stages if stage.run_id == run_id]
        return sorted(found, key=lambda stage: stage.order)

    def list_batches(self, run_id: str, stage_id: str | None = None) -> list[BatchRecord]:
        """Return batches in the order given."""
        return [
            item
            for item in self.batches
            if item.run_id == run_id and stage_id in (None, item.stage_id)
        ]

    def list_samples(
        self, run_id: str, stage_id: str | None = None, batch_id: str | None = None
    ) -> list[SampleRecord]:
        """Return samples in the order given."""
        return [
            item
            for item in self.samples
            if item.run_id == run_id
            and stage_id in (None, item.stage_id)
            and batch_id in (None, item.batch_id)
        ]

    def list_records(
        self, *, run_id: str, stage_id: str | None = None, record_type: str | None = None
    ) -> list[ObservationRecord]:
        """Return records in the order of appending."""
        return [
            record
            for record in self.records
            if record.run_id == run_id
            and stage_id in (None, record.stage_id)
            and record_type in (None, record.record_type)
        ]

    def list_relations(self, subject_ref: str | None = None) -> list[RelationRecord]:
        """Return relations with that end, sorted by ref."""
        found = [
            item
            for item in self.relations
            if subject_ref is None or subject_ref in (item.source_ref, item.target_ref)
        ]
        return sorted(found, key=lambda item: item.relation_ref)

    def get_provenance(self, run_id: str) -> ProvenanceView | None:
        """Return the run's assertion, or ``None``."""
        return next((view for view in self.provenance if view.run_id == run_id), None)

    def get_artifact(self, artifact_ref: str) -> ArtifactRecord | None:
        """Return the artifact of that ref, or ``None``."""
        return next((a for a in self.artifacts if a.artifact_ref == artifact_ref), None)

    def list_artifacts(
        self, *, run_id: str | None = None, stage_id: str | None = None
    ) -> list[ArtifactRecord]:
        """Return artifacts sorted by ref."""
        found = [
            item
            for item in self.artifacts
            if run_id in (None, item.run_id) and stage_id in (None, item.stage_id)
        ]
        return sorted(found, key=lambda item: item.artifact_ref)

    def get_environment(self, run_id: str) -> EnvironmentRecord | None:
        """Return the latest environment of a run, or ``None``."""
        found = [item for item in self.environments if item.run_id == run_id]
        return max(found, key=lambda item: sort_instant(item.captured_at), default=None)
