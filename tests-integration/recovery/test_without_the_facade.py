"""Stores and recovery by themselves: who ships only these two can back up and restore."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace as Section

import pytest

from contexta.contract import Project, Run
from contexta.contract.testing import builders
from contexta.recovery import (
    RestoreError,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, ScanFilter
from contexta.store.workspace import open_workspace


def settings(root: Path) -> Section:
    """The fields that recovery asks for, without contexta.config."""
    return Section(
        workspace=Section(
            root_path=root,
            metadata_path=None,
            records_path=None,
            artifacts_path=None,
            exports_path=None,
            cache_path=None,
        ),
        metadata=Section(database_path=None),
        records=Section(root_path=None),
        artifacts=Section(root_path=None),
        recovery=Section(
            outbox_root=root / "recovery" / "outbox",
            backup_root=None,
            restore_staging_root=None,
            create_backup_before_restore=True,
        ),
    )


def planes(root: Path, **options) -> tuple[MetadataStore, RecordStore]:
    database = root / "metadata" / "ledger.sqlite"
    return (
        MetadataStore(MetadataStoreConfig(database_path=database, **options)),
        RecordStore(RecordStoreConfig(root_path=root / "records", **options)),
    )


def fill(root: Path) -> None:
    open_workspace(root, create=True)
    metadata, records = planes(root)
    with metadata, records:
        run = Run(
            run_ref="run:p.r",
            project_ref="project:p",
            name="r",
            status="open",
            started_at="2026-01-01T00:00:00Z",
            params={"rate": 0.1},
        )
        project = Project("project:p", "p", "2026-01-01T00:00:00Z")
        metadata.runs.create_run(run, project=project)
        result = records.append_many(
            builders.metric_record(
                envelope=builders.record_envelope(
                    run_ref="run:p.r", record_ref=f"record:p.r.m-{n}", stage_execution_ref=None
                ),
                payload=builders.metric_payload(value=n / 4),
            )
            for n in range(20)
        )
        assert result.rejected == ()


def contents(root: Path) -> tuple[list[str], list[float]]:
    metadata, records = planes(root, read_only=True)
    with metadata, records:
        runs = [run.run_ref.text for run in metadata.runs.list_runs()]
        stored = records.scan(ScanFilter(run_ref="run:p.r"))
        return runs, [item.record.payload.value for item in stored]


def test_the_facade_is_not_installed_here():
    """This environment proves what the two packages can do alone."""
    assert importlib.util.find_spec("contexta.client") is None
    assert importlib.util.find_spec("contexta.interpretation") is None


def test_a_backup_restores_elsewhere_with_every_run_and_record(tmp_path):
    """Stored, backed up, verified, restored into another folder, read back."""
    root, target = tmp_path / "home", tmp_path / "restored"
    fill(root)
    config = settings(root)
    backup = create_workspace_backup(config, plan_workspace_backup(config, label="night"))
    restored = restore_workspace(
        config, plan_restore(config, backup.backup_ref, target_workspace=target)
    )

    assert verify_backup(config, backup.backup_ref).ok
    assert restored.applied
    assert contents(root) == contents(target)
    assert (["run:p.r"], [n / 4 for n in range(20)]) == contents(target)


def test_a_damaged_backup_is_refused_and_nothing_is_replaced(tmp_path):
    """One byte of one file is enough."""
    root = tmp_path / "home"
    fill(root)
    config = settings(root)
    backup = create_workspace_backup(config, plan_workspace_backup(config))
    (part,) = Path(backup.location).rglob("part-*.parquet")
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 2] ^= 1
    part.chmod(0o600)
    part.write_bytes(raw)
    before = contents(root)

    with pytest.raises(RestoreError):
        restore_workspace(config, plan_restore(config, backup.backup_ref))

    assert not verify_backup(config, backup.backup_ref).ok
    assert before == contents(root)
