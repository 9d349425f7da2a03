"""The hot path: append one record to the write-ahead log of this process."""

from __future__ import annotations

import errno
import math
import os
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from zlib import crc32

from contexta.contract.coerce import coerce_metric_value
from contexta.contract.errors import ValidationError
from contexta.contract.time import to_epoch_us
from contexta.store.records import _frames as frames
from contexta.store.records._encoding import EncodedRecord, encode_record
from contexta.store.records._refs import derive_record_ref
from contexta.store.records._series import Series, SeriesContext, check_series
from contexta.store.records._writer_log import WriterLog, append_failed, interrupting


class RecordWriter(WriterLog):
    """Appends to one store; one per process and root, shared by all threads.

    Every call is one `write` into a segment that only this process owns, so no other process is
    waited for. It returns when the kernel has the bytes: they survive the death of the process.
    A background thread syncs to disk at most 50 ms later. After a fork the child registers as a
    writer of its own on its first append; series ids stay valid in it.

    Raises (any append):
        AppendError: The bytes could not be written (`retryable`); nothing was stored, and the
            same writer works again once the cause is gone.
        ValidationError: A value does not fit its field.
        LifecycleError: `record_store_interrupting`: a signal handler called in the middle of
            another call of the writer; nothing was stored.
    """

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

        A new series is checked by the rules of the contract, because one that cannot be read
        back would stand in the way of every point of the segment.

        Raises:
            ValidationError: When a field breaks its rule; nothing is defined.
        """
        try:
            pairs = tuple(sorted((tags or {}).items()))
            series = Series(
                context,
                key,
                value_type,
                unit,
                aggregation_scope,
                pairs,
                summary_basis,
                subject_ref,
                slice_ref,
            )
            known = self._series_ids.get(series)
        except (TypeError, AttributeError) as error:
            raise ValidationError(
                f"The series {key!r} cannot be told from others: {error}. Give texts, and tags as "
                "a mapping of texts.",
                code="record_store_invalid_text",
            ) from error
        if known is not None:
            return known
        definition = check_series(series)
        with self._lock:
            known = self._series_ids.get(series)
            if known is None:
                known = len(self._series)
                self._series.append(definition)  # before the id: a fork between both wastes one
                self._series_ids[series] = known
        return known

    def append_point(  # noqa: C901 - the hot path: a helper for each check costs more than it
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
            value: A float, NaN and infinities included, or an int within 64 bits; also scalars
                of NumPy and its like, integers of which stay exact. A bool is refused.
            step: Position of the point in its series, within 64 bits.
            epoch: Training epoch, finite, possibly fractional.
        """
        kind: object = type(value)
        if kind is float:
            flags = 0
        elif kind is int:
            flags = 1
        else:
            value = coerce_metric_value(value)
            flags = 1 if type(value) is int else 0
        if step is None:
            step = 0
        else:
            if type(step) is not int:
                step = _whole(step)
            flags |= 2
        if epoch is None:
            epoch = 0.0
        else:
            if type(epoch) is not float:
                epoch = float(coerce_metric_value(epoch))
            flags |= 4
        if self._interrupts():
            raise interrupting()
        with self._lock:
            try:
                begins = (
                    series_id not in self._defined
                    or self._size >= self._max_bytes
                    or self._next >= self._limit
                )
            except TypeError:
                raise _unknown_series(series_id) from None
            if begins:
                return self._append_first_point(series_id, observed_us, value, step, epoch, flags)
            sequence = self._next
            size = self._size
            point = self._point
            try:
                if not _MIN_US <= observed_us <= _MAX_US or (flags & 4 and epoch - epoch != 0.0):
                    _refuse_unreadable(observed_us, epoch)
                pack = _PACK_INT if flags & 1 else _PACK_FLOAT
                pack(
                    point,
                    0,
                    b"\xc7\xa1",
                    1,
                    flags,
                    36,
                    sequence,
                    0,
                    series_id,
                    observed_us,
                    value,
                    step,
                    epoch,
                )
                _PACK_CRC(point, 16, crc32(self._point_body, crc32(self._point_head)))
                if os.write(self._fd, point) != 56:
                    _refuse_short_write()
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
        if self._interrupts():
            raise interrupting()
        with self._lock:
            first = self._room_for(len(records))
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

    def append_group(self, records: Sequence[EncodedRecord]) -> int:
        """Append records in one frame and return the sequence of the first.

        After a kill at any point, and after any damage, all of them are readable or none.
        """
        appended_us = time.time_ns() // 1000
        if self._interrupts():
            raise interrupting()
        with self._lock:
            first = self._room_for(len(records))
            items = [
                (
                    record.body,
                    record.derive_ref
                    or record.record_ref
                    == derive_record_ref(record.run_ref, record.record_type, first + index),
                )
                for index, record in enumerate(records)
            ]
            self._write(frames.encode_group(first, appended_us, items), first, len(records))
        return first

    def append_batch(self, type_index: int, rows: int, body: bytes, appended_us: int) -> int:
        """Append the Arrow IPC stream of `rows` records; return the sequence of the first.

        The caller vouches that they can be read back.
        """
        if self._interrupts():
            raise interrupting()
        with self._lock:
            if self._fd >= 0 and self._next + rows - self._first > _BATCH_SEGMENT_ROWS:
                self._leave_segment()
            first = self._room_for(rows)
            data = frames.encode_batch(first, appended_us, rows, type_index, body)
            self._write(data, first, rows)
        return first

    def _room_for(self, count: int) -> int:
        """Make sure that `count` records can be written; return the number of the first."""
        if count > self._limit - self._next or self._size >= self._max_bytes:
            self._make_room(count)
        if self._fd < 0:
            self._begin_segment()
        return self._next

    def _append_first_point(
        self, series_id: int, observed_us: int, value: float, step: int, epoch: float, flags: int
    ) -> int:
        """Append a point whose series the current segment does not know yet."""
        if not isinstance(series_id, int) or not 0 <= series_id < len(self._series):
            raise _unknown_series(series_id)
        sequence = self._room_for(1)
        form = frames.POINT_PAYLOAD_INT if flags & 1 else frames.POINT_PAYLOAD_FLOAT
        try:
            if not _MIN_US <= observed_us <= _MAX_US or epoch - epoch != 0.0:
                _refuse_unreadable(observed_us, epoch)
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
                _refuse_short_write()
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
                self._dirty = True
                self._threads.wake()
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


