"""Compaction: many small parts become few large ones, and no reader notices.

One process compacts at a time; writers and readers go on meanwhile. Each group of parts is
merged into staging, read back, compared row by row with what was read, and only then put in
place. Killed at any point, nothing is lost and nothing is there twice.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from contexta.contract.errors import ContextaError, RecordError, StoreError
from contexta.store.fs import FileLock, translated_os_errors
from contexta.store.records._catalogue import replace_parts
from contexta.store.records._compact_merge import merged_groups
from contexta.store.records._compact_models import (
    CompactionGroup,
    CompactionPlan,
    CompactionReport,
    SkippedPart,
)
from contexta.store.records._compact_plan import (
    PART_CAP_BYTES,
    PART_CAP_ROWS,
    SMALL_PART_BYTES,
    plan_for,
)
from contexta.store.records._fingerprint import Fingerprint
from contexta.store.records._fork_guard import NO_FORK
from contexta.store.records._layout import Layout, SegmentId, part_id_of
from contexta.store.records._part_entry import PartEntry
from contexta.store.records._part_file import PartFile
from contexta.store.records._part_read import PartReader
from contexta.store.records._parts_log import read_log, shared_log
from contexta.store.records._staging import StagedPart, Staging
from contexta.store.records.schema import columns_of

_T = TypeVar("_T")
_LOGGER = logging.getLogger("contexta.store.records")
_CAP_DECODED_BYTES = 2 << 30
_READ_BACK_ROWS = 65_536
_MOST_ROUNDS = 32
_SMALL_PARTS = 64
_SMALL_BYTES = 16 << 20


def plan_layout(layout: Layout, *, full: bool) -> CompactionPlan:
    """Plan the first round for the current parts."""
    return plan_for(tuple(read_log(layout).parts.values()), full=full)


def compact_layout(
    layout: Layout, *, full: bool = False, max_bytes: int | None = None
) -> CompactionReport:
    """Compact until nothing is left to merge, or `max_bytes` were read.

    Raises:
        StoreError: When something cannot be written, for example `store_disk_full`. What was
            merged before stays; the parts of the group at hand are as they were.
    """
    lock = FileLock(layout.compaction_lock)
    if not lock.try_acquire():
        parts = read_log(layout).parts
        size = sum(part.size for part in parts.values())
        return CompactionReport("busy", len(parts), len(parts), size, size)
    try:
        return _Compaction(layout, full=full, max_bytes=max_bytes).run()
    finally:
        lock.release()


def compact_small_parts(layout: Layout) -> None:
    """Merge small parts of a project if there are many; bounded work, and never an error."""
    counts: dict[str, int] = {}
    try:
        for part in tuple(shared_log(layout).parts.values()):
            if part.size < SMALL_PART_BYTES:
                folder = part.path.rsplit("/", 1)[0]
                counts[folder] = counts.get(folder, 0) + 1
        if max(counts.values(), default=0) > _SMALL_PARTS:
            compact_layout(layout, max_bytes=_SMALL_BYTES)
    except ContextaError:  # the records are stored; compaction only makes reading faster
        _LOGGER.warning("Small parts were not merged; a later close tries again", exc_info=True)


class _Compaction:
    """One run under the compaction lock."""

    def __init__(self, layout: Layout, *, full: bool, max_bytes: int | None) -> None:
        self._layout = layout
        self._full = full
        self._left = max_bytes
        self._reader = PartReader(layout)
        self._leave: set[str] = set()
        self._skipped: list[SkippedPart] = []
        self._merged = self._written = self._rows = 0

    def run(self) -> CompactionReport:
        started = time.monotonic()
        before = read_log(self._layout).parts
        for _ in range(_MOST_ROUNDS):
            parts = read_log(self._layout).parts
            plan = plan_for(
                tuple(parts.values()), full=self._full, max_bytes=self._left, leave=self._leave
            )
            if not plan.groups:
                break
            for group in plan.groups:
                self._merge(group, [parts[path] for path in group.paths])
        after = read_log(self._layout).parts
        return CompactionReport(
            status="done",
            parts_before=len(before),
            parts_after=len(after),
            size_before=sum(part.size for part in before.values()),
            size_after=sum(part.size for part in after.values()),
            merged=self._merged,
            written=self._written,
            rows=self._rows,
            seconds=time.monotonic() - started,
            skipped=tuple(self._skipped),
        )

    def _merge(self, group: CompactionGroup, old: list[PartEntry]) -> None:
        old = self._readable(old)
        if len(old) < 2:
            return
        if self._left is not None:
            self._left -= group.size
        with Staging(self._layout) as staging:
            try:
                new = _write_merged(staging, self._reader, old)
                replace_parts(self._layout, old=old, new=new, reason="compaction")
            except RecordError as error:  # a part was damaged in its middle
                self._skip(old, error)
                return
            except StoreError as error:
                if error.code != "record_store_parts_changed":
                    raise
                self._leave_alone(old, "it was replaced meanwhile")
                return
        self._merged += len(old)
        self._written += len(new)
        self._rows += sum(part.rows for part in old)
        if len(new) >= len(old):  # they are as large as parts get
            self._leave.update(part.entry.path for part in new)

    def _readable(self, old: list[PartEntry]) -> list[PartEntry]:
        """Leave out parts whose file or footer is damaged, before anything is written."""
        found = []
        for part in old:
            try:
                self._reader.check(part)
            except RecordError as error:
                self._leave_alone([part], error.message)
                continue
            found.append(part)
        return found

    def _skip(self, old: list[PartEntry], error: RecordError) -> None:
        """Leave the damaged part alone; the others are merged in the next round."""
        path = str((error.details or {}).get("path", ""))
        damaged = [part for part in old if path.endswith(part.path)]
        self._leave_alone(damaged or old, error.message)

    def _leave_alone(self, parts: list[PartEntry], reason: str) -> None:
        self._leave.update(part.path for part in parts)
        self._skipped.extend(SkippedPart(part.path, reason) for part in parts)


def _write_merged(staging: Staging, reader: PartReader, old: list[PartEntry]) -> list[StagedPart]:
    """Write the rows of parts into new ones and verify that they are all there.

    Raises:
        RecordError: A part of `old` is damaged; it names the file.
        StoreError: `record_store_compaction_unverified`: what was written does not read back as
            the same rows; nothing has changed.
    """
    record_type, project = old[0].record_type, old[0].project
    writer_id = uuid.uuid4().hex
    replaces = [part_id_of(part.path) for part in old]
    expected = Fingerprint(record_type)
    written = Fingerprint(record_type)
    groups = merged_groups(old, reader, expected.add)
    staged: list[StagedPart] = []
    group = _next_of(groups)
    while group is not None:
        part_id = SegmentId(writer_id, len(staged) + 1)
        decoded = 0
        with PartFile(staging, record_type, project, part_id, replaces=replaces) as file:
            while group is not None:
                with NO_FORK:
                    file.write(group)
                decoded += group.nbytes
                group = _next_of(groups)
                if (
                    file.size >= PART_CAP_BYTES
                    or file.rows >= PART_CAP_ROWS
                    or decoded >= _CAP_DECODED_BYTES
                ):
                    break
            with NO_FORK:
                staged.append(file.finish())
        _read_back(staged[-1], written)
    promised = sum(part.rows for part in old)
    if written.value != expected.value or written.rows != promised:
        raise StoreError(
            f"Merging {len(old)} parts of {record_type}/{project} gave {written.rows} of "
            f"{promised} records, or other ones. Nothing was changed; check memory and disk.",
            code="record_store_compaction_unverified",
            details={"paths": [part.path for part in old]},
        )
    return staged


def _next_of(tables: Iterator[_T]) -> _T | None:
    """Take one step; a fork waits for it, not for the whole compaction (see `_fork_guard`)."""
    with NO_FORK:
        return next(tables, None)


def _read_back(staged: StagedPart, written: Fingerprint) -> None:
    words = [c.name for c in columns_of(staged.entry.record_type) if c.kind == "word"]
    try:
        with (
            translated_os_errors("read back", staged.path),
            pq.ParquetFile(
                staged.path, read_dictionary=words, page_checksum_verification=True
            ) as file,
        ):
            batches = file.iter_batches(_READ_BACK_ROWS, use_threads=False)
            while (batch := _next_of(batches)) is not None:
                with NO_FORK:
                    written.add(pa.Table.from_batches([batch]))
    except pa.ArrowException as error:
        raise StoreError(
            f"What was written to {str(staged.path)!r} cannot be read back: {error}. Nothing "
            "was changed; check memory and disk.",
            code="record_store_compaction_unverified",
            details={"path": str(staged.path)},
            cause=error,
        ) from error
