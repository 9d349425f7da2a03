"""The record store: one folder, any number of processes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from contexta.store.fs import lock_is_held
from contexta.store.records._enums import ReplayMode
from contexta.store.records._filter import ScanFilter
from contexta.store.records._layout import is_writer_id
from contexta.store.records._models import (
    DeadWriter,
    IntegrityReport,
    RepairReport,
    ReplayResult,
    StoredRecord,
)
from contexta.store.records._store_care import StoreCare
from contexta.store.records._store_compaction import StoreCompaction
from contexta.store.records._store_exchange import StoreExchange
from contexta.store.records._store_figures import StoreFigures

if TYPE_CHECKING:
    from contexta.store.records._rows_filter import RowFilter


class RecordStore(StoreExchange, StoreFigures, StoreCompaction, StoreCare):
    """Append-only records of runs: a write-ahead log per process, sealed into Parquet.

    Any number of processes, threads and forked children append and read at once. A record is
    visible to every reader when its append returned. Handles of one root in one process share
    one writer; the last one that closes seals what the process wrote.

    Args:
        config: Settings; `root_path` is required.

    Raises:
        ValidationError: `record_store_missing_root_path`.
        ReadOnlyStoreError: `record_store_missing_root`, for a read-only store without folder.
        SchemaVersionError: When a newer release wrote the store.
    """

    # Writers

    def writer_alive(self, writer_id: str) -> bool:
        """Tell whether the process with this writer id still holds its lock."""
        return is_writer_id(writer_id) and lock_is_held(self._layout.writer_lock(writer_id))

    def recover_dead_writers(self) -> tuple[DeadWriter, ...]:
        """Seal what processes left that ended without closing; never touches a living one.

        A torn last record is cut and kept in `_quarantine`; it was never acknowledged.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`.
            StoreError: When something cannot be written; the next call continues.
        """
        from contexta.store.records._recover import recover_all

        self._check_writable("recover")
        return tuple(found.writer for found in recover_all(self._layout))

    # Reading

    def scan(self, scan_filter: ScanFilter | None = None) -> Iterator[StoredRecord]:
        """Yield matching records in sequence order, lazily, over one snapshot.

        Raises:
            RecordError: At the first damage that the filter touches, after the records before
                it, naming file and place. Damage elsewhere is not looked at.
        """
        from contexta.store.records._reads import RecordScan

        self._check_usable()
        wanted = _row_filter(scan_filter)
        snapshot = self._reader.snapshot()
        records = RecordScan(snapshot, self._reader.parts, wanted).strict()
        yield from islice(records, scan_filter.limit if scan_filter is not None else None)

    def replay(
        self, scan_filter: ScanFilter | None = None, *, mode: ReplayMode | str | None = None
    ) -> ReplayResult:
        """Return matching records together with everything known to be missing.

        Raises:
            ReplayError: `record_replay_unhealthy_store`, in strict mode, for any damage that the
                filter touches. Tolerant mode never raises for damage.
            ValidationError: `record_store_invalid_replay_mode`.
        """
        from contexta.store.records._replay import Replay, replay_mode_of

        self._check_usable()
        replay = Replay(self._reader, scan_filter, replay_mode_of(mode))
        records = tuple(replay.records())
        return replay.result(records, len(records))

    def iter_replay(
        self, scan_filter: ScanFilter | None = None, *, mode: ReplayMode | str | None = None
    ) -> Iterator[StoredRecord]:
        """Yield what `replay` returns, without holding it; errors come with the first item."""
        from contexta.store.records._replay import Replay, replay_mode_of

        self._check_usable()
        yield from Replay(self._reader, scan_filter, replay_mode_of(mode)).records()

    # Care

    def check_integrity(self) -> IntegrityReport:
        """Read every byte and report what is wrong; changes nothing."""
        from contexta.store.records._integrity import check_store

        self._check_usable()
        return check_store(self._layout)

    def rebuild_indexes(self) -> RepairReport:
        """Derive lookup data anew from the stored records; changes no record.

        What cannot be written, for example on a read-only medium, is said by a warning, and
        `rebuilt_indexes` is false then.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`.
        """
        from contexta.store.records._repair import rebuild

        self._check_writable("rebuild indexes")
        self._lost.clear()
        failure = self._rebuild_index()
        return rebuild(self._layout, self._reader, failure)

    def repair_truncated_tails(self) -> RepairReport:
        """Cut records that dead writers left half-written; the bytes go to `_quarantine`.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`.
        """
        from contexta.store.records._repair import repair_tails

        self._check_writable("repair")
        return repair_tails(self._layout, self._reader)


def _row_filter(scan_filter: ScanFilter | None) -> RowFilter:
    from contexta.store.records._rows_filter import row_filter_of

    return row_filter_of(scan_filter)
