"""The records of the source, unit by unit, with what is known to be wrong with each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from contexta.contract.errors import ContextaError, RecordError, SchemaVersionError
from contexta.store._ranges import joined
from contexta.store.fs import open_private
from contexta.store.merge._numbers import without
from contexta.store.merge._report import Account, MergeDamage
from contexta.store.records._journal import locate_part
from contexta.store.records._layout import RECORD_TYPES, segment_of_part
from contexta.store.records._part_file import sorted_for_storage
from contexta.store.records._parts_log import read_log

if TYPE_CHECKING:
    from contexta.store.records._layout import Layout
    from contexta.store.records._part_entry import PartEntry
    from contexta.store.records._snapshot import StoreReader

MERGED_FROM = "contexta.merged_from"
"""Footer entry of parts that a merge wrote: the workspace id of the source."""

_SURVEY_COLUMNS = ("sequence", "writer_id", "run_ref")


class Unit(NamedTuple):
    """A part, or the rows of one type and project of a live segment."""

    record_type: str
    project: str
    rows: int
    part: PartEntry | None
    table: pa.Table | None
    is_whole: bool


class Gap(NamedTuple):
    """Numbers of the source that are known to be missing."""

    first: int
    last: int
    text: str
    runs: tuple[str, ...] | None


class RecordSource:
    """One look at the record store of the source. Nothing of it is changed.

    Every byte of each part is hashed first, so that a damaged one is known before any of it is
    taken; of that, the row groups that verify are taken.
    """

    def __init__(self, layout: Layout, reader: StoreReader, account: Account) -> None:
        self._layout = layout
        self._reader = reader
        self._account = account
        self._snapshot = reader.snapshot()
        self._log = read_log(layout)
        self.units = [*self._of_parts(), *self._of_live()]
        for found in self._snapshot.damage:
            gap = found.gap
            account.damage.append(MergeDamage("records", gap.code, gap.message))

    def leave_unexplained(self, batches: Collection[str]) -> None:
        """Leave out parts that a merge brought and whose origin the ledger does not tell.

        So it is in a copy that was taken during a merge. Nobody could tell later that these
        records are those of another workspace; the next copy has the ledger, too.
        """
        kept = []
        for unit in self.units:
            if unit.part is None or self._is_explained(unit.part, batches):
                kept.append(unit)
                continue
            text = (
                f"The part {unit.part.path!r} came with a merge that the copy does not explain; "
                "copy the source again."
            )
            self._account.damage.append(MergeDamage("records", "merge_origin_unknown", text))
            self._account.count("records", unit.record_type, "skipped", unit.rows)
        self.units = kept

    def _is_explained(self, part: PartEntry, batches: Collection[str]) -> bool:
        segment = segment_of_part(part.path)
        if segment is None or segment.writer_id in batches:
            return True
        try:
            notes = pq.read_metadata(locate_part(self._layout, part.path)).metadata or {}
        except (pa.ArrowException, OSError):
            return True  # it is damaged, and says so itself
        return MERGED_FROM.encode() not in notes

    def survey(self, unit: Unit) -> Iterator[pa.Table]:
        """Yield number, writer and run of the rows of a unit, in tables of bounded size."""
        if unit.table is not None:
            yield unit.table.select(list(_SURVEY_COLUMNS))
        elif unit.part is not None and unit.is_whole:
            yield from self._reader.parts.groups(unit.part, _SURVEY_COLUMNS)
        elif unit.part is not None:
            for table in self._reader.parts.readable_groups(unit.part):
                yield table.select(list(_SURVEY_COLUMNS))

    def tables(self, unit: Unit, rows: int) -> Iterator[pa.Table]:
        """Yield whole rows of a unit in storage order, at most `rows` at once where possible."""
        if unit.table is not None:
            yield sorted_for_storage(unit.record_type, unit.table)
        elif unit.part is not None and unit.is_whole:
            yield from self._reader.parts.batches(unit.part, rows)
        elif unit.part is not None:
            yield from self._reader.parts.readable_groups(unit.part)

    def writers_of_numbers(self) -> list[tuple[int, int, str]]:
        """Return ranges of numbers and the writer that has them, as far as the log tells."""
        found = [(s.first_sequence, s.last_sequence, s.writer_id) for s in self._log.spans]
        for segment, entry in self._log.entries.items():
            found.append((entry.first_sequence, entry.last_sequence, segment.writer_id))
        for view in self._snapshot.live:
            first = view.header.first_sequence if view.header is not None else view.first_sequence
            ends = [view.last_sequence, *(d.gap.end_sequence or 0 for d in view.damage)]
            if first and max(ends) >= first:
                found.append((first, max(ends), view.segment.writer_id))
        return sorted(found)

    def gaps(self, lost: Iterable[tuple[int, int]]) -> list[Gap]:
        """Return what is known to be missing, disjoint; `lost` is what damaged parts held."""
        found: list[Gap] = []
        taken: list[tuple[int, int]] = list(self._snapshot.erased)
        for one in self._snapshot.damage:
            first, last = one.gap.start_sequence, one.gap.end_sequence
            if first is None or last is None:
                continue
            runs = None if one.runs is None else tuple(sorted(one.runs))
            for pair in without([(first, last)], taken):
                found.append(Gap(*pair, one.gap.message, runs))
                taken.append(pair)
        for pair in without(lost, taken):
            found.append(Gap(*pair, "A part was damaged.", None))
        return found

    @property
    def erased(self) -> list[tuple[int, int]]:
        """Numbers of records that were removed on purpose."""
        return joined(self._snapshot.erased)

    def _of_parts(self) -> Iterator[Unit]:
        for part in sorted(self._snapshot.parts, key=lambda one: one.first_sequence):
            is_whole = self._is_whole(part)
            yield Unit(part.record_type, part.project, part.rows, part, None, is_whole)

    def _of_live(self) -> Iterator[Unit]:
        for view in self._snapshot.live:
            for (record_type, project), table in sorted(view.tables.items()):
                if record_type in RECORD_TYPES and table.num_rows:
                    yield Unit(record_type, project, table.num_rows, None, table, is_whole=True)

    def _is_whole(self, part: PartEntry) -> bool:
        try:
            self._reader.parts.check(part)
            path = locate_part(self._layout, part.path)
            if _sha256(path) != part.sha256:
                raise RecordError(
                    f"The part {str(path)!r} is damaged: it is not what was written.",
                    code="record_scan_part_damaged",
                )
        except SchemaVersionError:
            raise
        except ContextaError as error:
            self._account.damage.append(MergeDamage("records", error.code, error.message))
            return False
        return True


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    fd = open_private(path, os.O_RDONLY)
    with os.fdopen(fd, "rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
