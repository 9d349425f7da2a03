"""Write the log of parts: add a line, or condense it. Both under the store's lock."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from contexta.store._ranges import joined
from contexta.store.fs import (
    atomic_write_bytes,
    fsync_dir,
    open_private,
    translated_os_errors,
    write_all,
)
from contexta.store.records._layout import Layout
from contexta.store.records._marks import sealed_json
from contexta.store.records._missing import missing_in
from contexta.store.records._part_entry import CHECKPOINT, LOG_FORMAT_VERSION, part_to_line
from contexta.store.records._parts_log import Missing, PartsLog, read_log, shared_log
from contexta.store.records._spans import Span, Spans

_LEAST_LINES_TO_CONDENSE = 256


def append_line(layout: Layout, entry: dict[str, Any], path: Path | None = None) -> None:
    """Add a line durably, to the log of parts or another file; the caller holds the store's lock.

    A last line without its newline is what a crash leaves. It was never confirmed, so it is cut.

    Raises:
        StoreAccessError: When the line could not be written; the log is as it was.
    """
    path = layout.parts_log if path is None else path
    line = sealed_json(entry) + b"\n"
    with translated_os_errors("write", path):
        is_new = not path.exists()
        fd = open_private(path, os.O_RDWR | os.O_CREAT)
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


def condense_if_grown(layout: Layout) -> bool:
    """Condense the log when most of it is history; the caller holds the store's lock.

    The threshold grows with the number of parts, so that the work per line stays the same.

    Raises:
        StoreAccessError: When it cannot be written; the log is as it was.
    """
    log = shared_log(layout)
    added = log.lines - log.condensed_lines
    if added < max(_LEAST_LINES_TO_CONDENSE, len(log.parts) // 2):
        return False
    condense_log(layout)
    return True


def condense_log(
    layout: Layout,
    *,
    keep_damaged: bool = True,
    known: Callable[[list[Missing]], list[Missing]] | None = None,
    forget_runs: Collection[str] = (),
) -> None:
    """Write the log anew as a checkpoint and one line per current part.

    The caller holds the store's lock, and no replacement is pending.

    Args:
        layout: The store.
        keep_damaged: Whether lines that cannot be read are kept as they are, so that the damage
            stays known. False is for a repair that has dealt with it.
        known: Changes the list of what is known to be missing, when a repair learned more.
        forget_runs: Runs whose names must not stay, because they were erased.

    Raises:
        StoreAccessError: When it cannot be written; the log is as it was.
    """
    log = read_log(layout)  # from the file, not from what this process remembers
    missing = [*log.missing, *missing_in(log)]
    if known is not None:
        missing = known(missing)
    missing = [_without_runs(one, forget_runs) for one in missing]
    damaged = log.damaged if keep_damaged else ()
    announced = len(log.parts) + (log.cut_lines + len(damaged) if keep_damaged else 0)
    checkpoint = _checkpoint(log, missing, announced)
    lines = [checkpoint, *(part_to_line(part) for part in log.parts.values())]
    content = [*(sealed_json(line) for line in lines), *damaged, b""]
    atomic_write_bytes(layout.parts_log, b"\n".join(content))


def _without_runs(missing: Missing, runs: Collection[str]) -> Missing:
    if missing.runs is None or not runs:
        return missing
    return missing._replace(runs=tuple(run for run in missing.runs if run not in runs) or None)


def _checkpoint(log: PartsLog, known: list[Missing], announced: int) -> dict[str, Any]:
    added = (
        Span(
            segment.writer_id,
            segment.number,
            segment.number,
            entry.first_sequence,
            entry.last_sequence,
            entry.reservation,
        )
        for segment, entry in log.entries.items()
    )
    return {
        "version": LOG_FORMAT_VERSION,
        "kind": CHECKPOINT,
        "id": secrets.token_hex(8),
        "parts": announced,
        "segments": log.sealed_count,
        "highest": log.highest_sequence,
        "spans": Spans.of([*log.spans, *added]).to_text(),
        "missing": [
            {**one._asdict(), "runs": None if one.runs is None else list(one.runs)} for one in known
        ],
        "erased": [list(pair) for pair in joined(log.erased)],
    }
