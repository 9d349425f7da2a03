"""One consistent look at a store: live segments, sealed parts, and what is known to be lost."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from contexta.contract.errors import ContextaError, StoreAccessError
from contexta.store.fs import lock_is_held, translated_os_errors
from contexta.store.records import _damage as dmg
from contexta.store.records._journal import Journal, read_journal
from contexta.store.records._layout import (
    RECORD_TYPES,
    Layout,
    SegmentId,
    is_writer_id,
    names_in,
    project_of_folder,
    segment_number,
    segment_of_part,
)
from contexta.store.records._live import LiveSegment, LiveView
from contexta.store.records._missing import missing_in
from contexta.store.records._part_entry import PartEntry, Ranges, SealedSegment
from contexta.store.records._part_read import PartReader, check_metadata
from contexta.store.records._parts_log import LogReader, PartsLog
from contexta.store.records._reservations import known_writers, read_mark
from contexta.store.records._spans import Span


class Snapshot(NamedTuple):
    """What a read works on. A segment is here either as parts or as a live view, never both.

    `parts` are the current ones. `sealed` are the segments sealed since the log was condensed,
    `sealed_count` counts all. `erased` are the numbers that were removed on purpose.
    """

    parts: tuple[PartEntry, ...]
    live: tuple[LiveView, ...]
    sealed: tuple[SealedSegment, ...]
    damage: tuple[dmg.Damage, ...]
    sealed_count: int = 0
    erased: Ranges = ()


class Stray(NamedTuple):
    """A part that the log does not name, and the paths of those that its rows come from.

    `segment` is the one that it was sealed from; None for a part that was made from parts.
    """

    part: PartEntry
    replaces: frozenset[str]
    segment: SegmentId | None


class StoreReader:
    """Takes snapshots of one store; keeps what it parsed for the next one. Thread-safe."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._live: dict[SegmentId, LiveSegment] = {}
        self._log = LogReader(self._layout)
        self._listed: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._strays: dict[str, Stray | None] = {}
        self.parts = PartReader(self._layout)

    def clear(self) -> None:
        """Forget everything parsed and verified; the next read starts from the files."""
        with self._lock:
            for live in self._live.values():
                live.close()
            self._forget()

    def snapshot(self) -> Snapshot:
        """Look at the store.

        The order matters: live segments are opened first, then the log is read. A segment that is
        sealed in between is then named by the log, so its parts are used and it is not lost; one
        that was opened keeps its content through the descriptor, even after its unlink.

        Raises:
            SchemaVersionError: When a newer release wrote a file.
            StoreAccessError: When the folder cannot be read.
        """
        with self._lock:
            writers = self._list_writers()
            self._open_new(writers)
            listed = self._list_parts()
            log = self._log.read()
            for segment in [s for s in self._live if log.is_sealed(s)]:
                self._live.pop(segment).close()
            views = self._views(writers)
            found = list(self._log_damage(log))
            known = dict(log.parts)  # the log may go on while strays are looked at
            strays = self._unlogged(listed, log, known)
            found.extend(self._stray_damage(strays))
            found.extend(self._lost_segments(writers, log))
            found.extend(_missing_records(log, views))
            for view in views:
                found.extend(view.damage)
            parts = _current(self._layout, known, strays)
            sealed = tuple(log.entries.values())
            return Snapshot(parts, tuple(views), sealed, tuple(found), log.sealed_count, log.erased)

    def readable_strays(self) -> tuple[Stray, ...]:
        """Return the parts that no line of the log names and that can be read."""
        with self._lock:
            writers = self._list_writers()
            self._open_new(writers)
            log = self._log.read()
            strays = self._unlogged(self._list_parts(), log, dict(log.parts))
            return tuple(stray for stray in strays.values() if stray is not None)

    def live(self) -> tuple[LiveView, ...]:
        """Look at the segments that have a file in `_wal`, also when they are sealed already."""
        with self._lock:
            writers = self._list_writers()
            self._open_new(writers)
            return tuple(self._views(writers))

    def _list_writers(self) -> dict[str, list[int]]:
        writers: dict[str, list[int]] = {}
        for name in names_in(self._layout.wal):
            if is_writer_id(name):
                names = names_in(self._layout.writer_folder(name))
                numbers = [segment_number(entry) for entry in names]
                writers[name] = sorted(number for number in numbers if number is not None)
        return writers

    def _open_new(self, writers: dict[str, list[int]]) -> None:
        present = {SegmentId(w, n) for w, numbers in writers.items() for n in numbers}
        for segment in [s for s in self._live if s not in present]:
            self._live.pop(segment).close()
        for segment in sorted(present - set(self._live)):
            try:
                self._live[segment] = LiveSegment(self._layout, segment)
            except StoreAccessError as error:
                if error.code != "store_path_missing":  # sealed and removed since it was listed
                    raise

    def _views(self, writers: dict[str, list[int]]) -> list[LiveView]:
        views = []
        for writer_id, numbers in writers.items():
            own = [n for n in numbers if SegmentId(writer_id, n) in self._live]
            if not own:
                continue
            # Before the segments are parsed: what a writer left that is dead now is complete.
            alive = lock_is_held(self._layout.writer_lock(writer_id))
            for number in own:
                live = self._live[SegmentId(writer_id, number)]
                views.append(live.view(writer_is_alive=alive and number == own[-1]))
        return views

    def _list_parts(self) -> list[str]:
        found: list[str] = []
        for record_type in RECORD_TYPES:
            for folder in self._names_cached(self._layout.root / record_type):
                if project_of_folder(folder) is None:
                    continue
                relative = f"{record_type}/{folder}"
                names = self._names_cached(self._layout.root / record_type / folder)
                found.extend(f"{relative}/{n}" for n in names if segment_of_part(n) is not None)
        return found

    def _names_cached(self, folder: Path) -> tuple[str, ...]:
        try:
            changed = folder.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        known = self._listed.get(str(folder))
        if known is None or known[0] != changed:
            known = (changed, tuple(names_in(folder)))
            self._listed[str(folder)] = known
        return known[1]

    def _unlogged(
        self, listed: list[str], log: PartsLog, known: dict[str, PartEntry]
    ) -> dict[str, Stray | None]:
        """Return parts that no line of the log names and whose segment is gone."""
        strays: dict[str, Stray | None] = {}
        candidates = [path for path in listed if self._may_be_stray(path, log, known)]
        if not candidates:
            return strays
        # In this order: a replacement that is done by now has its line in the log.
        coming = _coming(read_journal(self._layout), known)
        log = self._log.read()
        for relative in candidates:
            if relative in coming or not self._may_be_stray(relative, log, log.parts):
                continue
            if relative not in self._strays:
                self._strays[relative] = _stray_from_file(self._layout, relative)
            strays[relative] = self._strays[relative]
        return strays

    def _may_be_stray(self, relative: str, log: PartsLog, known: Mapping[str, PartEntry]) -> bool:
        if relative in known or relative in log.replaced:
            return False
        segment = segment_of_part(relative)
        if segment is None or segment in self._live:
            return False
        # A sealed segment whose part is no longer current was replaced, if no line is damaged.
        if log.is_sealed(segment) and not log.is_damaged:
            return False
        return not self._layout.segment(segment).exists()

    def _stray_damage(self, strays: dict[str, Stray | None]) -> list[dmg.Damage]:
        found = []
        for relative, stray in strays.items():
            path = str(self._layout.root / relative)
            readable = stray is not None
            text = f"The part {path!r} is not in the log of parts, so it cannot be verified."
            found.append(
                dmg.damage(
                    dmg.MISMATCH if readable else dmg.UNREADABLE,
                    text if readable else f"{text} It cannot be read either.",
                    path,
                    record_type=relative.split("/")[0],
                    runs=stray.part.runs if stray is not None else None,
                    blocks=not readable,
                )
            )
        return found

    def _log_damage(self, log: PartsLog) -> list[dmg.Damage]:
        path = str(self._layout.parts_log)
        texts = [(number, f"Line {number} of {path!r} is damaged.") for number in log.damaged_lines]
        if log.cut_lines:
            texts.append((0, f"{log.cut_lines} lines about parts are gone from {path!r}."))
        return [
            dmg.damage(dmg.MISMATCH, text, path, line=number, blocks=False)
            for number, text in texts
        ]

    def _lost_segments(self, writers: dict[str, list[int]], log: PartsLog) -> list[dmg.Damage]:
        """Return what a writer is known to have stored although no file of it is left."""
        found = []
        expected = known_writers(self._layout)
        for writer_id in sorted(expected - set(writers)):
            if self._layout.writer_folder(writer_id).exists():
                continue  # registered since it was listed
            if writer_id not in known_writers(self._layout):
                continue  # ended in order since
            path = str(self._layout.writer_folder(writer_id))
            found.append(
                dmg.damage(
                    dmg.UNREADABLE,
                    f"The folder {path!r} is gone with what it held.",
                    path,
                    blocks=False,
                )
            )
        for writer_id, numbers in writers.items():
            mark = read_mark(self._layout.writer_lock(writer_id))
            if mark is None or not mark["synced_sequence"]:
                continue
            segment = SegmentId(writer_id, int(mark["segment"]))
            path_of = self._layout.segment(segment)
            if segment.number in numbers or log.is_sealed(segment) or path_of.exists():
                continue
            if self._log.read().is_sealed(segment):
                continue
            found.append(
                dmg.damage(
                    dmg.UNREADABLE,
                    f"The segment {str(path_of)!r} is gone.",
                    str(path_of),
                    last=int(mark["synced_sequence"]),
                )
            )
        return found


