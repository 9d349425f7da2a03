"""Workspaces that earlier releases wrote."""

import shutil
from pathlib import Path

import pytest

from contexta import Contexta
from contexta.contract.errors import SchemaVersionError
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.integrity import check_workspace
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture
def workspace(tmp_path):
    """A copy of the workspace of the first schema, private as a workspace is."""
    root = tmp_path / ".contexta"
    shutil.copytree(GOLDEN / "schema-0", root)
    for entry in [root, *root.rglob("*")]:
        entry.chmod(0o700 if entry.is_dir() else 0o600)
    return root


def test_a_workspace_of_the_first_schema_opens_when_it_may_be_migrated(workspace):
    """Without leave the error says how; with it all is there, and a copy of the old ledger."""
    settings = {"project_name": "p", "workspace": {"root_path": str(workspace)}}
    with pytest.raises(SchemaVersionError) as refused, Contexta(config=settings) as ctx:
        ctx.list_runs()
    with Contexta(config={**settings, "metadata": {"auto_migrate": True}}) as ctx:
        names = sorted(str(run.run_ref) for run in ctx.metadata_store.runs.list_runs())
        records = ctx.record_store.replay().record_count
        body = ctx.artifact_store.read_artifact_bytes("artifact:p.r.m")

    assert "auto_migrate=True" in refused.value.message
    assert names == ["run:p.r", "run:p.r-2", "run:p.r-3", "run:p.typed"]
    assert records >= 8
    assert body == b"weights " * 100
    assert len(list((workspace / "metadata" / "backups").iterdir())) == 1


def test_a_migrated_workspace_agrees_in_all_planes(workspace):
    """A deep check reports the run whose writer is dead, and nothing else."""
    ledger = MetadataStoreConfig(
        database_path=workspace / "metadata" / "ledger.sqlite", auto_migrate=True
    )
    with (
        MetadataStore(ledger) as metadata,
        RecordStore(RecordStoreConfig(workspace / "records")) as records,
    ):
        artifacts = ArtifactStore(VaultConfig(root_path=workspace / "artifacts"))
        report = check_workspace(metadata, records, artifacts, deep=True)
        artifacts.close()

    issues = [(issue.code, issue.ref) for issue in report.issues]
    assert issues == [("open_run_without_writer", "run:p.r-2")]
