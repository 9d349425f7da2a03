"""Names of files and folders in a record store, checked on the way in and on the way out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from contexta.store.fs import translated_os_errors

RECORD_TYPES = ("event", "metric", "span", "degraded")

_WRITER = re.compile(r"[0-9a-f]{32}")
_SEGMENT = re.compile(r"([0-9]{1,9})\.seg")
_PART = re.compile(r"part-([0-9a-f]{32})-([0-9]{1,9})\.parquet")
_PROJECT = re.compile(r"project=([a-z0-9]+(?:-[a-z0-9]+)*)")


class SegmentId(NamedTuple):
    """One segment of one writer."""

    writer_id: str
    number: int


class Layout:
    """Where things are below the root of a record store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wal = root / "_wal"
        self.marker = root / "_store.json"
        self.lock = root / "_lock"
        self.sequence = root / "_sequence.json"
        self.parts_log = root / "_parts.jsonl"
        self.quarantine = root / "_quarantine"

    def writer_folder(self, writer_id: str) -> Path:
        """Folder of one writer's segments and lock."""
        return self.wal / writer_id

    def writer_lock(self, writer_id: str) -> Path:
        """File whose `flock` tells that the writer lives."""
        return self.wal / writer_id / "lock"

    def segment(self, segment: SegmentId) -> Path:
        """File of one write-ahead segment."""
        return self.wal / segment.writer_id / f"{segment.number}.seg"

    def part_name(self, record_type: str, project: str, segment: SegmentId) -> str:
        """Path of a part relative to the root, with `/`."""
        name = f"part-{segment.writer_id}-{segment.number}.parquet"
        return f"{record_type}/project={project}/{name}"

    def part(self, relative: str) -> Path | None:
        """Absolute path of a part, or None when `relative` is not the name of one."""
        pieces = relative.split("/")
        if (
            len(pieces) != 3
            or pieces[0] not in RECORD_TYPES
            or _PROJECT.fullmatch(pieces[1]) is None
            or _PART.fullmatch(pieces[2]) is None
        ):
            return None
        return self.root.joinpath(*pieces)

    def is_store(self) -> bool:
        """Whether anything marks the root as a record store."""
        names = (self.marker, self.sequence, self.parts_log, self.wal)
        return any(path.exists() for path in names)


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder, sorted; none when it does not exist.

    Raises:
        StoreAccessError: When it cannot be read.
    """
    with translated_os_errors("list", folder):
        try:
            with os.scandir(folder) as entries:
                return sorted(entry.name for entry in entries)
        except FileNotFoundError:
            return []


def is_writer_id(name: str) -> bool:
    """Whether a folder name is a writer id (32 hex digits)."""
    return _WRITER.fullmatch(name) is not None


def segment_number(name: str) -> int | None:
    """Number in a segment's file name, or None for any other file."""
    match = _SEGMENT.fullmatch(name)
    return int(match.group(1)) if match else None


def segment_of_part(name: str) -> SegmentId | None:
    """Source segment in a part's file name, or None for any other file."""
    match = _PART.fullmatch(name.rsplit("/", 1)[-1])
    return SegmentId(match.group(1), int(match.group(2))) if match else None


def project_of_folder(name: str) -> str | None:
    """Project in a hive folder name, or None for any other folder."""
    match = _PROJECT.fullmatch(name)
    return match.group(1) if match else None
