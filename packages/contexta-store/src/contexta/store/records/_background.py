"""Background work of a writer: group sync, rolling by age, sealing."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.store.records._writer_log import WriterLog

_LOGGER = logging.getLogger("contexta.store.records")
_SYNC_INTERVAL_SECONDS = 0.05
_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 60.0
_QUIET_SECONDS = 60.0


class Complaint:
    """Says one thing about a failure that repeats: a line now, then one a minute at most.

    The traceback goes to DEBUG, once with each line.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._next = float("-inf")
        self._held_back = 0

    def about(self, error: Exception) -> None:
        """Log the failure, or count it."""
        now = time.monotonic()
        if now < self._next:
            self._held_back += 1
            return
        again = f" ({self._held_back} more times since the last line)" if self._held_back else ""
        _LOGGER.error("%s: %s%s", self._text, error, again)
        _LOGGER.debug("Details", exc_info=error)
        self._next = now + _QUIET_SECONDS
        self._held_back = 0


def _started(work: Callable[[], None], name: str) -> threading.Thread | None:
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # too many threads, or the interpreter is about to end
        _LOGGER.debug("No thread %s: %s", name, error)
        return None
    return thread


class WriterThreads:
    """Two daemon threads, started on demand: one syncs, one seals.

    They are separate because sealing takes seconds and the sync must not wait for it.
    """

    def __init__(self, writer: WriterLog) -> None:
        self._writer = writer
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._seal = threading.Event()
        self._unsynced = Complaint("Records are stored but may not survive a power cut")
        self._unsealed = Complaint(
            "A segment could not be turned into Parquet, and is read as it is"
        )
        self._sync_thread: threading.Thread | None = None
        self._seal_thread: threading.Thread | None = None

    def wake(self) -> None:
        """Tell the sync thread that there is something to sync."""
        self._wake.set()

    def start(self) -> None:
        """Start the sync thread unless it runs.

        Where none can be started, as at the end of the interpreter, records are synced by
        `flush` and `close` only.
        """
        if self._sync_thread is None:
            self._sync_thread = _started(self._run_sync, "contexta-record-sync")
            if self._sync_thread is None:
                _LOGGER.warning("No thread can sync records: flush and close do it")

    def stop(self) -> None:
        """End both threads; a segment that is being sealed is finished first."""
        self._stop.set()
        self._wake.set()
        self._seal.set()
        for thread in (self._sync_thread, self._seal_thread):
            if thread is not None:
                thread.join()

    def _run_sync(self) -> None:
        while not self._stop.is_set():
            if not self._wake.wait(self._writer.seconds_until_roll()):
                self._writer.roll()
            if self._stop.wait(_SYNC_INTERVAL_SECONDS):
                return
            self._wake.clear()
            try:
                self._writer.sync()
            except Exception as error:  # a thread that ended would leave later records unsynced
                self._unsynced.about(error)
            if self._writer.has_unsealed:
                self._start_sealing()

    def _start_sealing(self) -> None:
        self._seal.set()
        if self._seal_thread is None:
            self._seal_thread = _started(self._run_seal, "contexta-record-seal")

    def _run_seal(self) -> None:
        delay = _FIRST_RETRY_SECONDS
        while True:
            self._seal.wait()
            if self._stop.is_set():
                return
            self._seal.clear()
            try:
                self._writer.seal_pending(gentle=True)
                delay = _FIRST_RETRY_SECONDS
            except Exception as error:  # a thread that ended would leave later segments unsealed
                # The records stay readable in the log; a later try or close does it.
                self._unsealed.about(error)
                if self._stop.wait(delay):  # each sync asks again, 20 times a second
                    return
                delay = min(2 * delay, _LONGEST_RETRY_SECONDS)
