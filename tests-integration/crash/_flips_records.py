"""The kinds of files of the record plane."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from _flips import FileKind, Verdict

from contexta.contract.errors import ContextaError
from contexta.contract.testing import builders
from contexta.store.fs import FileLock
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
from contexta.store.records._layout import Layout
from contexta.store.records._log_write import condense_log

TYPES = ("event", "metric", "span", "degraded")
START_US = 1_700_000_000_000_000


def records_of(run: str, number: int) -> list:
    """Return one record of each type."""
    build = {
        "event": builders.structured_event_record,
        "metric": builders.metric_record,
        "span": builders.trace_span_record,
        "degraded": builders.degraded_record,
    }
    return [
        build[kind](
            envelope=builders.record_envelope(
                kind,
                record_ref=f"record:demo.{run}.{kind}{number}",
                run_ref=f"run:demo.{run}",
                stage_execution_ref=f"stage:demo.{run}.train",
            )
        )
        for kind in TYPES
    ]


def opened(root: Path, **settings) -> RecordStore:
    return RecordStore(RecordStoreConfig(root, durability_mode="flush", **settings))


def fill(root: Path) -> None:
    """Sealed parts of two runs, an erasure, a repair, an index, and an empty quarantine."""
    with opened(root, compact_small_parts=False) as store:
        for run in ("a", "b", "gone"):
            for number in range(8):
                store.append_many(records_of(run, number))
            store.seal()
        store.apply_erasure(store.plan_erasure(run_refs=["run:demo.gone"]))
        part = next(root.glob("metric/*/*.parquet"))
        raw = bytearray(part.read_bytes())
        raw[len(raw) // 3] ^= 1
        part.write_bytes(raw)
        store.apply_repairs(store.plan_repairs(), dry_run=False)
        (item,) = store.list_quarantine()
        store.release_quarantine(item, confirmed=True)
        store.metric_summaries()


def leave_segment(root: Path) -> None:
    """Let a process die that has appended and synced; its folder, lock and mark stay."""
    pid = os.fork()
    if pid == 0:
        store = opened(root)
        writer = store.writer()
        series = writer.define_series(SeriesContext("run:demo.live", "demo"), "loss")
        for step in range(30):
            writer.append_point(series, START_US + step, step / 8, step)
        store.append_many(records_of("live", 1))
        store.flush()
        os._exit(0)
    os.waitpid(pid, 0)


def fill_large(root: Path) -> None:
    """One part of several blocks, of which an ordinary read hashes only the footer."""
    with opened(root) as store:
        writer = store.writer()
        series = writer.define_series(SeriesContext("run:demo.large", "demo"), "loss")
        value = 0.5
        for step in range(60_000):
            value = (value * 3.999) * (1 - value)  # does not compress
            writer.append_point(series, START_US + step, value, step)
        store.append_many(records_of("a", 1))


class Judge:
    """Compares what a damaged store gives with what it gave before."""

    def __init__(self, root: Path, *, scan: bool = True) -> None:
        self.root = root
        self.scan = scan
        with opened(root, read_only=True) as store:
            self.tables = {kind: store.arrow(kind) for kind in TYPES}
            self.summaries = store.metric_summaries()
            self.erased = store.erased()
            assert store.check_integrity().issues == ()

    def of_part(self, path: Path):
        """Return the judge of a part: its own rows may be missing."""
        import pyarrow.parquet as pq

        return self.with_own(pq.read_table(path, columns=["sequence"], partitioning=None))

    def with_own(self, own: pa.Table | None = None):
        """Return a judge for a file that holds these rows (a table with their sequences)."""
        numbers = set() if own is None else set(own["sequence"].to_pylist())
        return lambda: self.judge(numbers)

    def judge(self, own: set) -> Verdict:
        try:
            with opened(self.root, read_only=True) as store:
                found = not store.check_integrity().healthy
                wrong = lost_others = lost = 0
                for kind, good in self.tables.items():
                    got = store.arrow(kind)
                    wrong += self._wrong(got, good)
                    missing = set(good["sequence"].to_pylist()) - set(got["sequence"].to_pylist())
                    lost += len(missing)
                    lost_others += len(missing - own)
                strict = True
                if self.scan:
                    strict, more = self._scan(store)
                    wrong += more
                if not lost and store.metric_summaries() != self.summaries:
                    wrong += 1
                return Verdict(found, wrong, lost_others, strict and not lost)
        except ContextaError as error:
            named = str(self.root) in str(error)
            return Verdict(named, 0, 0, False)

    def _wrong(self, got: pa.Table, good: pa.Table) -> int:
        same = good.filter(pc.is_in(good["sequence"], value_set=got["sequence"].combine_chunks()))
        return (
            0
            if got.unify_dictionaries().equals(same.unify_dictionaries())
            or (got.to_pylist() == same.to_pylist())
            else 1
        )

    def _scan(self, store: RecordStore) -> tuple[bool, int]:
        """Read record by record: whether no error came, and how many were never appended."""
        known = {n for table in self.tables.values() for n in table["sequence"].to_pylist()}
        wrong = 0
        try:
            for stored in store.scan():
                wrong += stored.sequence not in known
        except ContextaError:
            return False, wrong
        return True, wrong


def kinds(folder: Path) -> Iterator[FileKind]:
    """Build three stores and yield every kind of file of the plane."""
    root = folder / "records"
    fill(root)
    leave_segment(root)
    condensed = folder / "condensed"
    shutil.copytree(root, condensed)
    layout = Layout(condensed)
    with FileLock(layout.lock):
        condense_log(layout)
    large = folder / "large"
    fill_large(large)

    judge = Judge(root)
    for kind in TYPES:
        part = next(root.glob(f"{kind}/project=demo/*.parquet"))
        yield FileKind(f"part of {kind}", part, judge.of_part(part))
    parts = sorted(large.glob("metric/project=demo/*.parquet"), key=lambda p: p.stat().st_size)
    assert parts[-1].stat().st_size > 262_144, "the large part has to be large"
    yield FileKind("large part", parts[-1], Judge(large, scan=False).of_part(parts[-1]))
    (segment,) = root.glob("_wal/*/*.seg")
    live = pa.concat_tables(
        [
            t.select(["sequence"]).filter(pc.greater(t["sequence"], 96))
            for t in judge.tables.values()
        ]
    )
    yield FileKind("live segment", segment, judge.with_own(live))
    unfinished = {"garbage": "bytes behind the last newline were never confirmed"}
    yield FileKind("log of parts", root / "_parts.jsonl", judge.with_own(), unfinished)
    yield FileKind(
        "condensed log", condensed / "_parts.jsonl", Judge(condensed).with_own(), unfinished
    )
    yield FileKind(
        "store marker",
        root / "_store.json",
        judge.with_own(),
        {"delete": "derived: the formats of the files tell the same"},
    )
    yield FileKind(
        "sequence file",
        root / "_sequence.json",
        judge.with_own(),
        {"delete": "derived from the data; a restored backup has none"},
    )
    yield FileKind(
        "writer mark",
        segment.parent / "lock",
        judge.with_own(),
        {
            "delete": "says only how much was synced; the frames prove themselves",
            "cut": "at byte 0: as a writer that was killed at birth",
        },
    )
    derived = "derived: figures prove themselves by CRC-32, the rest of SQLite's bytes carry none"
    yield FileKind(
        "derived index",
        root / "_index.sqlite",
        judge.with_own(),
        dict.fromkeys(("flip", "cut", "zero", "garbage", "delete"), derived),
    )
    yield FileKind("erasure log", root / "_erased.jsonl", judge.with_own(), unfinished)
    diary = "a diary; what was lost is in the log of parts"
    yield FileKind(
        "repair log",
        root / "_repairs.jsonl",
        judge.with_own(),
        {**unfinished, "cut": diary, "delete": diary, "flip": "of the last newline: not confirmed"},
    )
