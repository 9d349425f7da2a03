"""Mend one part: whole if a few bits flipped, else what can be read of it."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from contexta.contract.errors import ContextaError, RecordError
from contexta.store._ranges import joined
from contexta.store.fs import (
    FileLock,
    fsync_dir,
    open_private,
    translated_os_errors,
    write_all,
)
from contexta.store.records._bit_heal import healed_bytes
from contexta.store.records._catalogue import replace_parts
from contexta.store.records._erase_rewrite import few_ranges
from contexta.store.records._journal import complete_pending, locate_part
from contexta.store.records._layout import Layout, SegmentId, part_id_of
from contexta.store.records._log_write import condense_log
from contexta.store.records._part_entry import PartEntry, Ranges
from contexta.store.records._part_file import PartFile
from contexta.store.records._part_read import PartReader
from contexta.store.records._parts_log import Missing, PartsLog, read_log
from contexta.store.records._quarantine_files import copy_aside
from contexta.store.records._sequence_set import SequenceSet
from contexta.store.records._snapshot import StoreReader
from contexta.store.records._staging import StagedPart, Staging

LOST = "part_lost"
HEALED = "part_healed"


class PartRepair(NamedTuple):
    """What became of a part: how it was mended, what was taken aside, and which numbers went."""

    how: str
    quarantined: str | None
    left: str | None
    kept: int
    lost: int
    ranges: Ranges


def repair_part(layout: Layout, part: PartEntry) -> PartRepair:
    """Mend a current part that is damaged or missing.

    Killed anywhere, it is begun anew by the next call: until the last step the damaged part
    counts, and its loss may be known already.

    Raises:
        StoreError: When something cannot be written.
    """
    path = locate_part(layout, part.path)
    aside = None
    raw = _bytes_of(path)
    if raw is not None:
        healed = healed_bytes(raw, part)
        reason = LOST if healed is None else HEALED
        aside = str(copy_aside(layout, path, reason, record_type=part.record_type, runs=part.runs))
        if healed is not None:
            put_right_bytes(layout, part, healed)
            return PartRepair("healed", aside, part.path, part.rows, 0, ())
    with Staging(layout) as staging:
        left, numbers = _salvage(layout, staging, part) if raw is not None else (None, [])
        lost = _lost_numbers(layout, part, numbers)
        note_lost(layout, part, lost)
        replace_parts(layout, old=[part], new=[left] if left else [], reason="repair")
    kept = left.entry.rows if left else 0
    how = "salvaged" if left else "lost"
    return PartRepair(
        how, aside, left.entry.path if left else None, kept, part.rows - kept, tuple(lost)
    )


def _bytes_of(path: Path) -> bytes | None:
    try:
        with os.fdopen(open_private(path, os.O_RDONLY), "rb") as file:
            return file.read()
    except ContextaError:  # missing, or not readable as a file
        return None


def put_right_bytes(layout: Layout, part: PartEntry, data: bytes) -> None:
    """Put the right content of a current part in its place.

    Raises:
        StoreAccessError: When it cannot be written; the old file is unchanged.
    """
    target = layout.root / part.path
    with FileLock(layout.lock), Staging(layout) as staging:
        complete_pending(layout)
        temporary = staged_copy(staging, part, data).path
        with translated_os_errors("write", target):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.replace(temporary, target)
        fsync_dir(target.parent)


def staged_copy(staging: Staging, part: PartEntry, data: bytes) -> StagedPart:
    """Write bytes that are known to be those of a part into staging.

    Raises:
        RecordError: `record_store_part_not_right` when they are not.
        StoreAccessError: When they cannot be written.
    """
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise RecordError(
            f"These bytes are not those of {part.path!r}.",
            code="record_store_part_not_right",
            details={"path": part.path},
        )
    path = staging.new_path()
    with translated_os_errors("write", path):
        fd = open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
    return StagedPart(path, part)


def _salvage(
    layout: Layout, staging: Staging, part: PartEntry
) -> tuple[StagedPart | None, list[Any]]:
    """Write the row groups all of whose blocks and pages verify to a new part."""
    reader = PartReader(layout)
    numbers: list[Any] = []
    part_id = SegmentId(uuid.uuid4().hex, 1)
    replaces = [part_id_of(part.path)]
    place = (part.record_type, part.project, part_id)
    with PartFile(staging, *place, replaces=replaces) as file:
        for table in reader.readable_groups(part):
            file.write(table)
            numbers.append(table["sequence"])
        return (file.finish() if file.rows else None), numbers


def _lost_numbers(layout: Layout, part: PartEntry, kept: Sequence[Any]) -> Ranges:
    """Return the numbers in the range of a part that are stored nowhere else.

    A part tells its first and last number only; what lies between and is in no other part, was
    not erased and not missing before, and was given to a writer, was in it.
    """
    present = SequenceSet()
    for column in kept:
        present.add(column)
    reader = StoreReader(layout)
    try:
        snapshot = reader.snapshot()
        for other in snapshot.parts:
            if other.path != part.path and _overlap(other, part):
                _add_all(present, reader, other)
        for live in snapshot.live:
            for table in live.tables.values():
                present.add(table["sequence"])
    finally:
        reader.clear()
    log = read_log(layout)
    known = joined((*log.erased, *((m.first, m.last) for m in log.missing)))
    for first, last in known:
        present.add_range(max(first, part.first_sequence), min(last, part.last_sequence))
    gone: list[tuple[int, int]] = []
    for first, last in _given(log, part):
        gone += present.missing(first, last)
    return tuple(few_ranges(gone))


def _overlap(other: PartEntry, part: PartEntry) -> bool:
    return other.first_sequence <= part.last_sequence and part.first_sequence <= other.last_sequence


def _add_all(present: SequenceSet, reader: StoreReader, part: PartEntry) -> None:
    try:
        for table in reader.parts.groups(part, ("sequence",)):
            present.add(table["sequence"])
    except RecordError:
        return  # damaged, too: what it held is found when it is repaired itself


def _given(log: PartsLog, part: PartEntry) -> list[tuple[int, int]]:
    """Return the numbers within a part's range that sealed segments had."""
    spans = [(s.first_sequence, s.last_sequence) for s in log.spans]
    spans += [(e.first_sequence, e.last_sequence) for e in log.entries.values()]
    low, high = part.first_sequence, part.last_sequence
    inside = [(max(a, low), min(b, high)) for a, b in spans if a <= high and b >= low]
    return joined(inside) or [(low, high)]


def note_lost(layout: Layout, part: PartEntry, lost: Iterable[tuple[int, int]]) -> None:
    """Make the loss of numbers a known fact in the log of parts.

    Raises:
        StoreAccessError: When the log cannot be written.
    """
    facts = lost_facts(part, lost)
    with FileLock(layout.lock):
        complete_pending(layout)
        condense_log(layout, known=lambda known: [*known, *(f for f in facts if f not in known)])


def lost_facts(part: PartEntry, lost: Iterable[tuple[int, int]]) -> list[Missing]:
    """Return what the log of parts says about numbers that were lost with a part."""
    text = f"were in {part.path!r}, which was damaged or missing."
    return [
        Missing(first, last, f"Records {first} to {last} {text}", part.path, LOST, part.runs)
        for first, last in lost
    ]