def _missing_records(log: PartsLog, views: list[LiveView]) -> list[dmg.Damage]:
    """Return the ranges that are missing inside sealed segments and between segments."""
    live = []
    for view in views:
        if view.header is not None and view.record_count:
            first, block = view.header.first_sequence, view.header.reservation_start
            last = max([view.last_sequence] + [d.gap.end_sequence or 0 for d in view.damage])
            number = view.segment.number
            live.append(Span(view.segment.writer_id, number, number, first, last, block))
    found = [*log.missing, *missing_in(log, live)] if live or log.entries else log.missing
    return [
        dmg.damage(
            dmg.GAP,
            one.text,
            one.path,
            first=one.first,
            last=one.last,
            runs=one.runs,
            blocks=False,
            **({} if one.reason == dmg.GAP else {"reason": one.reason}),
        )
        for one in found
    ]


def _coming(journal: Journal | None, known: dict[str, PartEntry]) -> set[str]:
    """Return the parts of a replacement on its way whose rows are in known parts as yet."""
    if journal is None:
        return set()
    replacement = journal.replacement
    if replacement.old and not any(path in known for path in replacement.old):
        return set()  # the log was lost meanwhile: only the new parts are left
    return {part.path for part in replacement.new}


def _current(
    layout: Layout, known: dict[str, PartEntry], strays: dict[str, Stray | None]
) -> tuple[PartEntry, ...]:
    """Return the parts that count: those of the log and the strays, but none that is replaced."""
    found = [stray for stray in strays.values() if stray is not None]
    replaced = {path for stray in found for path in stray.replaces}
    folders = {stray.part.path.rsplit("/", 1)[0] for stray in found}
    for path in known if folders else ():
        if path.rsplit("/", 1)[0] in folders:
            replaced |= _replaced_by(layout, path)
    parts = {**known, **{stray.part.path: stray.part for stray in found}}
    return tuple(part for path, part in parts.items() if path not in replaced)


