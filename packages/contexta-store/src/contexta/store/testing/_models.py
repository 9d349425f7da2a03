"""Valid models with short arguments, all of the project `p` unless told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract import (
    BatchExecution,
    DeploymentExecution,
    EnvironmentSnapshot,
    LineageEdge,
    Project,
    ProvenanceRecord,
    Run,
    SampleObservation,
    StageExecution,
)

if TYPE_CHECKING:
    from contexta.store.metadata import MetadataStore

T = "2026-01-01T00:00:00Z"


class ModelFactory:
    """Builds one model for each call; keyword arguments replace fields.

    A key is the last component of a ref, and the name where none is given. Parents are named
    without their kind: the run `r` of project `p` is `p.r`.
    """

    def project(self, key: str = "p", /, **more: Any) -> Project:
        """Return the project `project:<key>`."""
        return Project(**{"project_ref": f"project:{key}", "name": key, "created_at": T, **more})

    def run(self, key: str = "r", /, project: str = "p", **more: Any) -> Run:
        """Return the open run `run:<project>.<key>`."""
        fields = {"name": key, "status": "open", "started_at": T, **more}
        return Run(run_ref=f"run:{project}.{key}", project_ref=f"project:{project}", **fields)

    def stage(self, name: str = "s", run: str = "p.r", **more: Any) -> StageExecution:
        """Return an open stage of a run."""
        fields = {"stage_name": name, "status": "open", "started_at": T, **more}
        return StageExecution(
            stage_execution_ref=f"stage:{run}.{name}", run_ref=f"run:{run}", **fields
        )

    def batch(self, name: str = "b", stage: str = "p.r.s", **more: Any) -> BatchExecution:
        """Return an open batch of a stage."""
        fields = {"batch_name": name, "status": "open", "started_at": T, **more}
        return BatchExecution(
            batch_execution_ref=f"batch:{stage}.{name}",
            run_ref="run:" + stage.rpartition(".")[0],
            stage_execution_ref=f"stage:{stage}",
            **fields,
        )

    def sample(
        self, name: str = "x", stage: str = "p.r.s", batch: str | None = None, **more: Any
    ) -> SampleObservation:
        """Return a sample of a stage, or of a batch of it."""
        owner = f"{stage}.{batch}" if batch else stage
        return SampleObservation(
            sample_observation_ref=f"sample:{owner}.{name}",
            run_ref="run:" + stage.rpartition(".")[0],
            stage_execution_ref=f"stage:{stage}",
            batch_execution_ref=f"batch:{owner}" if batch else None,
            **{"sample_name": name, "observed_at": T, **more},
        )

    def deployment(self, name: str = "d", project: str = "p", **more: Any) -> DeploymentExecution:
        """Return an open deployment of a project."""
        fields = {"deployment_name": name, "status": "open", "started_at": T, **more}
        return DeploymentExecution(
            deployment_execution_ref=f"deployment:{project}.{name}",
            project_ref=f"project:{project}",
            **fields,
        )

    def environment(self, key: str = "e", run: str = "p.r", **more: Any) -> EnvironmentSnapshot:
        """Return an environment of a run."""
        fields = {"captured_at": T, "python_version": "3.13", "platform": "linux", **more}
        return EnvironmentSnapshot(
            environment_snapshot_ref=f"environment:{run}.{key}", run_ref=f"run:{run}", **fields
        )

    def relation(self, name: str, source: str, target: str, **more: Any) -> LineageEdge:
        """Return a relation between two refs."""
        return LineageEdge(
            relation_ref=f"relation:p.{name}",
            source_ref=source,
            target_ref=target,
            **{
                "relation_type": "used",
                "recorded_at": T,
                "origin_marker": "explicit",
                "confidence_marker": "high",
                **more,
            },
        )

    def provenance(self, name: str, relation: str, **more: Any) -> ProvenanceRecord:
        """Return an assertion about a relation."""
        return ProvenanceRecord(
            provenance_ref=f"provenance:p.{name}",
            relation_ref=f"relation:p.{relation}",
            **{"assertion_mode": "explicit", "asserted_at": T, **more},
        )

    def fill(self, store: MetadataStore) -> None:
        """Put one of everything, in one transaction."""
        with store.duckdb.transaction():
            store.projects.put_project(self.project())
            store.runs.put_run(self.run(params={"lr": 0.1}, tags={"team": "a"}))
            store.stages.put_stage_execution(self.stage())
            store.batches.put_batch_execution(self.batch())
            store.samples.put_sample_observation(self.sample(batch="b"))
            store.deployments.put_deployment_execution(self.deployment(run_ref="run:p.r"))
            store.environments.put_environment_snapshot(self.environment())
            store.relations.put_relation(self.relation("e1", "run:p.r", "artifact:p.r.m"))
            store.provenance.put_provenance(self.provenance("c1", "e1"))
