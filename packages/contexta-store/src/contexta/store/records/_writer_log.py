"""The files behind a writer: opening, rolling, syncing, sealing, closing."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import LifecycleError, RecordError
from contexta.store.records import _frames as frames
from contexta.store.records._background import WriterThreads
from contexta.store.records._errors import AppendError
from contexta.store.records._fork_guard import NO_FORK
from contexta.store.records._layout import Layout, SegmentId
from contexta.store.records._refs import SEQUENCE_BLOCK
from contexta.store.records._reservations import end_writer
from contexta.store.records._series import Series
from contexta.store.records._writer_home import WriterHome

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.store.records._config import RecordStoreConfig

_SEQUENCE_LIMIT = 1 << 48


class WriterLog:
    """A sequence of segments that one process owns.

    `_lock` guards the current segment, `_sync_lock` and `_seal_lock` serialize the slow work
    that must not hold up an append. Each public method first asks whether its own thread holds
    the lock already: a signal handler that runs inside an append would wait for itself forever.
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
        self._lock = threading.RLock()
        self._interrupts = is_owned(self._lock)
        self._home: WriterHome | None = None
        self._fd = -1
        self._number = 0
        self._size = 0
        self._born = 0.0
        self._next = 0
        self._first = 0
        self._limit = 0
        self._defined: set[int] = set()
        self._dirty = False
        self._names_unsynced = False
        self._point = bytearray(frames.POINT_BYTES)
        view = memoryview(self._point)
        self._point_head = view[2 : frames.CRC_OFFSET]
        self._point_body = view[frames.HEADER_BYTES :]
        self._rolled: list[tuple[int, int, int]] = []
        self._unsealed: list[int] = []
        self._durable = 0
        self._unconfirmed: list[tuple[int, int]] = []
        self._sync_lock = threading.RLock()
        self._interrupts_sync = is_owned(self._sync_lock)
        self._seal_lock = threading.RLock()
        self._interrupts_seal = is_owned(self._seal_lock)
        self._threads = WriterThreads(self)

    @property
    def writer_id(self) -> str:
        """Id of this process as a writer (32 hex digits); registers it when needed."""
        with self._lock:
            return self._opened_home().writer_id

    @property
    def open_writer_id(self) -> str | None:
        """Id of this process as a writer; None while nothing was appended."""
        home = self._home
        return None if home is None else home.writer_id

    @property
    def next_sequence(self) -> int:
        """The number that the next append gets if no other thread is faster."""
        with self._lock:
            self._opened_home()
            return self._next

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
        try:
            home = self._opened_home()
            exhausted = count > self._limit - self._next
            if exhausted:
                self._leave_segment()
                self._next = home.reserve()
        except OSError as error:
            raise append_failed(error, self._layout) from error
        if exhausted:
            self._limit = self._next + SEQUENCE_BLOCK
            if self._limit > _SEQUENCE_LIMIT:
                raise RecordError(
                    "The store has no sequence numbers left.", code="record_store_full"
                )
        elif self._size >= self._max_bytes:
            self._leave_segment()

    def _begin_segment(self) -> None:
        try:
            home = self._opened_home()
            self._fd = home.create_segment(self._number + 1, self._next)
        except OSError as error:
            raise append_failed(error, self._layout) from error
        self._number += 1
        self._first = self._next
        self._size = frames.SEGMENT_HEADER_BYTES
        self._born = time.monotonic()
        self._names_unsynced = True
        self._threads.start()

    def _leave_segment(self) -> None:
        """Stop writing to the current segment and queue it for syncing and sealing."""
        if self._fd < 0:
            return
        self._rolled.append((self._number, self._fd, self._size))
        self._forget_segment()
        self._dirty = True
        self._threads.wake()

    def _forget_segment(self) -> None:
        self._fd = -1
        self._size = 0
        self._defined.clear()

    def roll(self) -> None:
        """End the current segment, so that it can be sealed."""
        if self._interrupts():
            raise interrupting()
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
        if self._interrupts() or self._interrupts_sync():
            raise interrupting()
        with self._sync_lock:
            if upto is not None and self._durable >= upto:
                return
            with self._lock:
                last = self._next - 1
                if self._durable >= last and not self._rolled and not self._names_unsynced:
                    return
                try:
                    fd = os.dup(self._fd) if self._fd >= 0 else -1
                except OSError as error:  # too many open files: nothing was tried yet
                    self._dirty = False  # so that the next append asks for a sync again
                    raise sync_failed(error, self._layout) from error
                self._dirty = False
                rolled, self._rolled = self._rolled, []
                number = self._number
                size = self._size if fd >= 0 else rolled[-1][2] if rolled else 0
                names, self._names_unsynced = self._names_unsynced, False
            failure = self._sync_descriptors(rolled, fd, names=names)
            with self._lock:
                self._unsealed.extend(old for old, _, _ in rolled)
                if failure is not None:
                    self._give_up_unsynced()
                    last = self._next - 1
                first, self._durable = self._durable + 1, last
                if failure is not None:
                    self._unconfirmed.append((first, last))
                    self._names_unsynced = True
                elif size and self._home is not None and self._number == number:
                    self._home.note_synced(size, last)
        if failure is not None:
            raise sync_failed(failure, self._layout) from failure

    def _give_up_unsynced(self) -> None:
        """Close every segment that holds what the failed sync was to confirm, or came behind it.

        They are never synced again, because a second success would prove nothing: the kernel
        reports a failure once and drops the pages. Sealing reads them again and writes anew.
        """
        for number, fd, _ in self._rolled:
            os.close(fd)
            self._unsealed.append(number)
        self._rolled = []
        if self._fd >= 0:
            os.close(self._fd)
            self._unsealed.append(self._number)
            self._forget_segment()

    def _sync_descriptors(
        self, rolled: list[tuple[int, int, int]], fd: int, *, names: bool
    ) -> OSError | None:
        failure: OSError | None = None
        descriptors = [old for _, old, _ in rolled] + ([fd] if fd >= 0 else [])
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
        with NO_FORK:
            from contexta.store.records._index import note_published
            from contexta.store.records._seal import seal_segment

        if self._interrupts() or self._interrupts_seal():
            raise interrupting()
        with self._seal_lock:
            failure: Exception | None = None
            waiting = tuple(self._unsealed)
            for number in waiting:
                home = self._home
                if home is None:
                    break
                try:
                    with NO_FORK:
                        segment = SegmentId(home.writer_id, number)
                        seal_segment(self._layout, segment, gentle=gentle)
                except Exception as error:  # one segment must not hold up the others
                    failure = failure or error
                    continue
                with self._lock:
                    self._unsealed.remove(number)
            if waiting and self._config.enable_indexes:
                with NO_FORK:
                    note_published(self._layout)
            if failure is not None:
                raise failure

    def refuse_interrupting(self) -> None:
        """Refuse to go on in a signal handler that interrupted a call of this writer.

        Raises:
            LifecycleError: `record_store_interrupting`.
        """
        if self._interrupts() or self._interrupts_sync() or self._interrupts_seal():
            raise interrupting()

    def close(self, *, seal: bool = True) -> None:
        """Stop writing; idempotent. What cannot be sealed stays readable in the log.

        Args:
            seal: Whether to turn what is left into Parquet. False at interpreter exit, where
                loading pyarrow is no longer possible; the next opener does it.

        Raises:
            StoreError: The first failure, after everything was released.
            LifecycleError: `record_store_interrupting` in a signal handler that interrupted a
                call of this writer; nothing was closed.
        """
        self.refuse_interrupting()
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
        except BaseException:
            # A writer that is still listed keeps its folder: without it the check would miss it.
            home.forget()
            raise
        home.remove_if_empty()

    def after_fork_in_child(self) -> None:
        """Let go of what belongs to the parent, without touching its files or locks."""
        descriptors = [fd for _, fd, _ in self._rolled]
        if self._fd >= 0:
            descriptors.append(self._fd)
        for descriptor in descriptors:
            os.close(descriptor)
        if self._home is not None:
            self._home.forget()
        self._reset()


def is_owned(lock: Any) -> Callable[[], bool]:
    """Return a call that tells whether the calling thread holds an `RLock`."""
    owned: Callable[[], bool] = lock._is_owned  # noqa: SLF001 - as threading.Condition does
    return owned


def interrupting() -> LifecycleError:
    """Build the error of a signal handler that would have to wait for what it interrupted."""
    return LifecycleError(
        "A signal handler called the record writer in the middle of another call of it. Set a "
        "flag or raise in the handler, and log or close when it has returned.",
        code="record_store_interrupting",
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
