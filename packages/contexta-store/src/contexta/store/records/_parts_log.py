"""The log of sealed segments: one line per segment, each with its own checksum.

It is what makes a missing or exchanged part an error instead of silence. A segment named here is
sealed: its parts count, and a file of the same segment left in `_wal` by a crash does not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from contexta.contract.errors import SchemaVersionError
from contexta.store.fs import (
    FileLock,
    fsync_dir,
    open_private,
    translated_os_errors,
    write_all,
)
from contexta.store.records._layout import Layout, SegmentId, is_writer_id
from contexta.store.records._marks import opened_json, sealed_json

LOG_FORMAT_VERSION = 1


class PartEntry(NamedTuple):
    """One part as it was sealed.

    `tail_offset` and `tail_sha256` cover everything behind the last data page: page index and
    footer, which page checksums do not cover. `runs` is None when there are too many to list.
    """

    path: str
    record_type: str
    project: str
    rows: int
    size: int
    sha256: str
    tail_offset: int
    tail_sha256: str
    first_sequence: int
    last_sequence: int
    runs: tuple[str, ...] | None


class SealedSegment(NamedTuple):
    """One line of the log. `holes` are the missing ranges known when it was sealed."""

    segment: SegmentId
    first_sequence: int
    last_sequence: int
    reservation: int
    record_count: int
    parts: tuple[PartEntry, ...]
    holes: tuple[tuple[int, int], ...] = ()

    def to_entry(self) -> dict[str, Any]:
        """Return the JSON document of the line."""
        return {
            "version": LOG_FORMAT_VERSION,
            "writer": self.segment.writer_id,
            "segment": self.segment.number,
            "first": self.first_sequence,
            "last": self.last_sequence,
            "reservation": self.reservation,
            "records": self.record_count,
            "parts": [_part_to_entry(part) for part in self.parts],
            "holes": [list(hole) for hole in self.holes],
        }


class PartsLog(NamedTuple):
    """What the log says. `damaged_lines` are 1-based line numbers that cannot be read."""

    entries: Mapping[SegmentId, SealedSegment]
    damaged_lines: tuple[int, ...]


def _part_to_entry(part: PartEntry) -> dict[str, Any]:
    entry: dict[str, Any] = part._asdict()
    entry["runs"] = None if part.runs is None else list(part.runs)
    return entry


def _sealed_from_entry(entry: dict[str, Any], layout: Layout) -> SealedSegment:
    parts = []
    for raw in entry["parts"]:
        runs = raw["runs"]
        part = PartEntry(**{**raw, "runs": None if runs is None else tuple(runs)})
        if layout.part(part.path) is None:
            raise ValueError(f"{part.path!r} is not the path of a part")
        parts.append(part)
    if not is_writer_id(entry["writer"]):
        raise ValueError(f"{entry['writer']!r} is not a writer id")
    holes = tuple((int(a), int(b)) for a, b in entry["holes"])
    segment = SegmentId(entry["writer"], int(entry["segment"]))
    return SealedSegment(
        segment,
        int(entry["first"]),
        int(entry["last"]),
        int(entry["reservation"]),
        int(entry["records"]),
        tuple(parts),
        holes,
    )


def append_to_log(layout: Layout, sealed: SealedSegment) -> None:
    """Add a line durably, under the store's lock.

    A last line without its newline is what a crash leaves. It was never confirmed, so it is cut.

    Raises:
        StoreAccessError: When the line could not be written; the log is as it was.
    """
    line = sealed_json(sealed.to_entry()) + b"\n"
    with FileLock(layout.lock), translated_os_errors("write", layout.parts_log):
        is_new = not layout.parts_log.exists()
        fd = open_private(layout.parts_log, os.O_RDWR | os.O_CREAT)
        try:
            end = _end_of_last_line(fd)
            os.ftruncate(fd, end)
            os.lseek(fd, end, os.SEEK_SET)
            try:
                write_all(fd, line)
                os.fsync(fd)
            except BaseException:
                os.ftruncate(fd, end)
                raise
        finally:
            os.close(fd)
        if is_new:
            fsync_dir(layout.root)


def _end_of_last_line(fd: int) -> int:
    size = os.fstat(fd).st_size
    end = size
    while end > 0:
        start = max(0, end - 65_536)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


class LogReader:
    """Reads the log once and then only what was added."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._forget()

    def _forget(self) -> None:
        self._position = 0
        self._inode = 0
        self._lines = 0
        self._entries: dict[SegmentId, SealedSegment] = {}
        self._damaged: list[int] = []

    def read(self) -> PartsLog:
        """Return all complete lines.

        Raises:
            SchemaVersionError: When a newer release wrote a line.
            StoreAccessError: When the log exists and cannot be read.
        """
        path = self._layout.parts_log
        with translated_os_errors("read", path):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                self._forget()
                return PartsLog({}, ())
            with file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._position:
                    self._forget()
                    self._inode = status.st_ino
                file.seek(self._position)
                added = file.read()
        complete = added[: added.rfind(b"\n") + 1]
        self._position += len(complete)
        for line in complete.split(b"\n")[:-1]:
            self._take(path, line)
        return PartsLog(self._entries, tuple(self._damaged))

    def _take(self, path: Path, line: bytes) -> None:
        self._lines += 1
        entry = opened_json(line)
        if entry is None:
            self._damaged.append(self._lines)
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
            sealed = _sealed_from_entry(entry, self._layout)
        except (KeyError, TypeError, ValueError):
            self._damaged.append(self._lines)
            return
        self._entries[sealed.segment] = sealed


def read_log(layout: Layout) -> PartsLog:
    """Read the whole log once.

    Raises:
        SchemaVersionError: When a newer release wrote a line.
    """
    return LogReader(layout).read()
