"""The log of parts: which segments are sealed, and which parts are current.

One line per event, each with its own checksum. It is what makes a missing or exchanged part an
error instead of silence. A segment named here is sealed: its parts count, and a file of the same
segment left in `_wal` by a crash does not. Lines are of these kinds:

* without kind: a segment was sealed into these parts;
* `replace`: these parts took the place of those;
* `checkpoint`: the first line of a log that was condensed; segments in short form and what is
  known to be missing. As many `part` lines follow as there were current parts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from contexta.contract.errors import SchemaVersionError
from contexta.store.fs import translated_os_errors
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._marks import opened_json
from contexta.store.records._part_entry import (
    CHECKPOINT,
    LOG_FORMAT_VERSION,
    PART,
    REPLACE,
    SEALED,
    PartEntry,
    Ranges,
    Replacement,
    SealedSegment,
    part_from_line,
    ranges_from,
)
from contexta.store.records._spans import Spans

__all__ = ["LogReader", "Missing", "PartEntry", "PartsLog", "SealedSegment", "read_log"]

_PREFIX_BYTES = 64


class Missing(NamedTuple):
    """Records that are known to be missing for good: a fact that a condensed log keeps."""

    first: int
    last: int
    text: str
    path: str
    reason: str
    runs: tuple[str, ...] | None


class PartsLog(NamedTuple):
    """What the log says.

    `entries` are the segments sealed since the log was condensed, `spans` those before, which
    were `condensed_count` segments with numbers up to `condensed_highest`. `parts` are the
    current parts by path, `replaced` the paths of those that are no longer. `damaged_lines` are
    1-based line numbers that cannot be read, `damaged` their bytes. `cut_lines` are lines about
    current parts that a checkpoint announces and that are gone.
    """

    entries: Mapping[SegmentId, SealedSegment]
    damaged_lines: tuple[int, ...]
    parts: Mapping[str, PartEntry]
    replaced: frozenset[str] | set[str] = frozenset()
    replacements: frozenset[str] | set[str] = frozenset()
    erased: Ranges = ()
    spans: Spans = Spans()
    condensed_count: int = 0
    condensed_highest: int = 0
    missing: tuple[Missing, ...] = ()
    damaged: tuple[bytes, ...] = ()
    lines: int = 0
    condensed_lines: int = 0
    version: int = 0
    cut_lines: int = 0

    @property
    def is_damaged(self) -> bool:
        """Whether lines are damaged or gone, so that parts may exist that no line names."""
        return bool(self.damaged_lines or self.cut_lines)

    def is_sealed(self, segment: SegmentId) -> bool:
        """Whether the log names a segment."""
        return segment in self.entries or segment in self.spans

    @property
    def sealed_count(self) -> int:
        """Number of segments that were sealed."""
        return self.condensed_count + len(self.entries)

    @property
    def highest_sequence(self) -> int:
        """Highest number in any sealed segment; 0 without one."""
        last = (entry.last_sequence for entry in self.entries.values())
        return max(self.condensed_highest, max(last, default=0))


class LogReader:
    """Reads the log once and then only what was added. The mappings it returns are live.

    Used by one thread at a time.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._version = 0
        self._forget()

    def _forget(self) -> None:
        self._position = 0
        self._inode = 0
        self._prefix = b""
        self._lines = 0
        self._condensed_lines = 0
        self._part_lines = 0
        self._entries: dict[SegmentId, SealedSegment] = {}
        self._parts: dict[str, PartEntry] = {}
        self._replaced: set[str] = set()
        self._replacements: set[str] = set()
        self._erased: list[tuple[int, int]] = []
        self._spans = Spans()
        self._condensed_count = 0
        self._condensed_highest = 0
        self._missing: tuple[Missing, ...] = ()
        self._damaged: list[tuple[int, bytes]] = []
        self._version += 1

    def read(self) -> PartsLog:
        """Return all complete lines.

        Raises:
            SchemaVersionError: When a newer release wrote a line.
            StoreAccessError: When the log exists and cannot be read.
        """
        path = self._layout.parts_log
        with translated_os_errors("read", path):
            try:
                file = path.open("rb", buffering=0)
            except FileNotFoundError:
                if self._lines:
                    self._forget()
                return self._result()
            with file:
                added = self._added(file.fileno())
        complete = added[: added.rfind(b"\n") + 1]
        self._position += len(complete)
        for line in complete.split(b"\n")[:-1]:
            self._take(path, line)
        if complete:
            self._version += 1
        return self._result()

    def _added(self, fd: int) -> bytes:
        status = os.fstat(fd)
        # Also by its beginning: a log that was condensed twice may have the same inode again.
        prefix = os.pread(fd, _PREFIX_BYTES, 0)
        same = status.st_ino == self._inode and prefix.startswith(self._prefix)
        if not same or status.st_size < self._position:
            self._forget()
            self._inode = status.st_ino
        self._prefix = prefix
        pieces = []
        position = self._position
        while piece := os.pread(fd, 1 << 24, position):
            pieces.append(piece)
            position += len(piece)
        return b"".join(pieces)

    def _result(self) -> PartsLog:
        return PartsLog(
            self._entries,
            tuple(number for number, _ in self._damaged),
            self._parts,
            self._replaced,
            self._replacements,
            tuple(self._erased),
            self._spans,
            self._condensed_count,
            self._condensed_highest,
            self._missing,
            tuple(line for _, line in self._damaged),
            self._lines,
            self._condensed_lines,
            self._version,
            max(0, self._condensed_lines - 1 - self._part_lines - len(self._damaged)),
        )

    def _take(self, path: Path, line: bytes) -> None:
        self._lines += 1
        entry = opened_json(line)
        if entry is None:
            self._damaged.append((self._lines, line))
            return
        version = entry.get("version")
        if isinstance(version, int) and version > LOG_FORMAT_VERSION:
            raise SchemaVersionError(
                f"{str(path)!r} has lines of format {version}; this release reads up to "
                f"{LOG_FORMAT_VERSION}. Upgrade contexta; nothing was changed.",
                code="record_parts_log_format_unsupported",
                details={"path": str(path), "current_version": version},
            )
        try:
            self._apply(entry)
        except (KeyError, TypeError, ValueError):
            self._damaged.append((self._lines, line))

    def _apply(self, entry: dict[str, Any]) -> None:
        kind = entry.get("kind", SEALED)
        if kind == SEALED:
            sealed = SealedSegment.from_entry(entry)
            self._entries[sealed.segment] = sealed
            for part in sealed.parts:
                if part.path not in self._replaced:
                    self._parts[part.path] = part
        elif kind == PART:
            part = part_from_line(entry)
            self._parts[part.path] = part
            self._part_lines += 1
        elif kind == REPLACE:
            self._replace(Replacement.from_entry(entry))
        elif kind == CHECKPOINT:
            self._begin(entry)
        else:
            raise ValueError(f"{kind!r} is not a kind of line")

    def _replace(self, replacement: Replacement) -> None:
        for path in replacement.old:
            self._parts.pop(path, None)
        self._replaced.update(replacement.old)
        self._parts.update({part.path: part for part in replacement.new})
        self._replacements.add(replacement.replacement_id)
        self._erased.extend(replacement.erased)

    def _begin(self, entry: dict[str, Any]) -> None:
        self._spans = Spans.from_text(entry["spans"])
        self._condensed_count = int(entry["segments"])
        self._condensed_highest = int(entry["highest"])
        self._condensed_lines = int(entry["parts"]) + 1
        self._erased.extend(ranges_from(entry["erased"]))
        self._missing = tuple(
            Missing(**{**raw, "runs": None if raw["runs"] is None else tuple(raw["runs"])})
            for raw in entry["missing"]
        )


def read_log(layout: Layout) -> PartsLog:
    """Read the whole log once.

    Raises:
        SchemaVersionError: When a newer release wrote a line.
    """
    return LogReader(layout).read()


class _Shared:
    """Logs that this process reads again and again, for those who write to it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readers: dict[str, LogReader] = {}


_SHARED = _Shared()
_MOST_SHARED = 8


def shared_log(layout: Layout) -> PartsLog:
    """Read the log under the store's lock, only what was added since the last call.

    The result is valid until the lock is released.

    Raises:
        SchemaVersionError: When a newer release wrote a line.
    """
    key = str(layout.root)
    with _SHARED.lock:
        reader = _SHARED.readers.pop(key, None) or LogReader(layout)
        _SHARED.readers[key] = reader
        if len(_SHARED.readers) > _MOST_SHARED:
            del _SHARED.readers[next(iter(_SHARED.readers))]
        return reader.read()


def has_shared_log(layout: Layout) -> bool:
    """Whether this process has read the log with `shared_log`: it has written to the store."""
    return str(layout.root) in _SHARED.readers


def _after_fork_in_child() -> None:
    _SHARED.lock = threading.Lock()
    _SHARED.readers = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
