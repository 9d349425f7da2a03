"""Small workspaces in a temporary folder, and shorthands to fill and read them."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from contexta.contract import ArtifactManifest
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.integrity import check_workspace
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
from contexta.store.testing import ModelFactory
from contexta.store.workspace import open_workspace

T = "2026-01-01T00:00:00Z"
START_US = 1_767_225_600_000_000


class Workspace:
    """A workspace and what tests do with one."""

    def __init__(self, root):
        self.root = root
        open_workspace(root, create=True)
        with self.open():
            pass

    @contextmanager
    def open(self, **settings):
        """The three stores, open."""
        ledger = MetadataStoreConfig(
            database_path=self.root / "metadata" / "ledger.sqlite", **settings
        )
        more = {} if settings else {"durability_mode": "flush"}
        records = RecordStoreConfig(
            self.root / "records", compact_small_parts=False, **settings, **more
        )
        vault = VaultConfig(root_path=self.root / "artifacts", **settings)
        with MetadataStore(ledger) as metadata, RecordStore(records) as store:
            artifacts = ArtifactStore(vault)
            yield SimpleNamespace(metadata=metadata, records=store, artifacts=artifacts)
            artifacts.close()

    def run(self, name="x", *, points=3, first=0, artifact=None, close=True, **fields):
        """Store a run with a stage, points and perhaps an artifact; return its ref."""
        with self.open() as planes:
            make = ModelFactory()
            wished = make.run(name, **fields)
            run = planes.metadata.runs.create_run(wished, project=make.project())
            planes.metadata.stages.put_stage_execution(
                make.stage("train", run.run_ref.value, status="completed", ended_at=T)
            )
            self.points(planes, run.run_ref.text, points, first=first)
            if artifact is not None:
                self.artifact(planes, run.run_ref.text, artifact)
            if close:
                planes.metadata.runs.close_run(run.run_ref, status="completed", ended_at=T)
        return run.run_ref.text

    def points(self, planes, run_ref, count, *, first=0):
        """Append points of one series."""
        context = SeriesContext(run_ref, "p", stage_execution_ref=f"stage:{run_ref[4:]}.train")
        writer = planes.records.writer()
        series = writer.define_series(context, "loss")
        for step in range(first, first + count):
            writer.append_point(series, START_US + step, step / 8, step)

    def artifact(self, planes, run_ref, content, name="model"):
        """Store bytes, or what lies at a path, as an artifact of a run."""
        path = content
        if isinstance(content, bytes):
            path = self.root / "given.bin"
            path.write_bytes(content)
        manifest = ArtifactManifest(
            artifact_ref=f"artifact:{run_ref[4:]}.{name}",
            artifact_kind="checkpoint",
            created_at=T,
            producer_ref="sdk.python.local",
            run_ref=run_ref,
            location_ref="vault://m",
        )
        planes.artifacts.put_artifact(manifest, path)
        if isinstance(content, bytes):
            path.unlink()

    def points_of(self):
        """Return steps of all points in the order of their numbers, by run."""
        found = {}
        with self.open(read_only=True) as planes:
            for one in planes.records.scan():
                run = str(one.record.envelope.run_ref)
                if one.record.envelope.record_type == "metric":
                    found.setdefault(run, []).append(one.record.payload.step)
        return found

    def record_refs(self):
        """Return the references of all records, in the order of their numbers."""
        with self.open(read_only=True) as planes:
            return [str(one.record.envelope.record_ref) for one in planes.records.scan()]

    def runs(self):
        """Return status by run."""
        with self.open(read_only=True) as planes:
            return {run.run_ref.text: run.status for run in planes.metadata.runs.list_runs()}

    def issues(self):
        """Return code and message of all that a deep check of the workspace finds."""
        with self.open() as planes:
            found = check_workspace(planes.metadata, planes.records, planes.artifacts, deep=True)
        return [(issue.code, issue.message) for issue in found.issues]

    def files(self, folder="."):
        """Return content and time of change of every file below a folder, by path."""
        return {
            str(path.relative_to(self.root)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in (self.root / folder).rglob("*")
            if path.is_file()
        }

    def bodies(self):
        """Return the bytes of all artifacts by ref."""
        with self.open(read_only=True) as planes:
            refs = planes.artifacts.list_refs()
            return {ref: planes.artifacts.read_artifact_bytes(ref) for ref in refs}


@pytest.fixture
def workspace(tmp_path):
    """Make workspaces by name."""
    return lambda name: Workspace(tmp_path / name)
