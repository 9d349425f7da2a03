"""Stores and models for the tests of the metadata plane."""

import pytest

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
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

T = "2026-01-01T00:00:00Z"


class Make:
    """Builds valid models with short arguments."""

    def project(self, name="p", **more):
        return Project(**{"project_ref": f"project:{name}", "name": name, "created_at": T, **more})

    def run(self, name="r", project="p", **more):
        fields = {"name": name, "status": "open", "started_at": T, **more}
        return Run(run_ref=f"run:{project}.{name}", project_ref=f"project:{project}", **fields)

    def stage(self, name="s", run="p.r", **more):
        fields = {"status": "open", "started_at": T, **more}
        return StageExecution(
            stage_execution_ref=f"stage:{run}.{name}",
            run_ref=f"run:{run}",
            stage_name=name,
            **fields,
        )

    def batch(self, name="b", stage="p.r.s", **more):
        fields = {"status": "open", "started_at": T, **more}
        return BatchExecution(
            batch_execution_ref=f"batch:{stage}.{name}",
            run_ref="run:" + stage.rpartition(".")[0],
            stage_execution_ref=f"stage:{stage}",
            batch_name=name,
            **fields,
        )

    def sample(self, name="x", stage="p.r.s", batch=None, **more):
        owner = f"{stage}.{batch}" if batch else stage
        return SampleObservation(
            sample_observation_ref=f"sample:{owner}.{name}",
            run_ref="run:" + stage.rpartition(".")[0],
            stage_execution_ref=f"stage:{stage}",
            sample_name=name,
            batch_execution_ref=f"batch:{owner}" if batch else None,
            **{"observed_at": T, **more},
        )

    def deployment(self, name="d", project="p", **more):
        fields = {"status": "open", "started_at": T, **more}
        return DeploymentExecution(
            deployment_execution_ref=f"deployment:{project}.{name}",
            project_ref=f"project:{project}",
            deployment_name=name,
            **fields,
        )

    def environment(self, key="e", run="p.r", **more):
        fields = {"captured_at": T, "python_version": "3.13", "platform": "linux", **more}
        return EnvironmentSnapshot(
            environment_snapshot_ref=f"environment:{run}.{key}", run_ref=f"run:{run}", **fields
        )

    def relation(self, name, source, target, **more):
        return LineageEdge(
            relation_ref=f"relation:p.{name}",
            relation_type="used",
            source_ref=source,
            target_ref=target,
            **{
                "recorded_at": T,
                "origin_marker": "explicit",
                "confidence_marker": "high",
                **more,
            },
        )

    def provenance(self, name, relation, **more):
        return ProvenanceRecord(
            provenance_ref=f"provenance:p.{name}",
            relation_ref=f"relation:p.{relation}",
            assertion_mode="explicit",
            **{"asserted_at": T, **more},
        )

    def fill(self, store):
        """Put one of everything."""
        store.projects.put_project(self.project())
        store.runs.put_run(self.run(params={"lr": 0.1}, tags={"team": "a"}))
        store.stages.put_stage_execution(self.stage())
        store.batches.put_batch_execution(self.batch())
        store.samples.put_sample_observation(self.sample(batch="b"))
        store.deployments.put_deployment_execution(self.deployment(run_ref="run:p.r"))
        store.environments.put_environment_snapshot(self.environment())
        store.relations.put_relation(self.relation("e1", "run:p.r", "artifact:p.r.m"))
        store.provenance.put_provenance(self.provenance("c1", "e1"))


@pytest.fixture
def make():
    return Make()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metadata" / "ledger.sqlite"


@pytest.fixture
def opened(path):
    """Open the ledger, any number of times; all are closed at the end."""
    stores = []

    def open_store(**settings):
        store = MetadataStore(MetadataStoreConfig(**{"database_path": path, **settings}))
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(opened):
    return opened()
