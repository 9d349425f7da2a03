"""Keep forks away from moments in which a thread is inside the database library.

A forked child has only the thread that forked. A lock inside SQLite or libpq that another thread
held at that moment stays locked in the child for ever, and its next call hangs. So every use of
a connection passes this gate, any number of threads at once, and a fork waits until none of the
other threads is inside. The thread that forks may be inside itself.

A thread that waits for its turn to write is outside: the thread that forks may hold the turn,
and the two would wait for each other.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WAIT_SECONDS = 30.0


class ForkGate:
    """Open to all threads, shut while one of them forks."""

    def __init__(self) -> None:
        self._before: Callable[[], None] = _nothing
        self._in_child: Callable[[], None] = _nothing
        self._shut_by: int | None = None
        self._inside: dict[int, int] = {}
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._prepare, after_in_parent=self._open, after_in_child=self._start_child
            )

    def watch(self, *, before: Callable[[], None], in_child: Callable[[], None]) -> None:
        """Name what runs while the gate is shut: before a fork, and first thing in the child."""
        self._before, self._in_child = before, in_child

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._changed:
            # Who is inside already may go deeper: the fork waits for it to come out.
            while self._shut_by not in (None, me) and me not in self._inside:
                self._changed.wait()
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *_: object) -> None:
        me = threading.get_ident()
        with self._changed:
            # A child may leave what the thread of its parent had entered.
            left = self._inside.pop(me, 1) - 1
            if left:
                self._inside[me] = left
            elif self._shut_by is not None:
                self._changed.notify_all()

    def _prepare(self) -> None:
        self._shut()
        self._before()

    def _start_child(self) -> None:
        self._renew()
        self._in_child()

    def _shut(self) -> None:
        """Let nobody else in, and wait until nobody else is inside; at most 30 seconds.

        After that the fork goes ahead: a child that may hang is better than a parent that does.
        """
        me = threading.get_ident()
        with self._changed:
            while self._shut_by is not None:
                self._changed.wait()
            self._shut_by = me
            deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
            while any(thread != me for thread in self._inside):
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)

    def _open(self) -> None:
        """Let everybody in again."""
        with self._changed:
            self._shut_by = None
            self._changed.notify_all()

    def _renew(self) -> None:
        """Start anew: a lock of the parent may be held by a thread that does not exist here."""
        # The lock of a condition is reentrant: a signal handler may come in while it is held.
        self._changed = threading.Condition()
        self._inside = {}
        self._shut_by = None


def _nothing() -> None:
    """Do nothing: no database was opened yet."""


gate = ForkGate()
"""The gate of this process."""
