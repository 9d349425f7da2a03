"""What a program does when it is killed, or its disk fails: one class per kind of work.

`prepare` makes the folder once, `work` changes it and says what was confirmed, `problems` looks at
what is left and lists what must not be. A value that nobody wrote counts as invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.dataset as ds

from contexta.contract.testing import builders as build
from contexta.store.artifacts import ArtifactStore, VaultConfig, VerificationStatus
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, ScanFilter

Say = Callable[[str], None]
RUN = "run:demo.run-1"


def record_of(index: int):
    return build.metric_record(payload=build.metric_payload(metric_key="loss", value=index + 0.5))


def values_in(store: RecordStore) -> list[int]:
    stored = store.scan(ScanFilter(record_type="metric"))
    return [int(item.record.payload.value - 0.5) for item in stored]


def opened(folder: Path, **settings: object) -> RecordStore:
    return RecordStore(RecordStoreConfig(folder / "records", **settings))


def glob_values(folder: Path) -> list[int]:
    """Return the values that any Parquet reader finds through the plain glob."""
    files = sorted(str(path) for path in (folder / "records" / "metric").glob("*/*.parquet"))
    if not files:
        return []
    column = ds.dataset(files, format="parquet").to_table(columns=["value"])["value"]
    return [int(value - 0.5) for value in column.to_pylist()]


class Records:
    """Appends to a store that has records already; each append waits for its fsync."""

    settings: dict[str, object] = {}
    base = 40

    def prepare(self, folder: Path) -> None:
        for start in range(0, self.base, 10):
            with opened(folder) as store:
                store.append_many(record_of(i) for i in range(start, start + 10))

    def work(self, folder: Path, say: Say) -> None:
        with opened(folder, **self.settings) as store:
            for index in range(self.base, self.base + 5):
                if store.append(record_of(index)).success:
                    say(str(index))
            many = range(self.base + 5, self.base + 10)
            if store.append_many(record_of(i) for i in many).success:
                for index in many:
                    say(str(index))

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        confirmed = set(range(self.base)) | {int(text) for text in said}
        with opened(folder) as store:
            store.recover_dead_writers()
            yield from self.wrong(values_in(store), confirmed, "scan")
            issues = store.check_integrity().issues
            yield from (f"check: {issue.code} {issue.message}" for issue in issues)
            yield from self.wrong(glob_values(folder), confirmed, "glob")
            store.append(record_of(10_000))
            if 10_000 not in values_in(store):
                yield "what is appended afterwards cannot be read"

    def wrong(self, found: list[int], confirmed: set[int], where: str) -> Iterator[str]:
        if lost := sorted(confirmed - set(found)):
            yield f"{where}: lost {lost}"
        if len(found) != len(set(found)):
            yield f"{where}: {len(found) - len(set(found))} twice"
        if invented := sorted(set(found) - set(range(self.base + 200))):
            yield f"{where}: invented {invented}"


class Flushed(Records):
    """The same without waiting for the disk: survives the end of the process."""

    settings = {"durability_mode": "flush"}


class FirstUse(Records):
    """The first appends into a folder that did not exist."""

    base = 0

    def prepare(self, folder: Path) -> None:
        """Nothing exists."""


class Seal(Records):
    """Records become Parquet while the program goes on."""

    def work(self, folder: Path, say: Say) -> None:
        with opened(folder) as store:
            for start in (self.base, self.base + 20):
                for index in range(start, start + 20, 4):
                    store.append_many(record_of(i) for i in range(index, index + 4))
                    for confirmed in range(index, index + 4):
                        say(str(confirmed))
                store.seal()


class Compact(Records):
    """Small parts become large ones."""

    def work(self, folder: Path, say: Say) -> None:
        with opened(folder) as store:
            store.append(record_of(self.base))
            say(str(self.base))
            store.seal()
            store.compact(full=True)


class RebuildIndex(Records):
    """The derived index is dropped and derived again."""

    def work(self, folder: Path, say: Say) -> None:
        with opened(folder) as store:
            store.metric_summaries()
            store.rebuild_indexes()
            store.metric_summaries()

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        with opened(folder) as store:
            (summary,) = store.metric_summaries(run_refs=(RUN,))
            if summary.count != self.base:
                yield f"the index counts {summary.count}"
        yield from super().problems(folder, said)


class Metadata:
    """Puts into the ledger, one and many, and changes of one row."""

    @contextmanager
    def ledger(self, folder: Path) -> Iterator[MetadataStore]:
        config = MetadataStoreConfig(database_path=folder / "metadata" / "ledger.sqlite")
        with MetadataStore(config) as store:
            yield store

    def prepare(self, folder: Path) -> None:
        with self.ledger(folder) as store:
            store.projects.put_project(build.project())
            store.runs.put_run(build.run())

    def work(self, folder: Path, say: Say) -> None:
        with self.ledger(folder) as store:
            for name in ("one", "two", "three"):
                store.stages.put_stage_execution(stage(name))
                say(f"stage {name}")
            names = [f"m{i}" for i in range(5)]
            store.stages.put_many(stage(name) for name in names)
            for name in names:
                say(f"stage {name}")
            store.runs.update_tags(RUN, {"team": "vision"})
            say("tag team")
            created = store.runs.create_run(build.run(name="again"))
            say(f"run {created.run_ref.text}")

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        with self.ledger(folder) as store:
            for issue in store.check_integrity().issues:
                yield f"check: {issue.code} {issue.message}"
            for text in said:
                kind, name = text.split(" ", 1)
                if kind == "stage" and not store.stages.exists_stage_execution(stage_ref(name)):
                    yield f"lost {text}"
                if kind == "run" and not store.runs.exists_run(name):
                    yield f"lost {text}"
                if kind == "tag" and store.runs.get_run(RUN).tags.get(name) != "vision":
                    yield f"lost {text}"
            batch = [store.stages.exists_stage_execution(stage_ref(f"m{i}")) for i in range(5)]
            if any(batch) and not all(batch):
                yield f"half of a batch: {batch}"
            store.stages.put_stage_execution(stage("afterwards"))


class FirstLedger(Metadata):
    """The ledger is made by the program."""

    def prepare(self, folder: Path) -> None:
        """Nothing exists."""

    def work(self, folder: Path, say: Say) -> None:
        super().prepare(folder)
        say(f"run {RUN}")

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        if not said:  # not even begun: it begins now
            super().prepare(folder)
        yield from super().problems(folder, said)


def stage_ref(name: str) -> str:
    return f"stage:demo.run-1.{name}"


def stage(name: str):
    return build.stage_execution(stage_execution_ref=stage_ref(name), stage_name=name)


class Artifacts:
    """Bodies are put, the second time with content that is there already."""

    def vault(self, folder: Path) -> ArtifactStore:
        return ArtifactStore(VaultConfig(root_path=folder / "artifacts"))

    bodies = {"first": b"first", "second": b"second", "third": b"first", "fourth": b"fourth"}

    def prepare(self, folder: Path) -> None:
        for name in (*self.bodies, "afterwards"):
            body = self.bodies.get(name, b"afterwards")
            (folder / f"{name}.bin").write_bytes(body * 1000)
        self.put(folder, "first")

    def put(self, folder: Path, name: str) -> None:
        manifest = build.artifact_manifest(
            artifact_ref=f"artifact:demo.run-1.{name}",
            location_ref=f"{name}.bin",
            hash_value=None,
            size_bytes=None,
        )
        self.vault(folder).put_artifact(manifest, folder / f"{name}.bin")

    def work(self, folder: Path, say: Say) -> None:
        for name in ("second", "third", "fourth"):
            self.put(folder, name)
            say(name)

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        vault = self.vault(folder)
        for name in ("first", *said):
            body = vault.read_artifact_bytes(f"artifact:demo.run-1.{name}")
            if body != self.bodies[name] * 1000:
                yield f"{name} has another body"
        for record in vault.verify_all().verification_records:
            if record.status is not VerificationStatus.VERIFIED:
                yield f"{record.artifact_ref} is {record.status}"
        self.put(folder, "afterwards")


SCENARIOS = {
    "append": Records,
    "append-flushed": Flushed,
    "append-first": FirstUse,
    "seal": Seal,
    "compact": Compact,
    "rebuild-index": RebuildIndex,
    "put": Metadata,
    "put-first": FirstLedger,
    "artifact": Artifacts,
}
