"""The hot path: append one record to the write-ahead log of this process."""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from zlib import crc32

from contexta.contract.errors import LifecycleError, RecordError, ValidationError
from contexta.store.records import _frames as frames
from contexta.store.records._background import WriterThreads
from contexta.store.records._encoding import EncodedRecord, encode_record
from contexta.store.records._errors import AppendError
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._refs import SEQUENCE_BLOCK, derive_record_ref, project_of
from contexta.store.records._reservations import end_writer
from contexta.store.records._series import Series, SeriesContext
from contexta.store.records._writer_home import WriterHome

if TYPE_CHECKING:
    from contexta.store.records._config import RecordStoreConfig

_SEQUENCE_LIMIT = 1 << 48


class RecordWriter:
    """Appends to one store; one per process and root, shared by all threads.

    Every call is one `write` into a segment that only this process owns, so no other process is
    waited for. It returns when the kernel has the bytes: they survive the death of the process.
    A background thread syncs to disk at most 50 ms later. After a fork the child registers as a
    writer of its own on its first append; series ids stay valid in it.

    Raises (any append):
        AppendError: The bytes could not be written (`retryable`); nothing was stored, and the
            same writer works again once the cause is gone.
        ValidationError: A value does not fit its field.
    """

    def __init__(self, config: RecordStoreConfig, layout: Layout) -> None:
        self._config = config
        self._layout = layout
        self._max_bytes = config.max_segment_bytes
        self._series: list[dict[str, Any]] = []
        self._series_ids: dict[Series, int] = {}
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        """Begin without a home: at construction, and in a forked child."""
        self._lock = threading.Lock()
        self._home: WriterHome | None = None
        self._fd = -1
        self._number = 0
        self._size = 0
        self._born = 0.0
        self._next = 0
        self._limit = 0
        self._defined: set[int] = set()
        self._dirty = False
        self._names_unsynced = False
        self._point = bytearray(frames.POINT_BYTES)
        view = memoryview(self._point)
        self._point_head = view[2 : frames.CRC_OFFSET]
        self._point_body = view[frames.HEADER_BYTES :]
        self._rolled: list[tuple[int, int]] = []
        self._unsealed: list[int] = []
        self._durable = 0
        self._unconfirmed: list[tuple[int, int]] = []
        self._sync_lock = threading.Lock()
        self._seal_lock = threading.Lock()
        self._threads = WriterThreads(self)

    @property
    def writer_id(self) -> str:
        """Id of this process as a writer (32 hex digits); registers it when needed."""
        with self._lock:
            return self._opened_home().writer_id

    @property
    def next_sequence(self) -> int:
        """The number that the next append gets if no other thread is faster."""
        with self._lock:
            self._opened_home()
            return self._next

    def define_series(
        self,
        context: SeriesContext,
        key: str,
        *,
        value_type: str = "float",
        unit: str | None = None,
        aggregation_scope: str = "step",
        tags: Mapping[str, str] | None = None,
        summary_basis: str | None = None,
        subject_ref: str | None = None,
        slice_ref: str | None = None,
    ) -> int:
        """Return the id of a series, the same for the same arguments, for the writer's life.

        The caller guarantees normal form, as with `Model.trusted`.

        Raises:
            ValidationError: When `context.run_ref` is no run reference.
        """
        pairs = tuple(sorted((tags or {}).items()))
        series = Series(
            context, key, value_type, unit, aggregation_scope, pairs, summary_basis,
            subject_ref, slice_ref,
        )  # fmt: skip
        known = self._series_ids.get(series)
        if known is not None:
            return known
        project_of(context.run_ref)
        definition = series.to_definition()
        try:
            frames.encode_define(0, definition)
        except UnicodeEncodeError as error:
            raise ValidationError(
                f"The series {key!r} holds text that is not valid Unicode. Replace lone "
                "surrogates before logging.",
                code="record_store_invalid_text",
            ) from error
        with self._lock:
            known = self._series_ids.get(series)
            if known is None:
                known = len(self._series)
                self._series.append(definition)  # before the id: a fork between both wastes one
                self._series_ids[series] = known
        return known

    def append_point(
        self,
        series_id: int,
        observed_us: int,
        value: float,
        step: int | None = None,
        epoch: float | None = None,
    ) -> int:
        """Append one point and return its sequence number.

        Args:
            series_id: From `define_series` of this writer, also of the parent of a fork.
            observed_us: Microseconds since 1970 UTC.
            value: A float, NaN and infinities included, or an int within 64 bits.
            step: Position of the point in its series, within 64 bits.
            epoch: Training epoch, possibly fractional.
        """
        flags = 1 if type(value) is int else 0
        if step is None:
            step = 0
        else:
            flags |= 2
        if epoch is None:
            epoch = 0.0
        else:
            flags |= 4
        with self._lock:
            if (
                series_id not in self._defined
                or self._size >= self._max_bytes
                or self._next >= self._limit
            ):
                return self._append_first_point(series_id, observed_us, value, step, epoch, flags)
            sequence = self._next
            size = self._size
            point = self._point
            try:
                pack = _PACK_INT if flags & 1 else _PACK_FLOAT
                pack(
                    point, 0, b"\xc7\xa1", 1, flags, 36, sequence, 0,
                    series_id, observed_us, value, step, epoch,
                )  # fmt: skip
                _PACK_CRC(point, 16, crc32(self._point_body, crc32(self._point_head)))
                if os.write(self._fd, point) != 56:
                    raise OSError(28, "Only a part of the record could be written")
                self._next = sequence + 1
                self._size = size + 56
            except BaseException as error:  # also KeyboardInterrupt, right behind the write
                self._settle(size, 56, sequence, 1, error)
            if not self._dirty:
                self._dirty = True
                self._threads.wake()
        return sequence

    def append_record(self, record: Any, *, durable: bool = False, derive_ref: bool = False) -> int:
        """Append one contract record and return its sequence number.

        Args:
            record: A valid event, metric, span or degraded record.
            durable: Whether to return only when it is on disk.
            derive_ref: Whether to ignore `envelope.record_ref` and let the reference follow from
                the sequence number (see `derive_record_ref`). A given reference that happens to
                equal the derived one is not stored either.
        """
        encoded = encode_record(record, self._config.max_record_bytes, derive_ref=derive_ref)
        sequence = self.append_encoded((encoded,))
        if durable:
            self.wait_durable(sequence, sequence)
        return sequence

    def append_encoded(self, records: Sequence[EncodedRecord]) -> int:
        """Append records in one write, all or none, and return the sequence of the first."""
        appended_us = time.time_ns() // 1000
        with self._lock:
            if len(records) > self._limit - self._next or self._size >= self._max_bytes:
                self._make_room(len(records))
            if self._fd < 0:
                self._begin_segment()
            first = self._next
            data = b"".join(
                frames.encode_record(
                    first + index,
                    appended_us,
                    record.body,
                    ref_derived=record.derive_ref
                    or record.record_ref
                    == derive_record_ref(record.run_ref, record.record_type, first + index),
                )
                for index, record in enumerate(records)
            )
            self._write(data, first, len(records))
        return first

    def _append_first_point(
        self, series_id: int, observed_us: int, value: float, step: int, epoch: float, flags: int
    ) -> int:
        """Append a point whose series the current segment does not know yet."""
        if not 0 <= series_id < len(self._series):
            raise ValidationError(
                f"Series id {series_id!r} is not known to this writer. Call define_series first.",
                code="record_store_unknown_series",
                details={"series_id": repr(series_id)},
            )
        if self._next >= self._limit or self._size >= self._max_bytes:
            self._make_room(1)
        if self._fd < 0:
            self._begin_segment()
        sequence = self._next
        form = frames.POINT_PAYLOAD_INT if flags & 1 else frames.POINT_PAYLOAD_FLOAT
        try:
            payload = form.pack(series_id, observed_us, value, step, epoch)
        except (struct.error, OverflowError, TypeError) as error:
            raise _unfit(error) from error
        data = frames.encode_frame(frames.POINT, flags, sequence, payload)
        if series_id not in self._defined:
            data = frames.encode_define(series_id, self._series[series_id]) + data
        self._write(data, sequence, 1)
        self._defined.add(series_id)
        return sequence

    def _write(self, data: bytes, first: int, count: int) -> None:
        size = self._size
        try:
            if os.write(self._fd, data) != len(data):
                raise OSError(28, "Only a part of the record could be written")
            self._next = first + count
            self._size = size + len(data)
        except BaseException as error:
            self._settle(size, len(data), first, count, error)
        if not self._dirty:
            self._dirty = True
            self._threads.wake()

    def _settle(
        self, size: int, length: int, first: int, count: int, error: BaseException
    ) -> NoReturn:
        """Make memory and file agree again after an interrupted append, then raise.

        The file decides: all bytes there means stored, anything less is cut off. When even that
        fails, the segment is left as it is (its tail is not acknowledged) and a new one begun.
        """
        try:
            if os.fstat(self._fd).st_size == size + length:
                self._next = first + count
                self._size = size + length
            else:
                os.ftruncate(self._fd, size)
                self._next = first
                self._size = size
        except OSError:
            self._next = first
            self._size = size
            self._leave_segment()
        if isinstance(error, (struct.error, OverflowError, TypeError)):
            raise _unfit(error) from error
        if isinstance(error, OSError):
            raise append_failed(error, self._layout) from error
        raise error

    def _opened_home(self) -> WriterHome:
        if self._closed:
            raise LifecycleError(
                "This record writer is closed. Open the store again to append.",
                code="record_store_closed",
            )
        if self._home is None:
            self._home = WriterHome(self._layout)
            self._next = self._home.reservation
            self._limit = self._next + SEQUENCE_BLOCK
            self._durable = self._next - 1
        return self._home

    def _make_room(self, count: int) -> None:
        """Leave a full segment; take a new block when the numbers do not suffice."""
        home = self._opened_home()
        if count > self._limit - self._next:
            self._leave_segment()
            self._next = home.reserve()
            self._limit = self._next + SEQUENCE_BLOCK
            if self._limit > _SEQUENCE_LIMIT:
                raise RecordError(
                    "The store has no sequence numbers left.", code="record_store_full"
                )
        elif self._size >= self._max_bytes:
            self._leave_segment()

    def _begin_segment(self) -> None:
        home = self._opened_home()
        try:
            self._fd = home.create_segment(self._number + 1, self._next)
        except OSError as error:
            raise append_failed(error, self._layout) from error
        self._number += 1
        self._size = frames.SEGMENT_HEADER_BYTES
        self._born = time.monotonic()
        self._names_unsynced = True
        self._threads.start()

    def _leave_segment(self) -> None:
        """Stop writing to the current segment and queue it for syncing and sealing."""
        if self._fd < 0:
            return
        self._rolled.append((self._number, self._fd))
        self._fd = -1
        self._size = 0
        self._defined.clear()
        self._dirty = True
        self._threads.wake()

    def roll(self) -> None:
        """End the current segment, so that it can be sealed."""
        with self._lock:
            self._leave_segment()

    def wait_durable(self, first: int, last: int) -> None:
        """Return when the records `first..last` of this writer are on disk.

        Raises:
            AppendError: `record_store_sync_failed`: they are stored, but may not survive a power
                cut. Repeating the sync would prove nothing; the next append goes to a new file.
        """
        if self._durable < last:
            self.sync(upto=last)
        if any(a <= last and first <= b for a, b in self._unconfirmed):
            raise sync_failed(None, self._layout)

    def sync(self, upto: int | None = None) -> None:
        """Bring everything appended so far to disk.

        Args:
            upto: Skip the work when another thread has synced up to this number meanwhile.

        Raises:
            AppendError: `record_store_sync_failed`, see `wait_durable`.
        """
        with self._sync_lock:
            if upto is not None and self._durable >= upto:
                return
            with self._lock:
                self._dirty = False
                rolled, self._rolled = self._rolled, []
                fd = os.dup(self._fd) if self._fd >= 0 else -1
                number, size, last = self._number, self._size, self._next - 1
                names, self._names_unsynced = self._names_unsynced, False
            failure = self._sync_descriptors(rolled, fd, names=names)
            with self._lock:
                self._unsealed.extend(number for number, _ in rolled)
                first, self._durable = self._durable + 1, last
                if failure is not None:
                    self._unconfirmed.append((first, last))
                    self._names_unsynced = True
                    if self._number == number:
                        self._leave_segment()
                elif fd >= 0 and self._home is not None and self._number == number:
                    self._home.note_synced(size, last)
        if failure is not None:
            raise sync_failed(failure, self._layout) from failure

    def _sync_descriptors(
        self, rolled: list[tuple[int, int]], fd: int, *, names: bool
    ) -> OSError | None:
        failure: OSError | None = None
        descriptors = [old for _, old in rolled] + ([fd] if fd >= 0 else [])
        for descriptor in descriptors:
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                failure = error
            finally:
                os.close(descriptor)
        if names and self._home is not None:
            try:
                self._home.sync_names()
            except OSError as error:
                failure = error
        return failure

    @property
    def has_unsealed(self) -> bool:
        """Whether a segment waits to be turned into Parquet."""
        return bool(self._unsealed)

    def seconds_until_roll(self) -> float | None:
        """Return how long the current segment may still grow; None when there is none."""
        with self._lock:
            if self._fd < 0:
                return None
            age = time.monotonic() - self._born
            return max(0.0, self._config.max_segment_age_seconds - age)

    def seal_pending(self, *, gentle: bool = False) -> None:
        """Turn every segment that was left into Parquet.

        Args:
            gentle: Whether to pause between chunks, so that appending threads keep the GIL.

        Raises:
            StoreError: When a part cannot be written; the segment stays and is read as before.
        """
        from contexta.store.records._seal import seal_segment

        with self._seal_lock:
            while self._unsealed:
                home = self._home
                if home is None:
                    return
                number = self._unsealed[0]
                seal_segment(self._layout, SegmentId(home.writer_id, number), gentle=gentle)
                with self._lock:
                    self._unsealed.remove(number)

    def close(self, *, seal: bool = True) -> None:
        """Stop writing; idempotent. What cannot be sealed stays readable in the log.

        Args:
            seal: Whether to turn what is left into Parquet. False at interpreter exit, where
                loading pyarrow is no longer possible; the next opener does it.

        Raises:
            StoreError: The first failure, after everything was released.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._leave_segment()
        self._threads.stop()
        try:
            if self._rolled or self._names_unsynced:
                self.sync()
            if seal:
                self.seal_pending()
        finally:
            self._release_home()

    def _release_home(self) -> None:
        home, self._home = self._home, None
        if home is None:
            return
        try:
            end_writer(self._layout, home.writer_id, self._next)
        finally:
            home.remove_if_empty()

    def after_fork_in_child(self) -> None:
        """Let go of what belongs to the parent, without touching its files or locks."""
        descriptors = [fd for _, fd in self._rolled]
        if self._fd >= 0:
            descriptors.append(self._fd)
        for descriptor in descriptors:
            os.close(descriptor)
        if self._home is not None:
            self._home.forget()
        self._reset()


def _unfit(error: BaseException) -> ValidationError:
    return ValidationError(
        f"A point does not fit its fields: {error}. Expected a float or an int within 64 bits as "
        "value, an int within 64 bits as step, a float as epoch.",
        code="record_invalid_metric_value",
        cause=error,
    )


def append_failed(error: OSError, layout: Layout) -> AppendError:
    """Build the error of an append that stored nothing."""
    reason = error.strerror or str(error)
    return AppendError(
        f"Nothing was appended to {str(layout.root)!r}: {reason}. Free space or restore access, "
        "then call again; the store works on.",
        code="record_store_segment_append_failed",
        details={"path": str(layout.root), "reason": reason},
        retryable=True,
        cause=error,
    )


def sync_failed(error: OSError | None, layout: Layout) -> AppendError:
    """Build the error of records that are stored but not known to be on disk."""
    return AppendError(
        f"Records in {str(layout.root)!r} were stored but could not be synced to disk"
        f"{f': {error}' if error else ''}. They may be lost in a power cut; append them again "
        "if that matters.",
        code="record_store_sync_failed",
        details={"path": str(layout.root)},
        cause=error,
    )


_PACK_FLOAT = frames.POINT_FLOAT.pack_into
_PACK_INT = frames.POINT_INT.pack_into
_PACK_CRC = struct.Struct("<I").pack_into