def _replaced_by(layout: Layout, relative: str) -> frozenset[str]:
    """Return what the footer of a part says that it replaces; a damaged log may not say it."""
    try:
        notes = pq.read_metadata(layout.root / relative).metadata
        replaces = json.loads(notes[b"contexta.replaces"])
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return frozenset()
    folder = relative.rsplit("/", 1)[0]
    return frozenset(f"{folder}/{part_id}.parquet" for part_id in replaces)


def is_sealed_from(layout: Layout, relative: str, segment: SegmentId) -> bool:
    """Whether a part's footer says that it was sealed from a segment, not made from parts."""
    stray = _stray_from_file(layout, relative)
    return stray is not None and stray.segment == segment


def _stray_from_file(layout: Layout, relative: str) -> Stray | None:
    """Describe a part from its own footer, for the case that its line in the log is lost."""
    path = layout.root / relative
    try:
        with translated_os_errors("read", path):
            raw = path.read_bytes()
        metadata = pq.read_metadata(pa.BufferReader(raw))
        record_type, folder, _ = relative.split("/")
        check_metadata(record_type, None, path, metadata)
        notes = metadata.metadata
        first = int(notes[b"contexta.first_sequence"])
        last = int(notes[b"contexta.last_sequence"])
        replaces = [str(part_id) for part_id in json.loads(notes[b"contexta.replaces"])]
        source = notes.get(b"contexta.source_segment", b"").decode("ascii")
        tail = int(notes[b"contexta.content_bytes"])
        if sha256(raw[:tail]) != notes[b"contexta.content_sha256"].decode("ascii"):
            return None
    except (ContextaError, pa.ArrowException, OSError, ValueError, KeyError):
        return None
    part = PartEntry(
        relative,
        record_type,
        project_of_folder(folder) or "",
        metadata.num_rows,
        len(raw),
        sha256(raw),
        tail,
        sha256(raw[tail:]),
        first,
        last,
        None,
    )
    paths = frozenset(f"{record_type}/{folder}/{part_id}.parquet" for part_id in replaces)
    segment = segment_of_part(relative)
    if segment is not None and source != f"{segment.writer_id}/{segment.number}":
        segment = None
    return Stray(part, paths, segment)


def sha256(data: bytes) -> str:
    """Return the hex digest."""
    return hashlib.sha256(data).hexdigest()
