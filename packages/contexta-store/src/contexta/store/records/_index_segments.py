"""Segments of the index: write them, search them, merge small ones into larger ones."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store.records._index_chunks import (
    BY_RUN,
    END,
    FAMILIES,
    PARTS,
    SCHEMAS,
    Chunk,
    DamagedChunkError,
    decode,
    encode_family,
    part_key,
)
from contexta.store.records._index_derive import Families
from contexta.store.records._index_file import ChunkStore
from contexta.store.records._index_state import SegmentInfo
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._plain_arrays import integers

_CACHED_BYTES = 64 << 20
_FANOUT = 8
_SMALLEST_TIER = 512


class DamagedSegmentError(Exception):
    """A segment of the index cannot be relied on: its parts are not indexed."""

    def __init__(self, segment: int, reason: str) -> None:
        super().__init__(reason)
        self.segment = segment


class NewSegment(NamedTuple):
    """A segment that is not stored yet."""

    info: SegmentInfo
    chunks: list[tuple[int, Chunk]]


class Place(NamedTuple):
    """Where a part is in the index: number of the segment, number in it."""

    segment: int
    number: int


def new_segment(families: Sequence[Families]) -> NewSegment:
    """Build a segment of parts; the numbers of `families` count from 0."""
    number = secrets.randbits(62) + 1
    joined = {
        family: pa.concat_tables([SCHEMAS[family].empty_table(), *(f[family] for f in families)])
        for family in FAMILIES
    }
    return _segment_of(number, len(families), joined)


def _segment_of(number: int, parts: int, joined: Families) -> NewSegment:
    chunks = [
        (number, chunk)
        for family in FAMILIES
        for chunk in encode_family(number, family, joined[family])
    ]
    rows = parts + joined[BY_RUN].num_rows
    return NewSegment(SegmentInfo(number, parts, rows, frozenset()), chunks)


class SegmentReader:
    """Searches segments; keeps what it decoded, which never changes."""

    def __init__(self, store: ChunkStore) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._cache: OrderedDict[Hashable, pa.Table] = OrderedDict()
        self._cached_bytes = 0

    def clear(self) -> None:
        """Forget what was decoded."""
        with self._lock:
            self._cache.clear()
            self._cached_bytes = 0

    def rows(
        self, segment: SegmentInfo, family: int, low: bytes = b"", high: bytes = END
    ) -> pa.Table:
        """Return at least all rows with `low <= key < high` of parts that are not gone, sorted.

        Raises:
            DamagedSegmentError: When a chunk of the range is missing or damaged.
            IndexUnavailableError: When the store cannot be read.
        """
        place = (segment.number, family, low, high)
        found = self.once(place, lambda: self._read(*place))
        if segment.dead and found.num_rows:
            dead = integers(sorted(segment.dead))
            found = found.filter(pc.invert(pc.is_in(found["part"], value_set=dead)))
        return found

    def once(self, name: Hashable, make: Callable[[], pa.Table]) -> pa.Table:
        """Return what `make` returns, from memory when it was made before under this name.

        Args:
            name: What is asked for; the same name must always stand for the same table.
            make: Called outside of any lock.
        """
        with self._lock:
            found = self._cache.get(name)
            if found is not None:
                self._cache.move_to_end(name)
                return found
        found = make()
        self._keep(name, found)
        return found

    def _read(self, segment: int, family: int, low: bytes, high: bytes) -> pa.Table:
        tables = []
        expected = None
        for start, body in self.store.tiles(segment, family, low, high):
            try:
                end, rows = decode(segment, family, start, body)
            except DamagedChunkError as error:
                raise DamagedSegmentError(segment, str(error)) from error
            if (start > low) if expected is None else (start != expected):
                raise DamagedSegmentError(segment, "a chunk is missing")
            expected = end
            tables.append(rows)
        if expected is None or expected < high:
            raise DamagedSegmentError(segment, "a chunk is missing")
        return tables[0] if len(tables) == 1 else pa.concat_tables(tables)

    def _keep(self, place: Hashable, rows: pa.Table) -> None:
        size = rows.nbytes
        if size > _CACHED_BYTES // 4:
            return
        with self._lock:
            if place not in self._cache:
                self._cache[place] = rows
                self._cached_bytes += size
            while self._cached_bytes > _CACHED_BYTES:
                _, oldest = self._cache.popitem(last=False)
                self._cached_bytes -= oldest.nbytes

    def part(self, place: Place) -> PartEntry:
        """Return the entry of a part.

        Raises:
            DamagedSegmentError: When it cannot be read.
        """
        key = part_key(place.number)
        segment = SegmentInfo(place.segment, 0, 0, frozenset())
        rows = self.rows(segment, PARTS, key, part_key(place.number + 1))
        row = rows.filter(pc.equal(rows["part"], integers((place.number,))[0])).to_pylist()
        if len(row) != 1:
            raise DamagedSegmentError(place.segment, f"part {place.number} is missing")
        return _entry(row[0])

    def places(self, segment: SegmentInfo) -> dict[tuple[str, str], Place]:
        """Return the parts of a segment that are not gone, by path and SHA-256."""
        rows = self.rows(segment, PARTS)
        cells = (rows[name].to_pylist() for name in ("path", "sha256", "part"))
        return {(path, sha): Place(segment.number, n) for path, sha, n in zip(*cells, strict=True)}

    def merged(self, segments: Sequence[SegmentInfo]) -> NewSegment:
        """Build one segment of what is left in several.

        Raises:
            DamagedSegmentError: When one of them cannot be read.
        """
        numbers: dict[Place, int] = {}
        pieces: dict[int, list[pa.Table]] = {family: [] for family in FAMILIES}
        for segment in segments:
            for place in sorted(self.places(segment).values()):
                numbers[place] = len(numbers)
            old = [p.number for p in numbers if p.segment == segment.number]
            new = [numbers[Place(segment.number, number)] for number in old]
            for family in FAMILIES:
                rows = self.rows(segment, family)
                pieces[family].append(_renumbered(segment, rows, old, new))
        joined = {family: pa.concat_tables(tables) for family, tables in pieces.items()}
        return _segment_of(secrets.randbits(62) + 1, len(numbers), joined)


def _renumbered(segment: SegmentInfo, rows: pa.Table, old: list[int], new: list[int]) -> pa.Table:
    index = pc.index_in(rows["part"], value_set=integers(old))
    if index.null_count:
        raise DamagedSegmentError(segment.number, "it has rows of a part that is not there")
    return rows.set_column(0, SCHEMAS[PARTS].field("part"), integers(new).take(index))


def _entry(row: dict[str, Any]) -> PartEntry:
    del row["part"]
    return PartEntry(**row, runs=None)


def to_merge(segments: Iterable[SegmentInfo], max_rows: int) -> list[SegmentInfo]:
    """Choose segments to merge: eight of one size, or one that is mostly gone; none otherwise.

    So a part is rewritten once per tier, and the number of segments grows with the logarithm.
    """
    tiers: dict[int, list[SegmentInfo]] = {}
    for segment in segments:
        if 2 * len(segment.dead) > segment.parts and segment.rows <= max_rows:
            return [segment]
        tier, bound = 0, _SMALLEST_TIER
        while segment.rows > bound:
            tier, bound = tier + 1, bound * _FANOUT
        tiers.setdefault(tier, []).append(segment)
    for _, found in sorted(tiers.items()):
        if len(found) >= _FANOUT and sum(s.rows for s in found) <= max_rows:
            return found
    return []
