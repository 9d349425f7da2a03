"""Append a batch: what is bad is rejected, what is good is stored, and the account is exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from contexta.contract.errors import ContextaError, ReadOnlyStoreError
from contexta.store.records._encoding import EncodedRecord, encode_record, record_of
from contexta.store.records._enums import DurabilityMode, DurabilityStatus
from contexta.store.records._errors import AppendError
from contexta.store.records._models import AppendReceipt, AppendRejection, AppendResult
from contexta.store.records._refs import offset_of, segment_id_of
from contexta.store.records._writer import RecordWriter

_CHUNK_BYTES = 1 << 20
_CHUNK_RECORDS = 4096


class BatchAppend:
    """One call of `append_many`."""

    def __init__(self, writer: RecordWriter | None, mode: DurabilityMode, max_bytes: int) -> None:
        self._writer = writer
        self._mode = mode
        self._max_bytes = max_bytes
        self._receipts: list[tuple[int, EncodedRecord]] = []
        self._rejected: list[AppendRejection] = []
        self._pending: list[EncodedRecord] = []
        self._pending_bytes = 0

    def run(self, records: Iterable[Any]) -> AppendResult:
        """Append everything.

        Raises:
            AppendError: With the exact partial result.
            ReadOnlyStoreError: At the first valid item, when there is no writer.
        """
        try:
            for index, record in enumerate(self._items(records)):
                self._take(index, record)
            self._flush()
            if self._receipts and self._mode is DurabilityMode.FSYNC and self._writer is not None:
                self._writer.wait_durable(self._receipts[0][0], self._receipts[-1][0])
        except AppendError as error:
            error.partial_result = self._result(DurabilityStatus.FLUSHED)
            raise
        fsynced = self._mode is DurabilityMode.FSYNC
        return self._result(DurabilityStatus.FSYNCED if fsynced else DurabilityStatus.FLUSHED)

    def _items(self, records: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from records
        except ContextaError:
            raise
        except Exception as error:
            self._flush()
            raise AppendError(
                f"The iterable of records failed: {type(error).__name__}: {error}. What it had "
                "given before is stored.",
                code="record_store_input_failed",
                cause=error,
            ) from error

    def _take(self, index: int, record: Any) -> None:
        try:
            encoded = encode_record(record, self._max_bytes)
            # What was built without validation is checked here: accepted means readable.
            record_of(encoded.record_type, record.to_dict())
        except ContextaError as error:
            envelope = getattr(record, "envelope", None)
            self._rejected.append(
                AppendRejection(
                    index,
                    _code_of(error),
                    error.message,
                    _text(getattr(envelope, "record_ref", None)),
                    _text(getattr(envelope, "record_type", None)),
                )
            )
            return
        if self._writer is None:
            raise ReadOnlyStoreError(
                "The store is read-only, so nothing is appended. Open it without read_only.",
                code="record_store_read_only",
                details={"rejected": [[r.index, r.code] for r in self._rejected]},
            )
        self._pending.append(encoded)
        self._pending_bytes += len(encoded.body)
        if self._pending_bytes >= _CHUNK_BYTES or len(self._pending) >= _CHUNK_RECORDS:
            self._flush()

    def _flush(self) -> None:
        if not self._pending or self._writer is None:
            return
        first = self._writer.append_encoded(self._pending)
        self._receipts.extend((first + i, record) for i, record in enumerate(self._pending))
        self._pending = []
        self._pending_bytes = 0

    def _result(self, status: DurabilityStatus) -> AppendResult:
        accepted = tuple(
            AppendReceipt(
                sequence,
                segment_id_of(sequence),
                offset_of(sequence),
                record.record_ref,
                record.record_type,
                record.run_ref,
                status,
            )
            for sequence, record in self._receipts
        )
        if not accepted:
            return AppendResult(rejected=tuple(self._rejected))
        return AppendResult(accepted, tuple(self._rejected), status, len(accepted))


def _code_of(error: ContextaError) -> str:
    cause = error.cause
    if error.code == "record_scan_materialization_failed" and isinstance(cause, ContextaError):
        return cause.code
    return error.code


def _text(value: object) -> str | None:
    return None if value is None else str(value)
