"""Copy the record plane while writers append, seal and compact.

Order is what makes this safe without stopping anybody:

1. For each writer its mark (how much it had synced), then its write-ahead segments. The mark is
   older than the copied bytes, so it never claims more than there is.
2. The log of parts, then the parts. Sealing writes the part before it removes the segment, so
   each record is caught at least once; a store knows a segment that is sealed already.
3. When a file vanished meanwhile, compaction or sealing replaced it: look again.

Left out: the derived index, locks, and the block counter, which a store works out from its data
when it is absent. A copied counter could be older than the segments beside it, and numbers would
be given twice.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from contexta.recovery._errors import BackupError

# The framing of the log belongs to the store; there is one definition of "a whole frame".
from contexta.store.records._frames import SEGMENT_HEADER_BYTES, frame_end

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contexta.recovery._copy import Copier

WAL = "_wal"
WRITER_LOCK = "lock"
_SEGMENT_SUFFIX = ".seg"
_LEFT_OUT = ("_index.sqlite", "_sequence.json", "_lock")
_MOST_PASSES = 20


def copy_records(source: Path, relative: str, take: Callable[[Path], bool], copier: Copier) -> None:
    """Copy the record plane below `source`; see the module for what makes it consistent.

    Raises:
        BackupError: `recovery_records_unstable` when files keep vanishing.
    """
    wal = source / WAL

    def is_kept(path: Path) -> bool:
        return take(path) and not (path.parent == source and path.name.startswith(_LEFT_OUT))

    _copy_log(wal, f"{relative}/{WAL}", is_kept, copier)
    for _ in range(_MOST_PASSES):
        if _copy_parts(source, relative, is_kept, copier):
            return
    raise BackupError(
        f"The parts below {str(source)!r} were replaced during each of {_MOST_PASSES} listings. "
        "Call again when compaction is done.",
        code="recovery_records_unstable",
        details={"path": os.fspath(source)},
        retryable=True,
    )


def _copy_log(wal: Path, relative: str, take: Callable[[Path], bool], copier: Copier) -> None:
    for name in (WRITER_LOCK, _SEGMENT_SUFFIX):
        for found in copier.walk(wal, take):
            below = f"{relative}/{found.relative}"
            if name == WRITER_LOCK and found.path.name == WRITER_LOCK:
                copier.copy(found.path, below)
            elif name == _SEGMENT_SUFFIX and found.path.name != WRITER_LOCK:
                _copy_segment(found.path, below, copier)


def _copy_segment(source: Path, relative: str, copier: Copier) -> None:
    """Copy a segment up to the end of a frame, unless it is damaged: then as it is.

    A concurrent write can be seen half. The second look finds it whole, and what came after the
    first look may be cut. A tail that stays torn belongs to a dead writer or to damage.
    """
    if source.suffix == _SEGMENT_SUFFIX:
        length = _whole_length(source)
        copier.copy(source, relative, length)
    else:
        copier.copy(source, relative)


def _whole_length(path: Path) -> int | None:
    seen = 0

    def look() -> int:
        nonlocal seen
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return 0
        end = _whole_frames(memoryview(data))
        if end == len(data) or (seen and end >= seen):
            return end
        seen = len(data)
        return -1

    try:
        return Retrying(
            retry=retry_if_result(lambda length: length < 0),
            stop=stop_after_attempt(5),
            wait=wait_exponential(multiplier=0.002, max=0.02),
        )(look)
    except RetryError:
        return None


def _whole_frames(view: memoryview) -> int:
    end = SEGMENT_HEADER_BYTES
    if len(view) < end:
        return 0
    while following := frame_end(view, end):
        end = following
    return end


def _copy_parts(source: Path, relative: str, take: Callable[[Path], bool], copier: Copier) -> bool:
    """Copy what is new since the last pass; False when a file vanished meanwhile."""
    wal = source / WAL

    def is_part(path: Path) -> bool:
        is_top_file = path.parent == source and not path.is_dir()
        return path != wal and not is_top_file and take(path)

    def is_log(path: Path) -> bool:
        return path.parent == source and not path.is_dir() and take(path)

    copier.copy_tree(source, relative, is_log)
    complete = True
    for found in copier.walk(source, is_part):
        below = f"{relative}/{found.relative}"
        if below not in copier.entries:
            complete = copier.copy(found.path, below) and complete
    return complete
