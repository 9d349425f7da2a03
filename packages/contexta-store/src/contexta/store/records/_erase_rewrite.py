"""Write parts anew without some of their rows, and leave nothing of those anywhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import IntegrityError
from contexta.store._ranges import joined
from contexta.store.fs import FileLock, atomic_write_bytes
from contexta.store.records._audit import AUDIT_VERSION, read_audit_lines
from contexta.store.records._catalogue import replace_parts
from contexta.store.records._erase_choice import RowChoice
from contexta.store.records._erase_log import Tombstone, note_erasure
from contexta.store.records._journal import complete_pending, remove_retired
from contexta.store.records._layout import Layout, SegmentId, part_id_of
from contexta.store.records._log_write import condense_log
from contexta.store.records._marks import sealed_json
from contexta.store.records._part_entry import PartEntry, Ranges
from contexta.store.records._part_file import PartFile
from contexta.store.records._part_read import PartReader
from contexta.store.records._sequence_set import ranges_of
from contexta.store.records._staging import StagedPart, Staging, remove_abandoned
from contexta.store.records.schema import columns_of

_MOST_RANGES = 512
_BATCH_BYTES = 256 << 20
_BATCH_PARTS = 256


@dataclass
class Totals:
    """What was done so far."""

    rows: int = 0
    rewritten: int = 0
    dropped: int = 0
    before: int = 0
    after: int = 0
    paths: list[str] = field(default_factory=list)


class _Without(NamedTuple):
    """A part without some rows: what is left (None: nothing) and the numbers that go."""

    old: PartEntry
    left: StagedPart | None
    gone: Ranges
    rows: int


def rewrite_parts(
    layout: Layout,
    parts: PartReader,
    entries: Sequence[PartEntry],
    choice: RowChoice,
    tombstone: Tombstone,
    totals: Totals,
) -> None:
    """Take rows out of current parts, a few hundred parts or megabytes at once.

    Each step is whole: killed between two, the rest is done by the next call.

    Raises:
        StoreError: `record_store_parts_changed` (retryable): somebody replaced a part meanwhile.
        RecordError: A part cannot be read.
        StoreAccessError: When something cannot be written.
    """
    for batch in _batches(entries):
        with Staging(layout) as staging:
            found = [_without(staging, parts, part, choice) for part in batch]
            found = [one for one in found if one.rows]
            if not found:
                continue
            erased = tuple(few_ranges([pair for one in found for pair in one.gone]))
            gone = [(one.old, one.gone, one.rows) for one in found]
            note_erasure(layout, tombstone, gone, erased)
            left = [one.left for one in found if one.left is not None]
            old = [one.old for one in found]
            replace_parts(layout, old=old, new=left, reason=tombstone.reason, erased=erased)
        totals.rows += sum(one.rows for one in found)
        totals.rewritten += len(left)
        totals.dropped += len(old) - len(left)
        totals.before += sum(part.size for part in old)
        totals.after += sum(part.entry.size for part in left)
        totals.paths += [part.path for part in old]


def _batches(entries: Iterable[PartEntry]) -> Iterator[list[PartEntry]]:
    """Group the parts of one folder, because replacing costs a link per file that stays."""
    batch: list[PartEntry] = []
    for part in sorted(entries, key=lambda part: part.path):
        folder = part.path.rsplit("/", 1)[0]
        full = len(batch) >= _BATCH_PARTS or sum(p.size for p in batch) >= _BATCH_BYTES
        if batch and (full or not batch[-1].path.startswith(folder + "/")):
            yield batch
            batch = []
        batch.append(part)
    if batch:
        yield batch


def _without(staging: Staging, parts: PartReader, part: PartEntry, choice: RowChoice) -> _Without:
    gone: list[tuple[int, int]] = []
    count = 0
    part_id = SegmentId(uuid.uuid4().hex, 1)
    replaces = [part_id_of(part.path)]
    place = (part.record_type, part.project, part_id)
    with PartFile(staging, *place, replaces=replaces) as file:
        for table in parts.groups(part):
            mask = choice.chosen(part.record_type, table)
            numbers = table["sequence"].filter(mask)
            gone = few_ranges([*gone, *ranges_of(numbers)])
            count += len(numbers)
            file.write(without_unused_words(part.record_type, table.filter(pc.invert(mask))))
        if file.rows + count != part.rows:
            raise IntegrityError(
                f"{part.path!r} gave {file.rows + count} rows of {part.rows}; nothing was "
                "changed. Check the store.",
                code="record_store_rewrite_failed",
                details={"path": part.path},
            )
        left = file.finish() if file.rows and count else None
    return _Without(part, left, tuple(gone), count)


def without_unused_words(record_type: str, table: pa.Table) -> pa.Table:
    """Return the same rows with dictionaries that hold only the texts in use.

    A filtered table keeps the dictionary of all rows, and Parquet would write it out.
    """
    for index, column in enumerate(columns_of(record_type)):
        if column.kind == "word":
            kept = table.field(column.name)
            texts = table[column.name].cast(pa.string())
            table = table.set_column(index, kept, pc.dictionary_encode(texts).cast(kept.type))
    return table


def few_ranges(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges that cover the given ones, at most a few hundred; small gaps close first."""
    found = joined(ranges)
    if len(found) <= _MOST_RANGES:
        return found
    gaps = sorted(found[i + 1][0] - found[i][1] for i in range(len(found) - 1))
    widest_closed = gaps[len(found) - _MOST_RANGES - 1]
    closed: list[tuple[int, int]] = []
    for first, last in found:
        if closed and first - closed[-1][1] <= widest_closed:
            closed[-1] = (closed[-1][0], last)
        else:
            closed.append((first, last))
    return closed


def wipe_traces(
    layout: Layout, choice: RowChoice, run_refs: Sequence[str], paths: Sequence[str]
) -> None:
    """Remove what is left of erased rows beside the parts; to be repeated after a kill.

    That is: replaced parts where such rows were, abandoned staging files, names of runs in the
    log of parts, figures in the derived index, and what repairs wrote down about lost parts, so
    that a copy of one cannot bring its records back.

    Raises:
        StoreAccessError: When something cannot be removed.
    """
    from contexta.store.records._index import forget_parts

    with FileLock(layout.lock):
        complete_pending(layout)
        remove_abandoned(layout)
        remove_retired(layout, at_once=_folders(layout, choice, paths))
        condense_log(layout, forget_runs=frozenset(run_refs))
        _forget_lost_parts(layout, choice)
    forget_parts(layout, paths)


def _folders(layout: Layout, choice: RowChoice, paths: Sequence[str]) -> set[str]:
    """Return the project folders of erased rows, also of those that a repair gave up."""
    lost = [entry.get("part") for entry in read_audit_lines(layout.repairs, AUDIT_VERSION).entries]
    given_up = [
        part["path"]
        for part in lost
        if part is not None and choice.may_touch(part["record_type"], part["runs"])
    ]
    return {path.rsplit("/", 1)[0] for path in (*paths, *given_up)}


def _forget_lost_parts(layout: Layout, choice: RowChoice) -> None:
    kept = []
    changed = False
    for entry in read_audit_lines(layout.repairs, AUDIT_VERSION).entries:
        part = entry.get("part")
        if part is not None and choice.may_touch(part["record_type"], part["runs"]):
            entry = {name: value for name, value in entry.items() if name != "part"}
            changed = True
        kept.append(sealed_json(entry) + b"\n")
    if changed:
        atomic_write_bytes(layout.repairs, b"".join(kept))
