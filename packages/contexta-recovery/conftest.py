"""Shared fixtures of this package's tests: a configuration of our own, and real stores."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest


@dataclass(frozen=True)
class Workspace:
    root_path: Path
    metadata_path: Path | None = None
    records_path: Path | None = None
    artifacts_path: Path | None = None
    exports_path: Path | None = None
    cache_path: Path | None = None


@dataclass(frozen=True)
class Metadata:
    database_path: Path | None = None


@dataclass(frozen=True)
class Plane:
    root_path: Path | None = None
    layout_version: str = "1"


@dataclass(frozen=True)
class Recovery:
    outbox_root: Path | None
    backup_root: Path | None = None
    restore_staging_root: Path | None = None
    create_backup_before_restore: bool = True
    backup_key_file: Path | None = None
    replay_mode_default: str = "tolerant"
    require_plan_before_apply: bool = True


@dataclass(frozen=True)
class Config:
    """What recovery sees of a configuration; the resolved one of the facade has more fields."""

    workspace: Workspace
    recovery: Recovery
    metadata: Metadata = field(default_factory=Metadata)
    records: Plane = field(default_factory=Plane)
    artifacts: Plane = field(default_factory=Plane)
    profile_name: str = "local"


def config_at(root: Path, **recovery: Any) -> Config:
    values = {"outbox_root": root / "recovery" / "outbox", **recovery}
    return Config(Workspace(root), Recovery(**values))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a workspace that does not exist yet."""
    return tmp_path / "home" / ".contexta"


@pytest.fixture
def config(root: Path) -> Config:
    """Default settings: every recovery folder inside the workspace."""
    return config_at(root)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The inodes of the files and folders that were brought to disk so far."""
    found: set[int] = set()
    real = os.fsync

    def fsync(fd: int) -> None:
        real(fd)
        found.add(os.fstat(fd).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


TIME = "2026-01-01T00:00:00.000000Z"


class Stores:
    """The three real stores of a workspace in their default places."""

    def __init__(self, root: Path) -> None:
        from contexta.store.artifacts import ArtifactStore, VaultConfig
        from contexta.store.metadata import MetadataStore, MetadataStoreConfig
        from contexta.store.records import RecordStore, RecordStoreConfig
        from contexta.store.workspace import open_workspace

        open_workspace(root, create=True)
        self.root = root
        self.metadata = MetadataStore(
            MetadataStoreConfig(database_path=root / "metadata" / "ledger.sqlite")
        )
        self.records = RecordStore(RecordStoreConfig(root / "records", durability_mode="flush"))
        self.artifacts = ArtifactStore(VaultConfig(root_path=root / "artifacts"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.metadata.close()
        self.records.close()

    def add_run(self, name: str) -> None:
        from contexta.contract import Project, Run

        project = Project(project_ref="project:p", name="p", created_at=TIME)
        run = Run(
            run_ref=f"run:p.{name}",
            project_ref="project:p",
            name=name,
            status="open",
            started_at=TIME,
        )
        self.metadata.runs.create_run(run, project=project)

    def add_event(self, run: str, number: int) -> None:
        from contexta.contract import RecordEnvelope, StructuredEventPayload, StructuredEventRecord

        envelope = RecordEnvelope(
            record_ref=f"record:p.{run}.e{number}",
            record_type="event",
            recorded_at=TIME,
            observed_at=TIME,
            producer_ref="test",
            run_ref=f"run:p.{run}",
            completeness_marker="complete",
            degradation_marker="none",
        )
        payload = StructuredEventPayload(event_key="e", level="info", message=f"event {number}")
        result = self.records.append(StructuredEventRecord(envelope=envelope, payload=payload))
        assert result.success

    def add_artifact(self, run: str, name: str, body: bytes) -> None:
        import io

        from contexta.contract import ArtifactManifest

        manifest = ArtifactManifest(
            artifact_ref=f"artifact:p.{run}.{name}",
            artifact_kind="model",
            created_at=TIME,
            producer_ref="test",
            run_ref=f"run:p.{run}",
            location_ref=f"{name}.bin",
        )
        self.artifacts.put_artifact_from_stream(manifest, io.BytesIO(body), source_name=name)

    def contents(self) -> dict[str, list[str]]:
        """What a user would find: runs, messages of events, artifacts with their bytes."""
        return {
            "runs": sorted(str(run.run_ref) for run in self.metadata.runs.list_runs()),
            "records": sorted(item.record.payload.message for item in self.records.scan()),
            "artifacts": sorted(
                f"{ref}={self.artifacts.read_artifact_bytes(ref)!r}"
                for ref in map(str, self.artifacts.list_refs())
            ),
        }


def populate(root: Path, run: str = "first", *, events: int = 5) -> dict[str, list[str]]:
    """Write one run with events and an artifact, close everything, return the contents."""
    with Stores(root) as stores:
        stores.add_run(run)
        for number in range(events):
            stores.add_event(run, number)
        stores.add_artifact(run, "weights", b"weights of " + run.encode())
        return stores.contents()


def contents(root: Path) -> dict[str, list[str]]:
    """Open a workspace and return its contents."""
    with Stores(root) as stores:
        return stores.contents()


@pytest.fixture
def workspace(root: Path) -> Path:
    """A small workspace with one run, five events and one artifact, closed."""
    populate(root)
    return root


@pytest.fixture(name="populate", scope="session")
def populate_fixture() -> Any:
    """The function `populate`."""
    return populate


@pytest.fixture(name="contents", scope="session")
def contents_fixture() -> Any:
    """The function `contents`."""
    return contents


@pytest.fixture(name="config_at", scope="session")
def config_at_fixture() -> Any:
    """The function `config_at`."""
    return config_at


@pytest.fixture(name="open_stores", scope="session")
def open_stores_fixture() -> Any:
    """The class `Stores`."""
    return Stores
