"""Copy the record plane while writers append, seal and compact.

Order is what makes this safe without stopping anybody:

1. The names of the parts are listed.
2. For each writer its mark (how much it had synced), then its write-ahead segments. The mark is
   older than the copied bytes, so it never claims more than there is.
3. The log of parts, then the parts that it names or that were listed in 1. Sealing writes the
   part, then its line in the log, then removes the segment: so each record is caught as a
   segment, or as a part with its line. A store knows a segment that is sealed already. Younger
   parts without a line are left out; nothing in the copy would vouch for them.
4. A part that the copied log names but that was replaced since is taken from where replaced
   parts wait. When one vanished meanwhile, the log and the parts are copied again.

Left out: the derived index, locks, parts on their way in or out with the journal of that, and the
block counter, which a store works out from its data when it is absent. A copied counter could be
older than the segments beside it, and numbers would be given twice.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from contexta.recovery._errors import BackupError

# The framing of the log belongs to the store; there is one definition of "a whole frame".
from contexta.store.records.files import (
    SEGMENT_HEADER_BYTES,
    Layout,
    frame_end,
    locate_part,
    read_journal,
    read_log,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contexta.recovery._copy import Copier

WAL = "_wal"
WRITER_LOCK = "lock"
_SEGMENT_SUFFIX = ".seg"
_PARTS_LOG = "_parts.jsonl"
_PART_NAME = re.compile(rb"part-[0-9a-z-]+\.parquet")
_LEFT_OUT = (
    "_index.sqlite",
    "_sequence.json",
    "_lock",
    "_compact.lock",
    "_replace.json",
    "_retired",
    "_staging",
)
_MOST_PASSES = 20


def copy_records(source: Path, relative: str, take: Callable[[Path], bool], copier: Copier) -> None:
    """Copy the record plane below `source`; see the module for what makes it consistent.

    Raises:
        BackupError: `recovery_records_unstable` when files keep vanishing.
    """

    def is_kept(path: Path) -> bool:
        return take(path) and not (path.parent == source and path.name.startswith(_LEFT_OUT))

    wal = source / WAL
    early = {found.relative for found in copier.walk(source, is_kept)} - _coming(source)
    _copy_log(wal, f"{relative}/{WAL}", is_kept, copier)
    for _ in range(_MOST_PASSES):
        if _copy_parts(source, relative, is_kept, early, copier):
            return
    raise BackupError(
        f"The parts below {str(source)!r} were replaced during each of {_MOST_PASSES} listings. "
        "Call again when compaction is done.",
        code="recovery_records_unstable",
        details={"path": os.fspath(source)},
        retryable=True,
    )


def _coming(source: Path) -> set[str]:
    """Return parts that are on their way in place of others that still count."""
    journal = read_journal(Layout(source))
    if journal is None:
        return set()
    current = read_log(Layout(source)).parts
    if not any(path in current for path in journal.replacement.old):
        return set()
    return {part.path for part in journal.replacement.new}


def _copy_log(wal: Path, relative: str, take: Callable[[Path], bool], copier: Copier) -> None:
    for found in copier.walk(wal, take):
        if found.path.name == WRITER_LOCK:
            copier.copy_soon(found.path, f"{relative}/{found.relative}")
    copier.settle()
    for found in copier.walk(wal, take):
        if found.path.suffix == _SEGMENT_SUFFIX:
            length = _whole_length(found.path)
            copier.copy_soon(found.path, f"{relative}/{found.relative}", length)
        elif found.path.name != WRITER_LOCK:
            copier.copy_soon(found.path, f"{relative}/{found.relative}")
    copier.settle()


def _whole_length(path: Path) -> int | None:
    """Return where the last whole frame of a segment ends; None to take it as it is.

    A concurrent write can be seen half. The second look finds it whole, and what came after the
    first look may be cut. A tail that stays torn belongs to a dead writer or to damage.
    """
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


def _copy_parts(
    source: Path, relative: str, take: Callable[[Path], bool], early: set[str], copier: Copier
) -> bool:
    """Copy the log and what is new since the last pass; False when a file vanished meanwhile."""
    wal = source / WAL

    def is_top_file(path: Path) -> bool:
        return path.parent == source and not path.is_dir()

    copier.copy_tree(source, relative, lambda path: is_top_file(path) and take(path))
    has_log = f"{relative}/{_PARTS_LOG}" in copier.entries
    log = copier.as_it_is(f"{relative}/{_PARTS_LOG}") if has_log else None
    logged = set() if log is None else set(_PART_NAME.findall(log.read_bytes()))
    for found in copier.walk(
        source, lambda path: path != wal and not is_top_file(path) and take(path)
    ):
        name = os.fsencode(found.path.name)
        is_unvouched = (
            _PART_NAME.fullmatch(name) and name not in logged and found.relative not in early
        )
        below = f"{relative}/{found.relative}"
        if not is_unvouched and below not in copier.entries:
            copier.copy_soon(found.path, below)
    vanished = copier.settle()
    for path in () if log is None else read_log(Layout(log.parent)).parts:
        if f"{relative}/{path}" not in copier.entries:
            replaced = locate_part(Layout(source), path)
            if replaced.exists():  # else it is lost, and no repetition brings it back
                copier.copy_soon(replaced, f"{relative}/{path}")
    return not (vanished | copier.settle())
