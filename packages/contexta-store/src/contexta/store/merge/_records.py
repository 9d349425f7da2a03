"""Merge the records: find what is new, give it numbers, publish it in one step."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import IntegrityError
from contexta.store._ranges import joined
from contexta.store.merge._ledger import Batch, MergeLedger, Taken
from contexta.store.merge._numbers import (
    Piece,
    count_of,
    moved,
    packed,
    within,
    without,
)
from contexta.store.merge._record_facts import is_published, write_facts
from contexta.store.merge._record_parts import write_parts
from contexta.store.merge._record_rows import RowChange, RowChoice, one_chunk
from contexta.store.merge._record_source import Gap, RecordSource
from contexta.store.records._catalogue import replace_parts
from contexta.store.records._missing import missing_in
from contexta.store.records._parts_log import read_log
from contexta.store.records._reservations import reserve_numbers
from contexta.store.records._sequence_set import SequenceSet
from contexta.store.records._snapshot import StoreReader
from contexta.store.records._staging import Staging

if TYPE_CHECKING:
    from collections.abc import Collection

    from contexta.store.merge._renames import Renames
    from contexta.store.merge._report import Account
    from contexta.store.records._layout import Layout


class _Present(SequenceSet):
    """Numbers that were seen, with their ends."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        self.low = 1 << 62
        self.high = 0

    def note(self, numbers: pa.Array) -> None:
        if len(numbers):
            ends = pc.min_max(numbers)
            self.low = min(self.low, ends["min"].as_py())
            self.high = max(self.high, ends["max"].as_py())
            self.add(numbers)

    def ranges(self) -> list[tuple[int, int]]:
        if self.high == 0:
            return []
        return without([(self.low, self.high)], self.missing(self.low, self.high))


class NativeNumbers:
    """What the writers of a store itself have written there, in its own numbers.

    Raises:
        IntegrityError: `merge_target_damaged`.
    """

    def __init__(self, layout: Layout) -> None:
        log = read_log(layout)
        if log.is_damaged:
            raise IntegrityError(
                f"{str(layout.parts_log)!r} is damaged, so nobody can tell which records are "
                "there already. Repair the target first; nothing was changed.",
                code="merge_target_damaged",
                details={"path": str(layout.parts_log)},
            )
        self._written: dict[str, list[tuple[int, int]]] = {}
        for span in log.spans:
            self._add(span.writer_id, span.first_sequence, span.last_sequence)
        for segment, entry in log.entries.items():
            self._add(segment.writer_id, entry.first_sequence, entry.last_sequence)
        for view in StoreReader(layout).snapshot().live:
            if view.record_count:
                self._add(view.segment.writer_id, view.first_sequence, view.last_sequence)
        self._missing = [(one.first, one.last) for one in (*log.missing, *missing_in(log))]

    def of(self, writer_id: str) -> list[tuple[int, int]]:
        """Return the numbers that a writer has used here, without those that are lost."""
        written = self._written.get(writer_id)
        return without(written, self._missing) if written else []

    def _add(self, writer_id: str, first: int, last: int) -> None:
        if first <= last:
            self._written.setdefault(writer_id, []).append((first, last))


