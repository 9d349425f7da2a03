"""A workspace with something of every kind, and what a reader finds in one."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace as Section
from typing import Any, NamedTuple

from contexta.contract import ArtifactManifest, Project, Run
from contexta.contract.testing import builders as build
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.integrity import check_workspace
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig
from contexta.store.workspace import open_workspace

T0, T1 = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"


def settings(root: Path, **recovery: Any) -> Section:
    """Return the fields that recovery asks for, with every folder in its default place."""
    places = ("metadata_path", "records_path", "artifacts_path", "exports_path", "cache_path")
    given = {
        "outbox_root": root / "recovery" / "outbox",
        "backup_root": None,
        "restore_staging_root": None,
        "create_backup_before_restore": True,
        "backup_key_file": None,
    }
    return Section(
        workspace=Section(root_path=root, **dict.fromkeys(places)),
        metadata=Section(database_path=None),
        records=Section(root_path=None),
        artifacts=Section(root_path=None),
        recovery=Section(**(given | recovery)),
    )


class Planes(NamedTuple):
    """The three open stores of a workspace."""

    metadata: MetadataStore
    records: RecordStore
    artifacts: ArtifactStore


@contextmanager
def planes(
    root: Path, *, read_only: bool = False, records_root: Path | None = None
) -> Iterator[Planes]:
    """Open the stores of a workspace in their default places, but for records elsewhere."""
    ledger = MetadataStoreConfig(
        database_path=root / "metadata" / "ledger.sqlite", read_only=read_only
    )
    place = records_root or root / "records"
    records = RecordStoreConfig(place, read_only=read_only, durability_mode="flush")
    vault = VaultConfig(
        root_path=root / "artifacts", read_only=read_only, create_missing_dirs=not read_only
    )
    with MetadataStore(ledger) as metadata, RecordStore(records) as store:
        yield Planes(metadata, store, ArtifactStore(vault))


def fill(root: Path, names: tuple[str, ...] = ("one", "two", "three"), *, size: int = 1) -> None:
    """Write runs with records of each type in parts of their own, artifacts, and an outbox.

    Args:
        root: The workspace; made when absent.
        names: One run each; the last one is left to a process that dies with its segment open.
        size: How many times as much of everything.
    """
    open_workspace(root, create=True)
    *closed, last = names
    with planes(root) as stores:
        for name in names:
            _run(stores, name, size)
        for name in closed:
            stores.metadata.runs.close_run(f"run:demo.{name}", status="completed", ended_at=T1)
    # What a killed process leaves is no part yet: a segment that waits to be sealed.
    subprocess.run([sys.executable, __file__, str(root), last], check=True)
    _outbox(root / "recovery" / "outbox", names)


def _run(stores: Planes, name: str, size: int) -> None:
    run_ref = f"run:demo.{name}"
    run = Run(
        run_ref=run_ref,
        project_ref="project:demo",
        name=name,
        status="open",
        started_at=T0,
        params={"rate": len(name) / 10},
        tags={"team": name},
    )
    stores.metadata.runs.create_run(run, project=Project("project:demo", "demo", T0))
    stage = f"stage:{run_ref[4:]}.fit"
    stores.metadata.stages.put_stage_execution(
        build.stage_execution(stage_execution_ref=stage, run_ref=run_ref, stage_name="fit")
    )
    values = [index / 8 for index in range(50 * size)]
    stores.records.append_metrics(run_ref, "loss", values)
    assert not stores.records.append_many(_others(name, 5 * size)).rejected
    stores.records.seal()
    rng = random.Random(name)
    bodies = {
        "notes": f"{name} says the same again and again.\n".encode() * 300 * size,
        "weights": rng.randbytes(6_000 * size),
        "shared": b"one body for all runs " * 200,
    }
    for kind, body in bodies.items():
        manifest = ArtifactManifest(
            artifact_ref=f"artifact:demo.{name}.{kind}",
            artifact_kind="model",
            created_at=T0,
            producer_ref="test",
            run_ref=run_ref,
            location_ref=f"{kind}.bin",
        )
        stores.artifacts.put_artifact_from_stream(manifest, io.BytesIO(body), source_name=kind)


def event(run: str, index: int, message: str = ""):
    """Return an event of a run of the project `demo`."""
    envelope = build.record_envelope(
        record_type="event",
        record_ref=f"record:demo.{run}.e{index}",
        run_ref=f"run:demo.{run}",
        stage_execution_ref=None,
    )
    payload = build.structured_event_payload(message=message or f"event {index}", subject_ref=None)
    return build.structured_event_record(envelope=envelope, payload=payload)


def _others(run: str, count: int) -> Iterator[Any]:
    for index in range(count):
        yield event(run, index)
        common = {"run_ref": f"run:demo.{run}", "stage_execution_ref": None}
        yield build.trace_span_record(
            envelope=build.record_envelope(
                record_type="span", record_ref=f"record:demo.{run}.s{index}", **common
            )
        )
        yield build.degraded_record(
            envelope=build.record_envelope(
                record_type="degraded",
                record_ref=f"record:demo.{run}.d{index}",
                degradation_marker="capture_gap",
                **common,
            ),
            payload=build.degraded_payload(subject_ref=f"run:demo.{run}"),
        )


def _outbox(folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in ("failed_deliveries.jsonl", "dead_letter.jsonl"):
        with (folder / file).open("a") as lines:
            for name in names:
                entry = {"replay_ref": f"{file}-{name}", "family": "RECORD", "payload": {"n": 1}}
                lines.write(json.dumps(entry) + "\n")


def leave_a_segment(root: Path, run: str) -> None:
    """Append to a segment and end without closing it, as a killed process does."""
    store = RecordStore(RecordStoreConfig(root / "records", durability_mode="flush"))
    for index in range(100, 110):
        assert store.append(event(run, index)).success
    os._exit(0)


def contents(root: Path, *, records_root: Path | None = None) -> dict[str, Any]:
    """Return what a reader finds: runs, records by type, artifacts, waiting deliveries.

    The stores are opened to read only, so that looking changes nothing.
    """
    with planes(root, read_only=True, records_root=records_root) as stores:
        outbox = root / "recovery" / "outbox" / "failed_deliveries.jsonl"
        return {
            "runs": sorted(
                (run.run_ref.text, run.status, run.params["rate"])
                for run in stores.metadata.runs.list_runs()
            ),
            "records": sorted(_facts(item.record) for item in stores.records.scan()),
            "artifacts": sorted(
                (str(ref), sha256(stores.artifacts.read_artifact_bytes(str(ref))).hexdigest())
                for ref in stores.artifacts.list_refs()
            ),
            "outbox": sorted(outbox.read_text().split("\n")) if outbox.exists() else [],
        }


def _facts(record: Any) -> tuple[str, str, str]:
    envelope, payload = record.envelope, record.payload
    fields = ("value", "message", "issue_key")
    said = next((getattr(payload, name) for name in fields if hasattr(payload, name)), "")
    return envelope.run_ref.text, envelope.record_type, f"{said}"


def issues(root: Path, *, records_root: Path | None = None) -> list[str]:
    """Return what the check of all planes finds, reading every byte; empty when all is well."""
    with planes(root, read_only=True, records_root=records_root) as stores:
        report = check_workspace(*stores, deep=True)
        return [f"{issue.severity} {issue.code}: {issue.message}" for issue in report.issues]


def tree(root: Path) -> Mapping[str, bytes | None]:
    """Return every path below a folder with the bytes of each file.

    Files that reading a database makes and removes are left out.
    """
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
        if not path.name.endswith(("-shm", "-wal"))
    }


if __name__ == "__main__":
    leave_a_segment(Path(sys.argv[1]), sys.argv[2])
