"""One builder at a time.

Validators are built at first use, which may be in many threads at once. Pydantic 2.11 fails then
(a class has no ``__pydantic_core_schema__`` while another thread rebuilds it), so all building
goes through one lock. What is built is used without it.
"""

from __future__ import annotations

import os
import threading

_locks = [threading.RLock()]


def build_lock() -> threading.RLock:
    """Return the lock to hold while a validator of this package is built."""
    return _locks[0]


def _renew() -> None:
    # A thread of the parent may have held the lock at the fork; it does not exist here.
    _locks[0] = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
