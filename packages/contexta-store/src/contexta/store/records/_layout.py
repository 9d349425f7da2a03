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
_PART_PATH = re.compile(rf"({'|'.join(RECORD_TYPES)})/{_PROJECT.pattern}/{_PART.pattern}")


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
        self.staging = root / "_staging"
        self.retired = root / "_retired"
        self.journal = root / "_replace.json"
        self.compaction_lock = root / "_compact.lock"
        self.erasures = root / "_erased.jsonl"
        self.repairs = root / "_repairs.jsonl"

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
        return self.root / relative if _PART_PATH.fullmatch(relative) else None

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


def place_of_part(relative: str) -> tuple[str, str] | None:
    """Record type and project in a part's path below the root; None when it is not one."""
    match = _PART_PATH.fullmatch(relative)
    return (match.group(1), match.group(2)) if match else None


def segment_of_part(name: str) -> SegmentId | None:
    """Source segment in a part's file name, or None for any other file."""
    match = _PART.fullmatch(name.rsplit("/", 1)[-1])
    return SegmentId(match.group(1), int(match.group(2))) if match else None


def part_id_of(path: str) -> str:
    """Id of a part, from its path or name; unique within its record type and project."""
    return path.rsplit("/", 1)[-1].removesuffix(".parquet")


def project_of_folder(name: str) -> str | None:
    """Project in a hive folder name, or None for any other folder."""
    match = _PROJECT.fullmatch(name)
    return match.group(1) if match else None
