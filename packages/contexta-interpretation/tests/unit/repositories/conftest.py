"""Real stores for the tests of the repository over them."""

import pytest

from contexta.contract import (
    ArtifactManifest,
    Project,
    RecordEnvelope,
    Run,
    StageExecution,
)
from contexta.contract.time import from_epoch_us, to_epoch_us
from contexta.interpretation import (
    CompositeStoreRepository,
    QueryService,
)
from contexta.store.artifacts import ArtifactStore, ArtifactStoreConfig
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

START = to_epoch_us("2026-01-31T12:00:00Z")
MINUTE = 60_000_000


def at(minutes: float = 0.0) -> str:
    return from_epoch_us(START + int(minutes * MINUTE))


class Workspace:
    """Three stores in one folder, with short ways to fill them."""

    at = staticmethod(at)

    def __init__(self, root):
        self.metadata = MetadataStore(MetadataStoreConfig(database_path=root / "ledger.sqlite"))
        self.records = RecordStore(RecordStoreConfig(root_path=root / "records"))
        self.artifacts = ArtifactStore(ArtifactStoreConfig(root_path=root / "artifacts"))
        self.root = root
        self.repository = CompositeStoreRepository(self.metadata, self.records, self.artifacts)
        self.query = QueryService(self.repository)

    def project(self, slug, name=None):
        self.metadata.projects.put_project(Project(f"project:{slug}", name or slug, at()))

    def run(self, ref, minute=0.0, status="completed", **fields):
        project = ref.partition(":")[2].split(".")[0]
        fields.setdefault("name", ref.rsplit(".", 1)[-1])
        ended = None if status == "open" else at(minute + 0.5)
        run = Run(
            run_ref=ref,
            project_ref=f"project:{project}",
            status=status,
            started_at=at(minute),
            ended_at=ended,
            **fields,
        )
        self.metadata.runs.create_run(run)
        return ref

    def stage(self, run_ref, name, status="completed"):
        ref = f"stage:{run_ref.partition(':')[2]}.{name}"
        self.metadata.stages.put_stage_execution(
            StageExecution(ref, run_ref, name, status, at(), None if status == "open" else at(1))
        )
        return ref

    def points(self, run_ref, key, values, *, stage=None, start=START, steps=True, unit=None):
        project = run_ref.partition(":")[2].split(".")[0]
        context = SeriesContext(run_ref, project, stage_execution_ref=stage)
        writer = self.records.writer()
        series = writer.define_series(
            context,
            key,
            value_type="float",
            unit=unit,
            aggregation_scope="step",
            tags={},
            summary_basis=None,
            subject_ref=None,
            slice_ref=None,
        )
        for step, value in enumerate(values):
            writer.append_point(series, start + step * 1_000, value, step if steps else None)

    def envelope(self, run_ref, kind, name, **fields):
        ref = f"record:{run_ref.partition(':')[2]}.{name}"
        return RecordEnvelope(ref, kind, at(1), at(1), "test", run_ref, **fields)

    def artifact(self, run_ref, name, kind, content, **fields):
        ref = f"artifact:{run_ref.partition(':')[2]}.{name}"
        path = self.root / f"{name}.bin"
        path.write_bytes(content)
        manifest = ArtifactManifest(ref, kind, at(), "test", run_ref, path.name, **fields)
        return self.artifacts.put_artifact(manifest, path)

    def close(self):
        self.records.close()
        self.metadata.close()
        self.artifacts.close()


@pytest.fixture
def space(tmp_path):
    """An empty workspace with two projects."""
    workspace = Workspace(tmp_path)
    workspace.project("p", "Project P")
    workspace.project("q")
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def workspace_class():
    """The stores of one folder, for fixtures that keep them longer than one test."""
    return Workspace
