"""Say how far long work is, a few times a second, to whoever asked."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from contexta.contract.errors import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
SHORTEST_PAUSE_SECONDS = 0.1


class Progress(NamedTuple):
    """How far a piece of work is.

    Attributes:
        phase: What is being done: `copy`, `inspect`, `sync`, `verify`, `pack`, `stage`, ...
        done_files: Files that are finished in this phase.
        total_files: Files of this phase; an estimate while others write, so `done` can pass it.
        done_bytes: Bytes of them.
        total_bytes: Likewise an estimate.
    """

    phase: str
    done_files: int
    total_files: int
    done_bytes: int
    total_bytes: int


class Reporter:
    """Counts, and calls a callback at most every 0.1 s and at the end of each phase.

    Any thread may count; the callback is called in the thread that made the reporter only. An
    exception of the callback stops the work and reaches the caller as it is; only an error of
    the system or of SQLite is wrapped, so that it is not taken for a failure of the work.
    """

    def __init__(self, callback: Callable[[Progress], None] | None = None) -> None:
        self._callback = callback
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._state = Progress("", 0, 0, 0, 0)
        self._last_call = 0.0

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens; else totals need not be counted."""
        return self._callback is not None

    def begin(self, phase: str, total_files: int = 0, total_bytes: int = 0) -> None:
        """Start a phase; the one before must have ended."""
        self._state = Progress(phase, 0, total_files, 0, total_bytes)
        self._last_call = 0.0

    def advance(self, size: int = 0, *, files: int = 0) -> None:
        """Count bytes and finished files."""
        if self._callback is None:
            return
        with self._lock:
            state = self._state
            self._state = state._replace(
                done_files=state.done_files + files, done_bytes=state.done_bytes + size
            )
        self._call_if_due()

    def end(self) -> None:
        """Report the end of the phase."""
        self._call()

    def results_of(self, futures: Sequence[Future[T]]) -> list[T]:
        """Wait for threads and return what they returned, in order; reports meanwhile.

        Raises:
            Exception: The first that a thread raised, once it did; the caller stops the others.
        """
        waiting: set[Future[T]] = set(futures)
        pause = None if self._callback is None else SHORTEST_PAUSE_SECONDS
        while waiting:
            done, waiting = wait(waiting, pause, FIRST_EXCEPTION)
            for future in done:
                future.result()
            self._call_if_due()
        return [future.result() for future in futures]

    def _call_if_due(self) -> None:
        is_due = time.monotonic() - self._last_call >= SHORTEST_PAUSE_SECONDS
        if is_due and threading.get_ident() == self._thread:
            self._call()

    def _call(self) -> None:
        if self._callback is None:
            return
        self._last_call = time.monotonic()
        try:
            self._callback(self._state)
        except (OSError, sqlite3.Error) as error:
            raise RecoveryError(
                f"The progress callback failed: {error}. The work was stopped; call again.",
                code="recovery_progress_failed",
                details={"phase": self._state.phase},
                cause=error,
            ) from error
