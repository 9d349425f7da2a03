"""Append a batch: what is bad is rejected, what is good is stored, and the account is exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import (
    ContextaError,
    LifecycleError,
    ReadOnlyStoreError,
    RecordError,
    ValidationError,
)
from contexta.store.records._encoding import EncodedRecord, encode_record, record_of
from contexta.store.records._enums import DurabilityMode, DurabilityStatus
from contexta.store.records._errors import AppendError
from contexta.store.records._models import (
    AppendReceipt,
    AppendRejection,
    AppendResult,
    AppendSkip,
)
from contexta.store.records._refs import SEQUENCE_BLOCK, offset_of, segment_id_of
from contexta.store.records._writer import RecordWriter

if TYPE_CHECKING:
    from contexta.store.records._existing import ExistingRefs, Found

_CHUNK_BYTES = 1 << 20
_CHUNK_RECORDS = 4096
_GROUP_BYTES = 64 << 20


class _Pending(NamedTuple):
    position: int
    record: EncodedRecord


class BatchAppend:
    """One call of `append_many`.

    Args:
        writer: None for a read-only store.
        mode: What to wait for.
        max_bytes: A larger record is rejected.
        existing: Where to look for records to skip; None stores every reference again.
        atomic: Whether all items are stored in one frame, or none.
    """

    def __init__(
        self,
        writer: RecordWriter | None,
        mode: DurabilityMode,
        max_bytes: int,
        *,
        existing: ExistingRefs | None = None,
        atomic: bool = False,
    ) -> None:
        self._writer = writer
        self._mode = mode
        self._max_bytes = max_bytes
        self._existing = existing
        self._atomic = atomic
        self._receipts: list[tuple[int, EncodedRecord]] = []
        self._rejected: list[AppendRejection] = []
        self._skipped: list[AppendSkip] = []
        self._found: list[Found] = []
        self._pending: list[_Pending] = []
        self._pending_bytes = 0

    def run(self, records: Iterable[Any]) -> AppendResult:
        """Append everything.

        Raises:
            AppendError: With the exact partial result.
            ReadOnlyStoreError: At the first valid item, when there is no writer.
            ValidationError: `record_store_atomic_too_large`; nothing is stored.
        """
        try:
            for index, record in enumerate(self._items(records)):
                self._take(index, record)
            if not (self._atomic and self._rejected):
                self._flush()
            self._wait()
        except AppendError as error:
            error.partial_result = self._result(DurabilityStatus.FLUSHED)
            raise
        except (RecordError, LifecycleError) as error:
            if not self._receipts:
                raise
            raise AppendError(
                f"The append stopped half-way: {error.message}",
                code=error.code,
                partial_result=self._result(DurabilityStatus.FLUSHED),
                cause=error,
            ) from error
        fsynced = self._mode is DurabilityMode.FSYNC
        return self._result(DurabilityStatus.FSYNCED if fsynced else DurabilityStatus.FLUSHED)

    def _wait(self) -> None:
        if self._mode is not DurabilityMode.FSYNC or self._writer is None:
            return
        if self._receipts:
            self._writer.wait_durable(self._receipts[0][0], self._receipts[-1][0])
        if self._existing is not None:
            for found in self._found:
                self._existing.make_durable(found)

    def _items(self, records: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from records
        except ContextaError:
            raise
        except Exception as error:
            if not self._atomic:
                self._flush()
            before = "Nothing is stored" if self._atomic else "What it had given before is stored"
            raise AppendError(
                f"The iterable of records failed: {type(error).__name__}: {error}. {before}.",
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
        self._pending.append(_Pending(index, encoded))
        self._pending_bytes += len(encoded.body)
        if self._atomic:
            self._refuse_too_large()
        elif self._pending_bytes >= _CHUNK_BYTES or len(self._pending) >= _CHUNK_RECORDS:
            self._flush()

    def _refuse_too_large(self) -> None:
        if self._pending_bytes <= _GROUP_BYTES and len(self._pending) <= SEQUENCE_BLOCK:
            return
        raise ValidationError(
            f"An atomic append takes up to {_GROUP_BYTES} bytes and {SEQUENCE_BLOCK} records; "
            "nothing was stored. Split it, or append without atomic.",
            code="record_store_atomic_too_large",
            details={"max_bytes": _GROUP_BYTES, "max_records": SEQUENCE_BLOCK},
        )

    def _flush(self) -> None:
        if not self._pending or self._writer is None:
            return
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        if self._existing is None:
            self._store(self._writer, pending)
            return
        with self._existing.lock():
            self._store(self._writer, self._new_ones(self._existing, pending))

    def _new_ones(self, existing: ExistingRefs, pending: list[_Pending]) -> list[_Pending]:
        """Return the items that the store does not have; note the others as skipped."""
        from contexta.store.records._existing import Wanted

        found = existing.find(
            Wanted(item.record.record_ref, item.record.record_type, item.record.run_ref)
            for item in pending
        )
        self._found.append(found)
        known = set(found.refs)
        new: list[_Pending] = []
        for item in pending:
            record = item.record
            if record.record_ref in known:
                self._skipped.append(
                    AppendSkip(item.position, record.record_ref, record.record_type)
                )
            else:
                known.add(record.record_ref)
                new.append(item)
        return new

    def _store(self, writer: RecordWriter, pending: list[_Pending]) -> None:
        if not pending:
            return
        records = [item.record for item in pending]
        append = writer.append_group if self._atomic else writer.append_encoded
        first = append(records)
        self._receipts.extend((first + i, record) for i, record in enumerate(records))

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
        rejected, skipped = tuple(self._rejected), tuple(self._skipped)
        if not accepted:
            return AppendResult(rejected=rejected, skipped=skipped)
        return AppendResult(accepted, rejected, status, len(accepted), skipped)


def _code_of(error: ContextaError) -> str:
    cause = error.cause
    if error.code == "record_scan_materialization_failed" and isinstance(cause, ContextaError):
        return cause.code
    return error.code


def _text(value: object) -> str | None:
    return None if value is None else str(value)
