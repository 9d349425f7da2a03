"""Tell a fit that the user asked for from one that another fit makes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType


class Nesting:
    """Remember which fits are going on.

    A fit inside another of the same thread or task is part of it. So is one that a worker
    thread of joblib makes while another is going on: such threads inherit no context.
    Forked workers log nothing; spawned ones know nothing of the patches.
    """

    def __init__(self) -> None:
        self._inside: ContextVar[bool] = ContextVar("contexta_sklearn_fit", default=False)
        self._lock = threading.Lock()
        self._going_on = 0
        self._pid = os.getpid()

    def is_inner(self) -> bool:
        """Say whether a fit that begins now is part of another, or of a worker."""
        if self._inside.get() or self._pid != os.getpid():
            return True
        return self._going_on > 0 and _from_joblib()

    @contextmanager
    def outermost(self) -> Iterator[None]:
        """Mark the block as a fit."""
        token = self._inside.set(True)
        with self._lock:
            self._going_on += 1
        try:
            yield
        finally:
            with self._lock:
                self._going_on -= 1
            self._inside.reset(token)


def _from_joblib() -> bool:
    """Say whether a caller belongs to joblib."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - nothing else tells who calls
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == "joblib":
            return True
        frame = frame.f_back
    return False
