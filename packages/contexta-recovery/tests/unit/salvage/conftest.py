"""A workspace with everything in it and its backup, made once and copied for each test."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contexta.contract import (
    ArtifactManifest,
    BatchExecution,
    LineageEdge,
    SampleObservation,
    StageExecution,
)
from contexta.recovery import (
    SalvageResult,
    create_workspace_backup,
    plan_workspace_backup,
    salvage,
)

TIME = "2026-01-01T00:00:00.000000Z"
RUNS = ("first", "second")
POINTS = 40


def fill(stores: Any, run: str, folder: Path) -> None:
    """Write one run with a stage, a batch, a sample, points, events, a body and a folder."""
    stores.add_run(run)
    stage = f"stage:p.{run}.train"
    own = {"run_ref": f"run:p.{run}"}
    span = {"status": "completed", "started_at": TIME, "ended_at": TIME}
    ledger = stores.metadata
    ledger.stages.put_stage_execution(
        StageExecution(stage_execution_ref=stage, stage_name="train", **own, **span)
    )
    ledger.batches.put_batch_execution(
        BatchExecution(
            batch_execution_ref=f"batch:p.{run}.train.b1",
            stage_execution_ref=stage,
            batch_name="b1",
            **own,
            **span,
        )
    )
    ledger.samples.put_sample_observation(
        SampleObservation(
            sample_observation_ref=f"sample:p.{run}.train.b1.s1",
            stage_execution_ref=stage,
            batch_execution_ref=f"batch:p.{run}.train.b1",
            sample_name="s1",
            observed_at=TIME,
            **own,
        )
    )
    stores.records.append_metrics(
        f"run:p.{run}",
        "loss",
        [float(step) for step in range(POINTS)],
        stage_execution_ref=stage,
        batch_execution_ref=f"batch:p.{run}.train.b1",
        sample_observation_ref=f"sample:p.{run}.train.b1.s1",
        observed_at=TIME,
    )
    for number in range(3):
        stores.add_event(run, number)
    stores.add_artifact(run, "weights", b"weights of " + run.encode())
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"a of " + run.encode())
    (folder / "sub" / "b.txt").write_bytes(b"b of " + run.encode())
    manifest = ArtifactManifest(
        artifact_ref=f"artifact:p.{run}.folder",
        artifact_kind="dataset",
        created_at=TIME,
        producer_ref="test",
        location_ref="folder",
        **own,
    )
    stores.artifacts.put_artifact(manifest, folder)
    shutil.rmtree(folder)
    stores.records.seal()


@dataclass(frozen=True)
class Template:
    """The workspace and its backup."""

    workspace: Path
    backup: Path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, session_stores: Any) -> Template:
    top = tmp_path_factory.mktemp("template")
    root = top / "home" / ".contexta"
    with session_stores.open(root) as stores:
        for run in RUNS:
            fill(stores, run, top / "folder")
        stores.metadata.relations.put_relation(
            LineageEdge(
                relation_ref="relation:p.first-to-second",
                relation_type="derived_from",
                source_ref="run:p.second",
                target_ref="artifact:p.first.weights",
                recorded_at=TIME,
                origin_marker="explicit",
                confidence_marker="high",
            )
        )
    config = session_stores.config(root, backup_root=top / "backups")
    result = create_workspace_backup(config, plan_workspace_backup(config))
    assert result.status == "SUCCESS"
    assert result.location is not None
    return Template(root, result.location)


@dataclass(frozen=True)
class Kit:
    """`open` are the stores on a folder, `config` makes a configuration."""

    open: Callable[[Path], Any]
    config: Callable[..., Any]


@pytest.fixture(scope="session")
def session_stores(request: pytest.FixtureRequest) -> Kit:
    module = next(
        plugin
        for plugin in request.config.pluginmanager.get_plugins()
        if hasattr(plugin, "Stores") and hasattr(plugin, "config_at")
    )
    return Kit(module.Stores, module.config_at)


@pytest.fixture
def backup(template: Template, tmp_path: Path) -> Path:
    """A copy of the backup, alone in its folder, to be damaged."""
    target = tmp_path / "alone" / template.backup.name
    shutil.copytree(template.backup, target, symlinks=True)
    return target


@pytest.fixture
def damaged(template: Template, tmp_path: Path) -> Path:
    """A copy of the workspace, to be damaged."""
    target = tmp_path / "live" / ".contexta"
    shutil.copytree(template.workspace, target, symlinks=True)
    return target


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "salvaged"


@pytest.fixture
def run_salvage(
    session_stores: Kit, tmp_path: Path, target: Path
) -> Iterator[Callable[..., SalvageResult]]:
    """Salvage into `target` with a configuration that knows no other backup."""
    config = session_stores.config(tmp_path / "nowhere", backup_root=tmp_path / "no-backups")

    def run(source: Path, **options: Any) -> SalvageResult:
        return salvage(options.pop("config", config), source, target_workspace=target, **options)

    return run


class Salvaged:
    """What is in a salvaged workspace, read through the stores."""

    def __init__(self, root: Path, kit: Kit) -> None:
        with kit.open(root) as stores:
            self.errors = [*_errors(stores)]
            self.runs = {run.run_ref.text: run for run in stores.metadata.runs.list_runs()}
            self.projects = list(stores.metadata.projects.list_projects())
            self.stages = {
                one.stage_execution_ref.text
                for run in self.runs
                for one in stores.metadata.stages.list_stage_executions(run)
            }
            self.samples = stores.metadata.samples.count_sample_observations()
            found = list(stores.records.scan())
            self.records = [one for one in found if one.record.envelope.record_type != "degraded"]
            self.notes = [
                one.record for one in found if one.record.envelope.record_type == "degraded"
            ]
            self.artifacts = list(stores.artifacts.list_refs())
            self.gaps = {run: len(stores.records.damage(run_refs=[run])) for run in self.runs}
            self.quarantined = len(stores.artifacts.list_quarantine())
            self.tombstones = [one.artifact_ref for one in stores.artifacts.list_tombstones()]

    def noted(self, place: str) -> set[str]:
        """The runs whose degraded records name a place."""
        return {
            note.envelope.run_ref.text
            for note in self.notes
            if note.payload.attributes["place"] == place
        }


def _errors(stores: Any) -> Iterator[str]:
    for issue in stores.metadata.check_integrity(full=True).issues:
        if issue.severity == "error":
            yield f"metadata:{issue.code}:{issue.message}"
    for issue in stores.records.check_integrity().issues:
        if issue.severity == "error":
            yield f"records:{issue.code}:{issue.message}"
    sweep = stores.artifacts.verify_all()
    for ref in (*sweep.missing_refs, *sweep.drifted_refs, *sweep.damaged_bindings):
        yield f"artifacts:{ref}"


@pytest.fixture
def look(session_stores: Kit) -> Callable[[Path], Salvaged]:
    return lambda root: Salvaged(root, session_stores)


def spoil(path: Path, how: str) -> None:
    """Delete a file, flip a bit in its middle, cut it to a half, or zero its second half."""
    if how == "deleted":
        path.unlink()
        return
    data = bytearray(path.read_bytes())
    if how == "flipped":
        data[len(data) // 2] ^= 4
    elif how == "cut":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.fixture(name="spoil")
def spoil_fixture() -> Callable[[Path, str], None]:
    return spoil


@pytest.fixture
def bytes_stream() -> Callable[[bytes], io.BytesIO]:
    return io.BytesIO
