"""A process that writes one workspace until it is told to stop, and says what was confirmed.

Arguments: root, number, `write` or `compact`. Each line of standard output is one confirmed fact:
`run <ref>` or `point <ref> <step>`.
"""

import os
import sys
import time
from pathlib import Path

from contexta.contract import ArtifactManifest, Project, Run
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

T = "2026-01-01T00:00:00Z"


def say(*words):
    print(*words, flush=True)


def compact(root):
    parent = os.getppid()
    with RecordStore(RecordStoreConfig(root / "records")) as store:
        while os.getppid() == parent:  # a writer ends when nobody listens any more
            store.seal()
            store.compact(full=True)
            time.sleep(2)


def write(root, number):
    ledger = MetadataStoreConfig(database_path=root / "metadata" / "ledger.sqlite")
    settings = RecordStoreConfig(root / "records", durability_mode="flush")
    given = root / f"given-{number}.bin"
    with MetadataStore(ledger) as metadata:
        artifacts = ArtifactStore(VaultConfig(root_path=root / "artifacts"))
        count = 0
        while True:
            count += 1
            wished = Run(
                run_ref=f"run:p.w{number}",
                project_ref="project:p",
                name="train",
                status="open",
                started_at=T,
            )
            project = Project(project_ref="project:p", name="p", created_at=T)
            run = metadata.runs.create_run(wished, project=project).run_ref.text
            say("run", run)
            with RecordStore(settings) as store:  # a writer of its own, sealed at the end
                writer = store.writer()
                series = writer.define_series(SeriesContext(run, "p"), "loss")
                for step in range(100):
                    writer.append_point(series, step, float(step), step)
                    say("point", run, step)
                    time.sleep(0.005)
            given.write_bytes(f"{run}".encode())
            manifest = ArtifactManifest(
                artifact_ref=f"artifact:{run[4:]}.model",
                artifact_kind="checkpoint",
                created_at=T,
                producer_ref="sdk.python.local",
                run_ref=run,
                location_ref="vault://m",
            )
            artifacts.put_artifact(manifest, given)
            say("artifact", manifest.artifact_ref.text)
            metadata.runs.close_run(run, status="completed", ended_at=T)
            time.sleep(0.5)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if sys.argv[3] == "compact":
        compact(place)
    else:
        write(place, sys.argv[2])
