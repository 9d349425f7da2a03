"""Write the new rows as staged parts, in storage order and with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.parquet as pq

from contexta.contract.errors import StoreError
from contexta.store.merge._record_source import MERGED_FROM
from contexta.store.records._compact_merge import batch_rows, in_order, row_groups
from contexta.store.records._compact_plan import FAN_IN, PART_CAP_BYTES, PART_CAP_ROWS
from contexta.store.records._layout import SegmentId
from contexta.store.records._part_file import PartFile, sorted_for_storage, write_part
from contexta.store.records.schema import columns_of, schema_for

if TYPE_CHECKING:
    from collections.abc import Generator

    from contexta.store.merge._ledger import Batch
    from contexta.store.merge._record_rows import RowChange, RowChoice
    from contexta.store.merge._record_source import RecordSource, Unit
    from contexta.store.records._staging import StagedPart, Staging

_CAP_DECODED_BYTES = 2 << 30


def write_parts(
    staging: Staging,
    source: RecordSource,
    choice: RowChoice,
    change: RowChange,
    fresh: Mapping[int, int],
    batch: Batch,
) -> list[StagedPart]:
    """Stage the new rows of all units.

    Args:
        staging: The session that owns the files.
        source: Where the rows are.
        choice: Which of them are new.
        change: What happens to them.
        fresh: Number of new rows by index of the unit.
        batch: Names the parts.

    Raises:
        StoreError: `merge_unverified` when another number of rows was written than promised;
            else when something cannot be written.
    """
    groups: dict[tuple[str, str], list[Unit]] = {}
    for index, unit in enumerate(source.units):
        if fresh[index]:
            groups.setdefault((unit.record_type, unit.project), []).append(unit)
    writer = _Writer(staging, source, choice, change, batch)
    for (record_type, project), units in sorted(groups.items()):
        for start in range(0, len(units), FAN_IN):
            writer.write(record_type, project, units[start : start + FAN_IN])
    written, promised = sum(part.entry.rows for part in writer.staged), sum(fresh.values())
    if written != promised:
        raise StoreError(
            f"{written} of {promised} new records were written. Nothing was changed; the source "
            "may have changed meanwhile. Merge again.",
            code="merge_unverified",
            details={"written": written, "promised": promised},
            retryable=True,
        )
    return writer.staged


class _Writer:
    def __init__(
        self,
        staging: Staging,
        source: RecordSource,
        choice: RowChoice,
        change: RowChange,
        batch: Batch,
    ) -> None:
        self._staging = staging
        self._source = source
        self._choice = choice
        self._change = change
        self._batch = batch
        self._number = 0
        self.staged: list[StagedPart] = []

    def write(self, record_type: str, project: str, units: Sequence[Unit]) -> None:
        rows = batch_rows(len(units))
        streams = [self._stream(unit, rows) for unit in units]
        notes = {MERGED_FROM: self._batch.source_id}
        groups = row_groups(record_type, in_order(record_type, streams))
        group = next(groups, None)
        while group is not None:
            decoded = 0
            with PartFile(self._staging, record_type, project, self._next_id(), notes) as file:
                while group is not None:
                    file.write(group)
                    decoded += group.nbytes
                    group = next(groups, None)
                    if (
                        file.size >= PART_CAP_BYTES
                        or file.rows >= PART_CAP_ROWS
                        or decoded >= _CAP_DECODED_BYTES
                    ):
                        break
                self.staged.append(file.finish())

    def _next_id(self) -> SegmentId:
        self._number += 1
        return SegmentId(self._batch.batch_id, self._number)

    def _stream(self, unit: Unit, rows: int) -> Iterator[pa.Table]:
        tables = self._changed(unit, rows)
        # Another name can put a run in another place, so that the rows need sorting again.
        return self._sorted(unit, tables) if self._change.reorders else tables

    def _changed(self, unit: Unit, rows: int) -> Iterator[pa.Table]:
        for table in self._source.tables(unit, rows):
            new, _ = self._choice.new(table)
            chosen = table.filter(new)
            for start in range(0, chosen.num_rows, rows):
                yield self._change.apply(unit.record_type, chosen.slice(start, rows))

    def _sorted(self, unit: Unit, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        first = next(tables, None)
        second = next(tables, None)
        if second is None:
            if first is not None:
                yield sorted_for_storage(unit.record_type, first)
            return
        runs = [
            write_part(self._staging, self._next_id(), unit.record_type, unit.project, table)
            for table in chain((first, second), tables)
        ]
        with closing(cast("Generator[pa.Table]", self._joined(unit, runs))) as ordered:
            yield from ordered
        for run in runs:
            run.path.unlink()

    def _joined(self, unit: Unit, runs: Sequence[StagedPart]) -> Iterator[pa.Table]:
        size = batch_rows(max(1, len(runs)))
        streams = [_batches(run, unit.record_type, size) for run in runs]
        for table in in_order(unit.record_type, streams):
            yield sorted_for_storage(unit.record_type, table)


def _batches(staged: StagedPart, record_type: str, rows: int) -> Iterator[pa.Table]:
    words = [c.name for c in columns_of(record_type) if c.kind == "word"]
    with pq.ParquetFile(staged.path, read_dictionary=words) as file:
        for batch in file.iter_batches(rows, use_threads=False):
            yield pa.Table.from_batches([batch]).cast(schema_for(record_type))
