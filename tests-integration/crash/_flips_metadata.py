"""The kinds of files of the metadata plane."""

import os
from collections.abc import Iterator
from pathlib import Path

from _flips import FileKind, Verdict

from contexta.contract import (
    EnvironmentSnapshot,
    LineageEdge,
    Project,
    ProvenanceRecord,
    Run,
    StageExecution,
)
from contexta.contract.errors import ContextaError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

T = "2026-01-01T00:00:00Z"
RUNS = 12


def opened(path: Path, **settings) -> MetadataStore:
    return MetadataStore(MetadataStoreConfig(database_path=path, **settings))


def fill(store: MetadataStore, *, changes: bool = True) -> None:
    """Put entities of most kinds and lineage; with changes, also history and a tombstone."""
    store.projects.put_project(Project(project_ref="project:p", name="p", created_at=T))
    for number in range(RUNS):
        name = f"r{number}"
        store.runs.create_run(
            Run(
                run_ref=f"run:p.{name}",
                project_ref="project:p",
                name=name,
                status="open",
                started_at=T,
                params={"rate": number / 8, "layers": number},
                tags={"team": "a"},
                code_revision=f"{number:040x}",
            ),
            writer_id=f"{number:032x}",
        )
        put_parts(store, name)
        if changes and number % 2:
            store.runs.close_run(f"run:p.{name}", status="completed", ended_at=T)
    if changes:
        store.archive(["run:p.r0"])
        store.apply_deletion(store.plan_deletion(["run:p.r1"]))


def put_parts(store: MetadataStore, name: str) -> None:
    """Put a stage, an environment, a relation with evidence and an assertion of a run."""
    run = f"run:p.{name}"
    store.stages.put_stage_execution(
        StageExecution(
            stage_execution_ref=f"stage:p.{name}.s",
            run_ref=run,
            stage_name="s",
            status="open",
            started_at=T,
        )
    )
    store.environments.put_environment_snapshot(
        EnvironmentSnapshot(
            environment_snapshot_ref=f"environment:p.{name}.e",
            run_ref=run,
            captured_at=T,
            python_version="3.13",
            platform="linux",
        )
    )
    store.relations.put_relation(
        LineageEdge(
            relation_ref=f"relation:p.{name}",
            relation_type="used",
            source_ref=run,
            target_ref=f"artifact:p.{name}.m",
            recorded_at=T,
            origin_marker="explicit",
            confidence_marker="high",
            evidence_refs=[f"record:p.{name}.m1"],
        )
    )
    store.provenance.put_provenance(
        ProvenanceRecord(
            provenance_ref=f"provenance:p.{name}",
            relation_ref=f"relation:p.{name}",
            assertion_mode="explicit",
            asserted_at=T,
        )
    )


def leave_log(path: Path) -> None:
    """Let a process die that has put everything: it all lies in the write-ahead log.

    Nothing is put twice, so that what is left of a damaged log is no value of an earlier moment.
    """
    pid = os.fork()
    if pid == 0:
        fill(opened(path), changes=False)
        os._exit(0)
    os.waitpid(pid, 0)


def served(store: MetadataStore) -> dict[str, set[str]]:
    """Return every value that reads give, as text; what raises gives nothing."""
    names = [f"r{number}" for number in range(RUNS)]
    reads = {
        "projects": lambda _: store.projects.list_projects(),
        "runs": lambda _: store.runs.list_runs(),
        "refs": lambda _: store.list_registered_refs(),
        "tombstones": lambda _: store.list_tombstones(),
        "writers": lambda _: store.runs.open_run_writers(),
        "stages": lambda name: store.stages.list_stage_executions(f"run:p.{name}"),
        "environments": lambda name: store.environments.list_environment_snapshots(f"run:p.{name}"),
        "relations": lambda name: store.relations.list_relations_for_ref(f"run:p.{name}"),
        "provenance": lambda name: store.provenance.list_provenance_for_relation(
            f"relation:p.{name}"
        ),
        "history": lambda name: store.history(f"run:p.{name}"),
    }
    found: dict[str, set[str]] = {}
    for kind, read in reads.items():
        found[kind] = set()
        for name in names:
            try:
                found[kind].update(map(repr, read(name)))
            except ContextaError:
                continue
    return found


class Judge:
    """Compares what a damaged ledger gives with what it gave before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened(path, read_only=True) as store:
            self.good = served(store)
            assert store.check_integrity().issues == ()

    def __call__(self) -> Verdict:
        try:
            with opened(self.path, read_only=True) as store:
                got = served(store)
                found = not store.check_integrity().ok
        except ContextaError as error:
            return Verdict(str(self.path.parent) in str(error), 0, 0, False)
        wrong = sum(len(values - self.good[kind]) for kind, values in got.items())
        return Verdict(found, wrong, 0, got == self.good)


def kinds(folder: Path) -> Iterator[FileKind]:
    """Build a closed ledger and one whose writer was killed; yield their files."""
    closed = folder / "closed" / "ledger.sqlite"
    with opened(closed) as store:
        fill(store)
    unread = "SQLite reads neither free space in pages nor some counters of the header"
    yield FileKind(
        "ledger",
        closed,
        Judge(closed),
        {"flip": unread, "zero": unread, "garbage": "SQLite knows its own length"},
    )
    left = folder / "left" / "ledger.sqlite"
    left.parent.mkdir(parents=True)
    leave_log(left)
    judge = Judge(left)
    own_length = {"garbage": "behind the last commit; never confirmed"}
    yield FileKind("ledger, log", left.with_name("ledger.sqlite-wal"), judge, own_length)
    derived = "derived from the log, which is read again"
    every = ("flip", "cut", "zero", "garbage", "delete")
    yield FileKind(
        "ledger, index of log",
        left.with_name("ledger.sqlite-shm"),
        judge,
        dict.fromkeys(every, derived),
    )
    yield FileKind(
        "ledger, lock",
        left.with_name("ledger.sqlite-lock"),
        judge,
        dict.fromkeys(every, "a mark that cannot be believed is none; the log is whole"),
    )
