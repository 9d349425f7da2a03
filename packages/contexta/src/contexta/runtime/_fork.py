"""Keep forks away from moments in which a thread of ours is inside SQLite.

A forked child has only the thread that forked. A lock inside the SQLite
library that another thread held at that moment stays locked in the child for
ever: its next call hangs (seen with workers forked right after a run opened).
Whoever uses the metadata plane holds the gate, and a fork waits for it.
"""

from __future__ import annotations

import os
import threading


class ForkGate:
    """A reentrant lock that `os.fork` takes before it forks."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._shut, after_in_parent=self._open, after_in_child=self._renew
            )

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _shut(self) -> None:
        self._lock.acquire()

    def _open(self) -> None:
        self._lock.release()

    def _renew(self) -> None:
        self._lock = threading.RLock()


gate = ForkGate()
"""The gate of this process."""
