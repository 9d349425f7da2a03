"""Keep the index up to date with the log of parts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from contexta.contract.errors import RecordError
from contexta.store.records._index_derive import Families, columns_needed, derive
from contexta.store.records._index_file import (
    ChunkStore,
    IndexFile,
    IndexUnavailableError,
    MemoryChunks,
)
from contexta.store.records._index_log import Change, changes_in
from contexta.store.records._index_segments import (
    DamagedSegmentError,
    NewSegment,
    Place,
    SegmentReader,
    new_segment,
    to_merge,
)
from contexta.store.records._index_state import (
    IndexState,
    LogMark,
    SegmentInfo,
    decoded_state,
    read_tail,
)
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._part_read import PartReader

INDEX_NAME = "_index.sqlite"
_LOGGER = logging.getLogger("contexta.store.records")
_MOST_PENDING = 64
_BATCH_ROWS = 1_000_000


class Budget(NamedTuple):
    """How much may be read to bring the index up to date, and the largest merge allowed."""

    parts: int
    rows: int
    merge_rows: int


BOUNDED = Budget(32, 250_000, 60_000)
UNBOUNDED = Budget(1 << 30, 1 << 50, 400_000)
AT_SEAL = Budget(32, 600_000, 5_000)


class Cover(NamedTuple):
    """A state that holds, the parts that are in no segment of it, segments found sealed."""

    state: IndexState
    rest: tuple[PartEntry, ...]
    sealed: frozenset[SegmentId]


class RecordIndex:
    """The index of one store. Thread-safe; a forked child takes its own.

    Args:
        layout: The store.
        parts: Reads parts that are not indexed.
        read_only: Whether nothing may be written.

    Attributes:
        failure: Why it goes on without writing the file, if it had to.
    """

    failure: str | None = None

    def __init__(self, layout: Layout, parts: PartReader, *, read_only: bool) -> None:
        self._layout = layout
        self._parts = parts
        self._file = IndexFile(layout.root / INDEX_NAME, read_only=read_only)
        self._read_only = read_only
        self._use(MemoryChunks(self._file) if read_only else self._file)

    def _use(self, store: ChunkStore) -> None:
        self._store = store
        self.segments = SegmentReader(store)

    def close(self) -> None:
        """Let go of the file and of what was decoded; it can be used again."""
        self._store.close()
        self._file.close()
        self.segments.clear()

    def recover(self, error: IndexUnavailableError | DamagedSegmentError) -> None:
        """Do what makes the next try better: forget what is damaged, or go without the file."""
        if isinstance(error, DamagedSegmentError):
            self._drop(error.segment)
        elif error.ruined and not self._read_only:
            self._file.discard()
            self.segments.clear()
        else:
            self.failure = str(error)
            beside = None if isinstance(self._store, MemoryChunks) else self._file
            self._use(MemoryChunks(beside))

    def _drop(self, segment: int) -> None:
        self.segments.clear()
        if isinstance(self._store, MemoryChunks):
            self._store.close()
        try:
            state = self.state()
            kept = tuple(info for info in state.segments if info.number != segment)
            if len(kept) < len(state.segments):
                after = state._replace(segments=kept, complete=False)
                self._write(state, after, [])
        except IndexUnavailableError as error:
            self.recover(error)

    def state(self) -> IndexState:
        """Return the state that is stored.

        Raises:
            IndexUnavailableError: When it cannot be read.
        """
        return decoded_state(self._store.state())

    def advance(
        self, state: IndexState, budget: Budget, tables: Mapping[str, pa.Table] | None = None
    ) -> Cover | None:
        """Follow the log from where the state ends; None when only a whole look can tell.

        Raises:
            IndexUnavailableError: When the index cannot be read or written.
            DamagedSegmentError: When a part of it is damaged.
        """
        tail = read_tail(self._layout, state.mark)
        change = None if tail is None else changes_in(tail)
        if change is None:
            return None
        unread = state.pending and budget.parts and state.complete
        if change.mark == state.mark and not unread:
            return Cover(state, state.pending, frozenset())
        change = change._replace(complete=state.complete)
        return self.apply(state, change, budget, tables or {})

    def cover(
        self,
        state: IndexState,
        current: Sequence[PartEntry],
        sealed: frozenset[SegmentId],
        mark: LogMark,
        budget: Budget,
        *,
        complete: bool,
    ) -> Cover:
        """Bring the index up to a whole look at the store; see `advance`.

        Args:
            state: What is stored.
            current: All parts that count now.
            sealed: Segments that are sealed although their file is there.
            mark: A position in the log that was its end before the look.
            budget: How much to do now.
            complete: Whether the log names all the parts.
        """
        wanted = {(part.path, part.sha256) for part in current}
        known = self._places(state)
        gone = frozenset(path for path, sha in known if (path, sha) not in wanted)
        gone |= frozenset(p.path for p in state.pending if (p.path, p.sha256) not in wanted)
        added = {part.path: part for part in current if (part.path, part.sha256) not in known}
        return self.apply(state, Change(added, gone, sealed, mark, complete), budget, {})

    def apply(
        self,
        state: IndexState,
        change: Change,
        budget: Budget,
        tables: Mapping[str, pa.Table],
    ) -> Cover:
        """Change the index as far as the budget goes.

        What is returned holds also where nothing could be written since someone else did.
        """
        base, waiting = self._moved(state, change)
        chosen = _chosen(waiting, tables, budget)
        for batch in [*_batches(chosen)] or [[]]:
            segment, indexed = self._derived(batch, tables)
            later = {path: part for path, part in waiting.items() if path not in indexed}
            done = _with(base, later, segment, complete=change.complete)
            new = [segment] if segment is not None else []
            if done.encoded() != state.raw and not self._write(state, done, new):
                return Cover(base, tuple(waiting.values()), change.sealed)
            waiting = later
            base = state = done._replace(raw=done.encoded())
        return Cover(self._merged(state, budget), tuple(waiting.values()), change.sealed)

    def _moved(self, state: IndexState, change: Change) -> tuple[IndexState, dict[str, PartEntry]]:
        """Return the state without what is gone, and the parts that are not indexed."""
        known = self._places(state) if change.added or change.removed else {}
        dead = {place for (path, _), place in known.items() if path in change.removed}
        waiting = {part.path: part for part in state.pending if part.path not in change.removed}
        for path, part in change.added.items():
            place = known.get((path, part.sha256))
            if place is None or place in dead:
                waiting[path] = part
        segments = (_buried(info, dead) for info in state.segments)
        sealed = {*state.leftovers, *change.sealed}
        moved = state._replace(
            mark=change.mark,
            complete=change.complete,
            leftovers=frozenset(s for s in sealed if self._layout.segment(s).exists()),
            segments=tuple(info for info in segments if len(info.dead) < info.parts),
        )
        return moved, waiting

    def _places(self, state: IndexState) -> dict[tuple[str, str], Place]:
        found: dict[tuple[str, str], Place] = {}
        for segment in state.segments:
            found.update(self.segments.places(segment))
        return found

    def _derived(
        self, batch: Sequence[PartEntry], tables: Mapping[str, pa.Table]
    ) -> tuple[NewSegment | None, set[str]]:
        """Derive a segment; a part that cannot be read is left out, its readers will say so."""
        families: list[Families] = []
        indexed = set()
        for part in batch:
            table = tables.get(part.path)
            try:
                needed = columns_needed(part.record_type)
                rows = self._parts.groups(part, needed) if table is None else [table]
                families.append(derive(len(families), part, rows))
            except RecordError as error:
                _LOGGER.debug("Not indexed: %s", error)
                continue
            indexed.add(part.path)
        return (new_segment(families) if families else None), indexed

    def _merged(self, state: IndexState, budget: Budget) -> IndexState:
        while chosen := to_merge(state.segments, budget.merge_rows):
            merged = self.segments.merged(chosen)
            gone = {info.number for info in chosen}
            kept = tuple(info for info in state.segments if info.number not in gone)
            after = state._replace(segments=(*kept, merged.info))
            if not self._write(state, after, [merged]):
                return state
            state = after._replace(raw=after.encoded())
        return state

    def rebuild(self) -> None:
        """Forget the file and everything in memory; the next look derives it anew."""
        self.close()
        self._file.discard()
        self._use(self._file)

    def forget(self, paths: Iterable[str]) -> None:
        """Remove what is kept of parts, and overwrite the bytes; see `forget_parts`."""
        gone = frozenset(paths)
        state = self.state()
        known = self._places(state)
        dead = {place for (path, _), place in known.items() if path in gone}
        buried = [_buried(info, dead) for info in state.segments]
        merged = [self.segments.merged([i]) for i in buried if 0 < len(i.dead) < i.parts]
        after = state._replace(
            segments=(*(i for i in buried if not i.dead), *(new.info for new in merged)),
            pending=tuple(part for part in state.pending if part.path not in gone),
        )
        if not self._write(state, after, merged):
            raise IndexUnavailableError("another process changed it")
        self._file.shrink()

    def _write(self, before: IndexState, after: IndexState, added: Sequence[NewSegment]) -> bool:
        chunks = [chunk for segment in added for chunk in segment.chunks]
        kept = [info.number for info in after.segments]
        return self._store.write(before.raw, after.encoded(), chunks, kept)


def _with(
    base: IndexState,
    waiting: Mapping[str, PartEntry],
    segment: NewSegment | None,
    *,
    complete: bool,
) -> IndexState:
    few = len(waiting) <= _MOST_PENDING
    return base._replace(
        segments=base.segments if segment is None else (*base.segments, segment.info),
        pending=tuple(waiting.values()) if few else (),
        complete=complete and few,
    )


def _buried(info: SegmentInfo, dead: set[Place]) -> SegmentInfo:
    found = {place.number for place in dead if place.segment == info.number}
    return info._replace(dead=info.dead | found) if found else info


def _chosen(
    waiting: Mapping[str, PartEntry], tables: Mapping[str, pa.Table], budget: Budget
) -> list[PartEntry]:
    """Return the parts to index now: those whose rows are at hand, then small ones first."""
    chosen = [part for path, part in waiting.items() if path in tables]
    rows = count = 0
    for part in sorted(waiting.values(), key=lambda part: part.rows):
        rows, count = rows + part.rows, count + 1
        if rows > budget.rows or count > budget.parts:
            break
        if part.path not in tables:
            chosen.append(part)
    return chosen


def _batches(parts: Sequence[PartEntry]) -> Iterator[list[PartEntry]]:
    """Group parts into segments of bounded size."""
    batch: list[PartEntry] = []
    for part in parts:
        if batch and sum(p.rows for p in batch) + part.rows > _BATCH_ROWS:
            yield batch
            batch = []
        batch.append(part)
    if batch:
        yield batch
