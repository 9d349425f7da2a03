"""Work on records: appends of each kind, sealing, compaction, the index, erasure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.dataset as ds

from contexta.contract.testing import builders as build
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


class LongFlushed(Flushed):
    """Appends for half a second, as a training loop does, without waiting for the disk."""

    def work(self, folder: Path, say: Say) -> None:
        with opened(folder, **self.settings) as store:
            for index in range(self.base, self.base + 150):
                store.append(record_of(index))
                say(str(index))
                time.sleep(0.003)


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


class Bulk(Records):
    """Whole columns and whole batches, each all or nothing."""

    def work(self, folder: Path, say: Say) -> None:
        with opened(folder) as store:
            for start in (self.base, self.base + 30):
                values = [index + 0.5 for index in range(start, start + 20)]
                store.append_metrics(RUN, "loss", values)
                for index in range(start, start + 20):
                    say(str(index))
                group = range(start + 20, start + 30)
                store.append_many((record_of(i) for i in group), atomic=True)
                for index in group:
                    say(str(index))

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        with opened(folder) as store:
            found = set(values_in(store))
        for start in (self.base, self.base + 20, self.base + 30, self.base + 50):
            size = 10 if start in (self.base + 20, self.base + 50) else 20
            present = len(found & set(range(start, start + size)))
            if present not in (0, size):
                yield f"{present} of {size} of a batch"
        yield from super().problems(folder, said)


class Erase(Records):
    """The records of one run are erased from every file; those of another one stay."""

    marker = "marker-of-the-erased-run"

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        with opened(folder) as store:
            store.append_many(self.erased(index) for index in range(10))

    def erased(self, index: int):
        run_ref = "run:demo.erased"
        return build.structured_event_record(
            envelope=build.record_envelope(
                record_type="event",
                record_ref=f"record:demo.erased.e{index}",
                run_ref=run_ref,
                stage_execution_ref=None,
            ),
            payload=build.structured_event_payload(message=self.marker, subject_ref=None),
        )

    def work(self, folder: Path, say: Say) -> None:
        with opened(folder) as store:
            store.apply_erasure(store.plan_erasure(run_refs=["run:demo.erased"]))
            say("erased")

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        with opened(folder) as store:
            left = list(store.scan(ScanFilter(run_ref="run:demo.erased")))
            if left and "erased" in said:
                yield f"{len(left)} records of the erased run are left"
            if len(left) not in (0, 10):
                yield f"{len(left)} of 10 records of the run are left"
            if left:
                store.apply_erasure(store.plan_erasure(run_refs=["run:demo.erased"]))
        yield from super().problems(folder, [text for text in said if text != "erased"])