class RecordMerge:
    """One merge of one record store into another.

    Args:
        source: What to take.
        target: Where to.
        native: What was written there.
        ledgers: What both have taken from others.
        source_id: Workspace id of the source.
        renames: Refs that differ in the target.
        left_out: Runs of the source that do not come.
        returning: Runs of the source of which everything comes.
        account: Where to count.
    """

    def __init__(
        self,
        source: RecordSource,
        target: Layout,
        native: NativeNumbers,
        ledgers: tuple[MergeLedger, MergeLedger],
        source_id: str,
        renames: Renames,
        left_out: Collection[str],
        returning: Collection[str],
        account: Account,
    ) -> None:
        self._source = source
        self._target = target
        self._ledger = ledgers[1]
        self._source_id = source_id
        self._renames = renames
        self._account = account
        self._native = native
        self._origins = ledgers[0].origins()
        self._known: dict[str, list[tuple[int, int]]] = {}
        self._choice = RowChoice(self._origins, self.known, left_out, returning)
        self._new: dict[str, _Present] = {}
        self._seen = _Present()
        self._fresh: Counter[int] = Counter()

    def known(self, writer_id: str) -> list[tuple[int, int]]:
        """Return the numbers of a writer that the target has."""
        found = self._known.get(writer_id)
        if found is None:
            own = self._native.of(writer_id)
            # What came from elsewhere has numbers of this store that are nobody's.
            found = joined([*own, *self._ledger.ranges_of(writer_id)])
            self._known[writer_id] = found
        return found

    def run(self, *, write: bool) -> None:
        """Take what is new.

        Raises:
            StoreError: When the target refuses; no record was taken then.
        """
        self._survey()
        batch, pieces = self._plan(write=write)
        if batch is None or not write:
            return
        self._ledger.note_batch(batch)
        if batch.rows:
            change = RowChange(pieces, self._renames)
            with Staging(self._target) as staging:
                parts = write_parts(staging, self._source, self._choice, change, self._fresh, batch)
                replace_parts(self._target, old=(), new=parts, reason="merge")
                self._account.copied_bytes += sum(part.entry.size for part in parts)
        write_facts(self._target, batch, self._ledger)
        self._ledger.note_taken(batch)

    def _survey(self) -> None:
        for index, unit in enumerate(self._source.units):
            read = 0
            for table in self._source.survey(unit):
                read += table.num_rows
                self._survey_table(index, unit.record_type, table)
            if unit.part is not None and read < unit.rows:
                self._account.count("records", unit.record_type, "skipped", unit.rows - read)

    def _survey_table(self, index: int, record_type: str, table: pa.Table) -> None:
        numbers, writers = one_chunk(table["sequence"]), one_chunk(table["writer_id"])
        self._seen.note(numbers)
        new, out = self._choice.new(table)
        fresh = int(pc.sum(new).as_py() or 0)
        self._fresh[index] += fresh
        count = self._account.count
        count("records", record_type, "new", fresh)
        count("records", record_type, "skipped", out)
        count("records", record_type, "same", table.num_rows - fresh - out)
        if not fresh:
            return
        for position, writer in enumerate(writers.dictionary.to_pylist()):
            own = numbers.filter(pc.and_(new, pc.equal(writers.indices, position)))
            self._new.setdefault(writer, _Present()).note(own)

    def _plan(self, *, write: bool) -> tuple[Batch | None, list[Piece]]:
        rows = {writer: present.ranges() for writer, present in self._new.items()}
        gaps = self._new_gaps()
        erased = [
            (pair, writer)
            for pair, writer in self._owned(self._source.erased)
            if not self._is_known(writer, pair, self.known(writer))
        ]
        self._account.missing_records = sum(gap.last - gap.first + 1 for gap, _ in gaps)
        self._account.erased_records = count_of(pair for pair, _ in erased)
        used = joined(
            [
                *(pair for ranges in rows.values() for pair in ranges),
                *((gap.first, gap.last) for gap, _ in gaps),
                *(pair for pair, _ in erased),
            ]
        )
        if not used or not write:
            return None, []
        total = count_of(used)
        start = reserve_numbers(self._target, total)
        pieces = packed(used, start)
        batch = Batch(
            uuid.uuid4().hex,
            self._source_id,
            start,
            start + total - 1,
            tuple(
                taken
                for writer, ranges in rows.items()
                for pair in ranges
                for taken in self._taken(writer, pair, pieces)
            ),
            tuple(
                (taken, gap.text, self._runs(gap))
                for gap, writer in gaps
                for taken in self._taken(writer, (gap.first, gap.last), pieces)
            ),
            tuple(taken for pair, writer in erased for taken in self._taken(writer, pair, pieces)),
        )
        return batch, pieces

    def _runs(self, gap: Gap) -> tuple[str, ...] | None:
        return None if gap.runs is None else tuple(self._renames.ref(run) for run in gap.runs)

    def _taken(self, writer: str, pair: tuple[int, int], pieces: list[Piece]) -> list[Taken]:
        """Return numbers of the source as numbers of the writer and of the target."""
        found = []
        origins = self._origins.get(writer, [])
        native = [Piece(*one, 0) for one in without([pair], [(p.first, p.last) for p in origins])]
        for piece in sorted([*origins, *native]):
            for first, last in within([pair], [(piece.first, piece.last)]):
                own = moved([(first, last)], pieces)[0][0]
                found.append(Taken(writer, first + piece.shift, last + piece.shift, own))
        return found

    def _new_gaps(self) -> list[tuple[Gap, str]]:
        lost = []
        numbers = self._source.writers_of_numbers()
        written = [(first, last) for first, last, _ in numbers]
        written += [(one.first, one.last) for own in self._origins.values() for one in own]
        for unit in self._source.units:
            if unit.part is not None and not unit.is_whole:
                hull = (unit.part.first_sequence, unit.part.last_sequence)
                lost += within(self._seen.missing(*hull), written)
        found = []
        for gap in self._source.gaps(joined(lost)):
            for pair, writer in self._owned([(gap.first, gap.last)]):
                told = self._ledger.gap_ranges_of(writer)
                if not self._is_known(writer, pair, [*self.known(writer), *told]):
                    found.append((gap._replace(first=pair[0], last=pair[1]), writer))
        return found

    def _is_known(self, writer: str, pair: tuple[int, int], known: list[tuple[int, int]]) -> bool:
        own = [(item.first, item.last) for item in self._taken_origin(writer, pair)]
        return not without(own, known)

    def _taken_origin(self, writer: str, pair: tuple[int, int]) -> list[Taken]:
        return self._taken(writer, pair, [Piece(*pair, 0)])

    def _owned(self, ranges: list[tuple[int, int]]) -> list[tuple[tuple[int, int], str]]:
        """Return ranges of the source cut at the borders between writers.

        What nobody is known to have written belongs to the source itself.
        """
        owners = [
            (first, last, writer) for first, last, writer in self._source.writers_of_numbers()
        ]
        for writer, pieces in self._origins.items():
            owners += [(piece.first, piece.last, writer) for piece in pieces]
        found: list[tuple[tuple[int, int], str]] = []
        rest = joined(ranges)
        for first, last, writer in sorted(owners):
            inside = within(rest, [(first, last)])
            found += [(pair, writer) for pair in inside]
            if inside:
                rest = without(rest, inside)
        return [*found, *((pair, f"workspace:{self._source_id}") for pair in rest)]


def settle(layout: Layout, ledger: MergeLedger, *, write: bool) -> None:
    """Find out which batches of killed merges were published, and complete those.

    Args:
        layout: The store of the ledger.
        ledger: What it has taken.
        write: Whether to complete them on disk, too.

    Raises:
        StoreError: When the store cannot be read or written.
    """
    for batch in list(ledger.pending.values()):
        if not is_published(layout, batch):
            del ledger.pending[batch.batch_id]
        elif write:
            write_facts(layout, batch, ledger)
            ledger.note_taken(batch)
        else:
            ledger.count(batch)
