"""A process that writes one workspace until it is killed, and says what was confirmed.

Arguments: root, number, role. Each line of standard output is one fact: `run <ref>`,
`point <ref> <step>`, `artifact <ref>`, `erasing <ref>`, `erased <ref>`.
"""

from __future__ import annotations

import io
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from contexta.contract import ArtifactManifest, Project, Run
from contexta.contract.errors import StoreError
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

T = "2026-01-01T00:00:00Z"
STEPS = 40


def say(*words: object) -> None:
    """Print one fact with one call: whole, or not at all."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Writer:
    """Writes runs, each with a series of points and an artifact, one after the other."""

    def __init__(self, root: Path, number: str) -> None:
        self.root, self.number = root, number
        self.metadata = MetadataStore(
            MetadataStoreConfig(database_path=root / "metadata" / "ledger.sqlite")
        )
        self.artifacts = ArtifactStore(VaultConfig(root_path=root / "artifacts"))
        self.records = RecordStore(RecordStoreConfig(root / "records", durability_mode="flush"))

    def runs(self) -> Iterator[str]:
        """Yield a finished run, again and again."""
        while True:
            wished = Run(
                run_ref=f"run:demo.w{self.number}",
                project_ref="project:demo",
                name="train",
                status="open",
                started_at=T,
                params={"rate": 0.5},
            )
            project = Project("project:demo", "demo", T)
            run = self.metadata.runs.create_run(wished, project=project).run_ref.text
            say("run", run)
            self.points(run)
            self.artifact(run)
            self.metadata.runs.close_run(run, status="completed", ended_at=T)
            yield run

    def points(self, run: str) -> None:
        writer = self.records.writer()
        series = writer.define_series(SeriesContext(run, "demo"), "loss")
        for step in range(STEPS):
            writer.append_point(series, step, float(step), step)
            say("point", run, step)
            time.sleep(0.002)

    def artifact(self, run: str) -> None:
        manifest = ArtifactManifest(
            artifact_ref=f"artifact:{run[4:]}.model",
            artifact_kind="checkpoint",
            created_at=T,
            producer_ref="test",
            run_ref=run,
            location_ref="model.bin",
        )
        body = io.BytesIO(run.encode() * 500)
        self.artifacts.put_artifact_from_stream(manifest, body, source_name="model")
        say("artifact", manifest.artifact_ref.text)


def append(writer: Writer) -> None:
    """Only append; what is sealed, others seal."""
    for _ in writer.runs():
        pass


def seal(writer: Writer) -> None:
    """Make a part of each run."""
    for _ in writer.runs():
        writer.records.seal()


def compact(writer: Writer) -> None:
    """Merge all parts after each run."""
    for _ in writer.runs():
        writer.records.seal()
        writer.records.compact(full=True)


def erase(writer: Writer) -> None:
    """Take the records of every other run away again."""
    for count, run in zip(itertools.count(), writer.runs(), strict=False):
        if count % 2:
            say("erasing", run)
            with suppress(StoreError):  # a living writer holds a part of them: not confirmed
                writer.records.apply_erasure(writer.records.plan_erasure(run_refs=[run]))
                say("erased", run)


ROLES: dict[str, Callable[[Writer], None]] = {
    "append": append,
    "seal": seal,
    "compact": compact,
    "erase": erase,
}

if __name__ == "__main__":
    ROLES[sys.argv[3]](Writer(Path(sys.argv[1]), sys.argv[2]))