def _whole(step: Any) -> int:
    """Return a step of NumPy and its like as an int.

    Raises:
        ValidationError: When it is no whole number, or a bool.
    """
    number = coerce_metric_value(step)
    if not math.isfinite(number) or number != int(number):
        raise _unfit(OverflowError(f"step {step!r} is no whole number"))
    return int(number)


def _unknown_series(series_id: object) -> ValidationError:
    return ValidationError(
        f"Series id {series_id!r} is not known to this writer. Call define_series first.",
        code="record_store_unknown_series",
        details={"series_id": repr(series_id)},
    )


def _refuse_short_write() -> NoReturn:
    raise OSError(errno.ENOSPC, "Only a part of the record could be written")


def _refuse_unreadable(observed_us: int, epoch: float) -> NoReturn:
    if epoch - epoch != 0.0:
        raise OverflowError(f"epoch {epoch!r} is not finite")
    raise OverflowError(f"observed_us {observed_us!r} is not within the years 1 to 9999")


def _unfit(error: BaseException) -> ValidationError:
    return ValidationError(
        f"A point does not fit its fields: {error}. Expected a float or an int within 64 bits as "
        "value, an int within 64 bits as step, a finite float as epoch, microseconds since 1970 "
        "UTC as time.",
        code="record_invalid_metric_value",
        cause=error,
    )


# 24 bytes a row in the log become 200 while a segment is sealed: bound rows, not only bytes.
_BATCH_SEGMENT_ROWS = frames.MAX_BATCH_ROWS
_MIN_US = to_epoch_us("0001-01-01T00:00:00Z")
_MAX_US = to_epoch_us("9999-12-31T23:59:59.999999Z")
_PACK_FLOAT = frames.POINT_FLOAT.pack_into
_PACK_INT = frames.POINT_INT.pack_into
_PACK_CRC = struct.Struct("<I").pack_into
