"""Append many rows at once: whole columns in, a few frames out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from contexta.contract.errors import ReadOnlyStoreError, ValidationError
from contexta.store.records._batch_frame import encode_batch
from contexta.store.records._bulk_columns import conform, table_from
from contexta.store.records._bulk_problems import Problem, bulk_error, rejections_of
from contexta.store.records._bulk_rows import Checked, Piece, check_rows
from contexta.store.records._enums import DurabilityMode, DurabilityStatus
from contexta.store.records._errors import AppendError
from contexta.store.records._frames import MAX_BATCH_ROWS
from contexta.store.records._receipts import BulkReceipt
from contexta.store.records.schema import RECORD_TYPES, columns_of

if TYPE_CHECKING:
    from contexta.store.records._writer import RecordWriter

_FRAME_BYTES = 4 << 20


class BulkAppend:
    """One bulk append into one store."""

    def __init__(self, writer: RecordWriter | None, mode: DurabilityMode, max_bytes: int) -> None:
        self._writer = writer
        self._mode = mode
        self._max_bytes = max_bytes

    def table(self, record_type: str, source: Any, on_error: str) -> BulkReceipt:
        """Append the rows of a table; see `RecordStore.append_table`."""
        columns_of(record_type)
        check_on_error(on_error)
        table = table_from(source)
        now_us = time.time_ns() // 1000
        columns, problems, ignored = conform(record_type, table)
        if problems:
            problems += _rows_too(record_type, columns, table.num_rows, now_us, self._max_bytes)
            raise bulk_error(record_type, problems)
        checked = check_rows(record_type, columns, table.num_rows, now_us, self._max_bytes)
        return self.store(record_type, checked, now_us, on_error, ignored)

    def metrics(
        self,
        run_ref: str,
        key: str,
        values: Any,
        columns: Mapping[str, Any],
        context: Mapping[str, Any],
        on_error: str,
    ) -> BulkReceipt:
        """Append points of one series; see `RecordStore.append_metrics`."""
        from contexta.store.records._bulk_metrics import check_metrics

        check_on_error(on_error)
        now_us = time.time_ns() // 1000
        checked = check_metrics(
            str(run_ref), key, values, **columns, context=context, now_us=now_us
        )
        return self.store("metric", checked, now_us, on_error)

    def store(
        self,
        record_type: str,
        checked: Checked,
        now_us: int,
        on_error: str,
        ignored: tuple[str, ...] = (),
    ) -> BulkReceipt:
        """Write what was checked.

        Raises:
            ValidationError: `record_bulk_invalid`, with `on_error="raise"`, for any bad row.
            AppendError: The disk refused; `partial_receipt` is that of what is stored.
            ReadOnlyStoreError: `record_store_read_only`.
        """
        if checked.problems and on_error == "raise":
            raise bulk_error(record_type, checked.problems)
        rejected = rejections_of(record_type, checked.problems)
        if not checked.pieces:
            return BulkReceipt(record_type, rejected=rejected, ignored_columns=ignored)
        writer = self._writer
        if writer is None:
            raise ReadOnlyStoreError(
                "The store is read-only, so nothing is appended. Open it without read_only.",
                code="record_store_read_only",
            )
        ranges: list[tuple[int, int]] = []
        try:
            for body, rows in _frames_of(record_type, checked.pieces):
                first = writer.append_batch(RECORD_TYPES.index(record_type), rows, body, now_us)
                _extend(ranges, first, first + rows - 1)
            if self._mode is DurabilityMode.FSYNC:
                writer.wait_durable(ranges[0][0], ranges[-1][1])
        except AppendError as error:
            error.partial_receipt = _receipt(
                record_type, ranges, rejected, ignored, DurabilityStatus.FLUSHED
            )
            raise
        fsynced = self._mode is DurabilityMode.FSYNC
        status = DurabilityStatus.FSYNCED if fsynced else DurabilityStatus.FLUSHED
        return _receipt(record_type, ranges, rejected, ignored, status)


def check_on_error(on_error: str) -> None:
    """Refuse anything but the two ways to deal with bad rows.

    Raises:
        ValidationError: `record_bulk_invalid_on_error`.
    """
    if on_error not in ("raise", "reject"):
        raise ValidationError(
            f"on_error is {on_error!r}; use 'raise' (nothing is stored) or 'reject' (good rows "
            "are stored, bad ones listed).",
            code="record_bulk_invalid_on_error",
        )


def _rows_too(
    record_type: str, columns: dict[str, pa.Array], count: int, now_us: int, max_bytes: int
) -> Iterable[Problem]:
    """Return what else is wrong in the columns that could be read, if rows can be made."""
    if record_type == "metric" and {"run_ref", "metric_key"} <= set(columns):
        return [
            problem
            for problem in check_rows(record_type, columns, count, now_us, max_bytes).problems
            if problem.column in columns
        ]
    return ()


def _frames_of(record_type: str, pieces: Iterable[Piece]) -> Iterator[tuple[bytes, int]]:
    """Yield the bodies of BATCH frames with their row counts, none much above 4 MB."""
    for piece in pieces:
        start, rows = 0, MAX_BATCH_ROWS
        while start < piece.table.num_rows:
            part = piece.table.slice(start, rows)
            body = encode_batch(record_type, part, piece.constants)
            if len(body) > _FRAME_BYTES and part.num_rows > 1:
                rows = max(1, part.num_rows * _FRAME_BYTES // len(body) * 9 // 10)
                continue
            yield body, part.num_rows
            start += part.num_rows


def _extend(ranges: list[tuple[int, int]], first: int, last: int) -> None:
    if ranges and ranges[-1][1] + 1 == first:
        ranges[-1] = (ranges[-1][0], last)
    else:
        ranges.append((first, last))


def _receipt(
    record_type: str,
    ranges: list[tuple[int, int]],
    rejected: Any,
    ignored: tuple[str, ...],
    status: DurabilityStatus,
) -> BulkReceipt:
    count = sum(last - first + 1 for first, last in ranges)
    if not count:
        return BulkReceipt(record_type, rejected=rejected, ignored_columns=ignored)
    return BulkReceipt(record_type, count, tuple(ranges), rejected, ignored, status)
