"""Questions about metrics and runs, answered from the index, the rest of the parts and the log.

A look is what an answer rests on: segments of the index, parts that are in none of them, and live
segments of writers; each record is in exactly one of these. Usually the log of parts is as the
index knows it, and then neither the log nor the catalogue of parts is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records import _damage as dmg
from contexta.store.records import _doubts
from contexta.store.records._index_chunks import (
    BY_KEY,
    BY_RUN,
    COUNTS,
    DOUBT,
    END,
    POINT,
    SCHEMAS,
    text_key,
)
from contexta.store.records._index_file import IndexUnavailableError
from contexta.store.records._index_segments import DamagedSegmentError, Place
from contexta.store.records._index_state import LogMark, SegmentInfo, read_tail
from contexta.store.records._index_update import BOUNDED, UNBOUNDED, Budget, RecordIndex
from contexta.store.records._layout import Layout
from contexta.store.records._live import LiveView
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._plain_arrays import integers, no_rows, texts
from contexta.store.records._reads import read_table, was_replaced
from contexta.store.records._rows_filter import RowFilter
from contexta.store.records._snapshot import Snapshot, StoreReader
from contexta.store.records._summaries import (
    PARTIAL_SCHEMA,
    SUMMARY_COLUMNS,
    merge_partials,
    partials_of,
)
from contexta.store.records.schema import RECORD_TYPES

FEW_RUNS = 32
NO_STAGE = ""
"""Stands for points of the run itself; None is any stage."""
_ONE_BY_ONE = 4
_TRIES = 4
_T = TypeVar("_T")

Names = frozenset[str] | None
"""Wanted texts; None means any."""


class Look(NamedTuple):
    """What an answer rests on."""

    segments: tuple[SegmentInfo, ...]
    rest: tuple[PartEntry, ...]
    live: tuple[LiveView, ...]

    def unindexed(self) -> Snapshot:
        """Return what is in no segment of the index."""
        return Snapshot(self.rest, self.live, (), ())


class IndexedReader:
    """Answers one question; `lost` then has the damage that was met on the way.

    Args:
        layout: The store.
        reader: Looks at the store.
        index: The index; None to do without.
    """

    def __init__(self, layout: Layout, reader: StoreReader, index: RecordIndex | None) -> None:
        self._layout = layout
        self._reader = reader
        self._index = index
        self.lost: list[dmg.Damage] = []

    # Looking

    def answer(self, question: Callable[[Look], _T], *, bounded: bool) -> _T:
        """Ask a question of a look; without the index where it does not work.

        Args:
            question: Called with a look, again when the index turns out to be damaged.
            bounded: Whether the question is about so little that the index is not to be
                brought up to date as a whole for it.
        """
        index = self._index
        for _ in range(_TRIES):
            try:
                budget = BOUNDED if bounded else UNBOUNDED
                found = question(self._plain() if index is None else self._look(index, budget))
            except (IndexUnavailableError, DamagedSegmentError) as error:
                assert index is not None  # noqa: S101 - nothing else raises them
                self.lost.clear()
                index.recover(error)
                continue
            if not was_replaced(self._reader, self._layout, self.lost):
                return found
            self.lost.clear()
        return question(self._plain())

    def _plain(self) -> Look:
        snapshot = self._reader.snapshot()
        return Look((), snapshot.parts, snapshot.live)

    def _look(self, index: RecordIndex, budget: Budget) -> Look:
        # Live segments first: one that is sealed meanwhile is then found in the index as well,
        # and is left out here, but none is missed.
        live = self._reader.live()
        try:
            cover = index.advance(index.state(), budget)
            if cover is None or not cover.state.complete:
                return self._whole_look(index, budget)
        except OSError:
            return self._plain()
        hidden = cover.sealed | cover.state.leftovers
        kept = tuple(view for view in live if view.segment not in hidden)
        if any(not self._layout.segment(view.segment).exists() for view in kept):
            return self._whole_look(index, budget)  # gone because it was sealed, perhaps
        return Look(cover.state.segments, cover.rest, kept)

    def _whole_look(self, index: RecordIndex, budget: Budget) -> Look:
        start = read_tail(self._layout, LogMark(0, 0, 0))
        present = {view.segment for view in self._reader.live()}
        snapshot = self._reader.snapshot()
        mark = LogMark(0, 0, 0) if start is None else start.mark
        paths = [str((found.gap.details or {}).get("path", "")) for found in snapshot.damage]
        log = str(self._layout.parts_log)
        cover = index.cover(
            index.state(),
            snapshot.parts,
            frozenset(present - {view.segment for view in snapshot.live}),
            mark,
            budget,
            complete=not any(path == log or path.endswith(".parquet") for path in paths),
        )
        return Look(cover.state.segments, cover.rest, snapshot.live)

    def _rows(
        self, look: Look, family: int, low: bytes = b"", high: bytes = END
    ) -> Iterator[tuple[SegmentInfo, pa.Table]]:
        if self._index is None:
            return
        for segment in look.segments:
            rows = self._index.segments.rows(segment, family, low, high)
            if rows.num_rows:
                yield segment, rows

    def _entries(self, places: Iterable[Place]) -> tuple[PartEntry, ...]:
        assert self._index is not None  # noqa: S101 - without index there are no places
        return tuple(self._index.segments.part(place) for place in sorted(set(places)))

    # Metrics

    def partials(self, look: Look, runs: Names, keys: Names) -> pa.Table:
        """Return partials of the wanted series; a series that is in pieces has several."""
        tables = [self._indexed_partials(look, runs, keys)]
        if look.rest or look.live:
            points = self._points(look.unindexed(), runs, keys, SUMMARY_COLUMNS)
            tables.append(partials_of(points))
        return pa.concat_tables([table for table in tables if table.num_rows] or tables[:1])

    def _indexed_partials(self, look: Look, runs: Names, keys: Names) -> pa.Table:
        def found() -> pa.Table:
            tables = [no_rows(PARTIAL_SCHEMA)]
            for few_runs, few_keys, family, low, high in _ranges(runs, keys):
                for _, rows in self._rows(look, family, low, high):
                    tables.append(_only(rows, few_runs, few_keys).select(PARTIAL_SCHEMA.names))
            return pa.concat_tables([table for table in tables if table.num_rows] or tables[:1])

        if self._index is None or runs is not None:
            return found()
        name = (look.segments, keys)
        return self._index.segments.once(name, lambda: merge_partials(found()))

    def series(self, look: Look, run: str, key: str, stage: str | None) -> pa.Table:
        """Return the points of a series with the columns of `POINT`, by sequence.

        `stage` None means all points of the run, `NO_STAGE` those of none of its stages.
        """
        runs, keys = frozenset((run,)), frozenset((key,))
        low = text_key(run, key)
        inline: list[pa.Table] = []
        opened: list[Place] = []
        for segment, found in self._rows(look, BY_RUN, low, low + b"\x00"):
            rows = _only(found, runs, keys)
            if rows.num_rows == 0:
                continue
            outside = rows.filter(pc.is_null(rows["points"]))["part"].unique()
            opened.extend(Place(segment.number, number) for number in outside.to_pylist())
            rows = _of_stage(rows.filter(pc.invert(pc.is_in(rows["part"], outside))), stage)
            if rows.num_rows:
                inline.append(_points_in(rows))
        snapshot = look.unindexed()
        if opened:
            snapshot = snapshot._replace(parts=(*look.rest, *self._entries(opened)))
        if snapshot.parts or snapshot.live:
            names = [field.name for field in POINT]
            points = self._points(snapshot, runs, keys, [*names, "stage_execution_ref"])
            points = _of_stage(points, stage).select(names)
            inline.append(points.cast(pa.schema(list(POINT))))
        whole = pa.concat_tables(inline or [no_rows(pa.schema(list(POINT)))])
        return whole.take(pc.sort_indices(whole["sequence"]))

    def metric_keys(self, look: Look, runs: Names) -> tuple[str, ...]:
        """Return the metric keys of runs, sorted."""
        found: set[str] = set()
        for few, _, family, low, high in _ranges(runs, None):
            for _, rows in self._rows(look, family, low, high):
                found.update(_only(rows, few, None)["metric_key"].unique().to_pylist())
        points = self._points(look.unindexed(), runs, None, ("metric_key",))
        found.update(points["metric_key"].unique().to_pylist())
        return tuple(sorted(found))

    def _points(
        self, snapshot: Snapshot, runs: Names, keys: Names, columns: Iterable[str]
    ) -> pa.Table:
        words = () if runs is None else (("run_ref", runs),)
        wanted = RowFilter(record_types=("metric",), words=words, keys=keys)
        return read_table(snapshot, self._reader.parts, "metric", wanted, columns, self.lost)

    # Runs

    def record_counts(self, look: Look, runs: Names) -> dict[str, dict[str, int]]:
        """Return the number of records by run and record type; types without any are left out."""
        tables = []
        for _, rows in self._counts(look, runs):
            tables.append(rows.select(["run_ref", "record_type", "count"]))
        words = () if runs is None else (("run_ref", runs),)
        for kind in RECORD_TYPES if look.rest or look.live else ():
            wanted = RowFilter(record_types=(kind,), words=words)
            parts = self._reader.parts
            rest = read_table(look.unindexed(), parts, kind, wanted, ("run_ref",), self.lost)
            for counted in rest["run_ref"].value_counts().to_pylist():
                row = {"run_ref": [counted["values"]], "record_type": [kind]}
                tables.append(pa.table({**row, "count": [counted["counts"]]}))
        found: dict[str, dict[str, int]] = {}
        for table in tables:
            cells = (table[name].to_pylist() for name in ("run_ref", "record_type", "count"))
            for run, kind, count in zip(*cells, strict=True):
                own = found.setdefault(run, {})
                own[kind] = own.get(kind, 0) + count
        return found

    def totals(self, look: Look, runs: Names) -> dict[str, int]:
        """Return the number of records by record type, and of doubts by name, of all runs."""
        found: dict[str, int] = dict.fromkeys((*RECORD_TYPES, *_doubts.DOUBTS), 0)
        for rows in self._tallies(look, runs):
            if rows.num_rows > FEW_RUNS:
                sums = rows.group_by("record_type", use_threads=False).aggregate([("count", "sum")])
                sums = sums.select(["record_type", "count_sum"])
                rows = sums.rename_columns(["record_type", "count"])
            cells = (rows[name].to_pylist() for name in ("record_type", "count"))
            for kind, count in zip(*cells, strict=True):
                found[kind.removeprefix(DOUBT)] += count
        words = () if runs is None else (("run_ref", runs),)
        for kind in RECORD_TYPES if look.rest or look.live else ():
            wanted = RowFilter(record_types=(kind,), words=words)
            columns = ("run_ref", *_doubts.columns_needed(kind))
            parts = self._reader.parts
            rest = read_table(look.unindexed(), parts, kind, wanted, columns, self.lost)
            found[kind] += rest.num_rows
            for name, _, count in _doubts.doubts(kind, rest):
                found[name] += count
        return found

    def _tallies(self, look: Look, runs: Names) -> Iterator[pa.Table]:
        """Yield counts of the wanted runs; of many, out of one table that stays in memory."""
        if self._index is None or (runs is not None and len(runs) <= _ONE_BY_ONE):
            yield from (rows for _, rows in self._counts(look, runs))
            return

        def whole() -> pa.Table:
            names = ["run_ref", "record_type", "count"]
            tables = [rows.select(names) for _, rows in self._counts(look, None)]
            return pa.concat_tables(tables) if tables else no_rows(SCHEMAS[COUNTS])

        yield _only(self._index.segments.once((look.segments, COUNTS), whole), runs, None)

    def parts_of(self, look: Look, runs: frozenset[str]) -> Snapshot:
        """Return what may hold records of a few runs."""
        places = [
            Place(segment.number, number)
            for segment, rows in self._counts(look, runs)
            for number in rows["part"].unique().to_pylist()
        ]
        entries = self._entries(places) if places else ()
        return look.unindexed()._replace(parts=(*look.rest, *entries))

    def runs_of(self, look: Look, path: str) -> frozenset[str] | None:
        """Return the runs of a part; None when it is not indexed."""
        for segment in look.segments:
            assert self._index is not None  # noqa: S101 - see `_plain`
            for (name, _), place in self._index.segments.places(segment).items():
                if name == path:
                    rows = self._index.segments.rows(segment, COUNTS)
                    own = rows.filter(pc.equal(rows["part"], integers((place.number,))[0]))
                    return frozenset(own["run_ref"].to_pylist())
        return None

    def _counts(self, look: Look, runs: Names) -> Iterator[tuple[SegmentInfo, pa.Table]]:
        ranges: list[tuple[Names, bytes, bytes]] = [(runs, b"", END)]
        if runs is not None and len(runs) <= FEW_RUNS:
            keys = [(run, text_key(run)) for run in sorted(runs)]
            ranges = [(frozenset((run,)), key, key + b"\x00") for run, key in keys]
        for few, low, high in ranges:
            for segment, rows in self._rows(look, COUNTS, low, high):
                yield segment, _only(rows, few, None)


def _ranges(runs: Names, keys: Names) -> Iterator[tuple[Names, Names, int, bytes, bytes]]:
    """Yield ranges that cover what is wanted: runs and keys of each, family, and its bounds.

    What is read for a range may hold rows of its neighbors, so only the runs and keys of the
    range are to be taken from it: otherwise a row would count once per range.
    """
    # A range costs about 0.25 ms, one key over 1,000 runs about twice that.
    few = FEW_RUNS if keys is None else min(FEW_RUNS, 4 * len(keys))
    if runs is not None and len(runs) <= few:
        for run in sorted(runs):
            yield frozenset((run,)), keys, BY_RUN, text_key(run, ""), text_key(run) + b"\x01"
    elif keys is not None:
        for key in sorted(keys):
            yield runs, frozenset((key,)), BY_KEY, text_key(key, ""), text_key(key) + b"\x01"
    else:
        yield runs, None, BY_KEY, b"", END


def _only(rows: pa.Table, runs: Names, keys: Names) -> pa.Table:
    for name, wanted in (("run_ref", runs), ("metric_key", keys)):
        if wanted is not None:
            mask = pc.is_in(rows[name], value_set=texts(wanted))
            if not pc.all(mask).as_py():
                rows = rows.filter(mask)
    return rows


def _of_stage(rows: pa.Table, stage: str | None) -> pa.Table:
    if stage is None:
        return rows
    if stage == NO_STAGE:
        return rows.filter(pc.is_null(rows["stage_execution_ref"]))
    return rows.filter(pc.equal(rows["stage_execution_ref"], texts((stage,))[0]))


def _points_in(rows: pa.Table) -> pa.Table:
    lists = rows["points"].combine_chunks()
    pieces = lists.chunks if isinstance(lists, pa.ChunkedArray) else [lists]
    schema = pa.schema(list(POINT))
    tables = [pa.Table.from_struct_array(piece.flatten()).cast(schema) for piece in pieces]
    return pa.concat_tables(tables)
