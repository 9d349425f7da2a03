"""Carry the active scope into worker threads."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

R = TypeVar("R")


def propagate(function: Callable[..., R]) -> Callable[..., R]:
    """Return `function` bound to the scopes that are active where this is called.

    Threads start without an active scope: `pool.submit(propagate(work), item)`
    runs `work` as if it were called here. The result may be called any number
    of times, also at once. It cannot be pickled; forked workers inherit the
    active scope without it.
    """
    context = copy_context()

    @functools.wraps(function)
    def bound(*args: Any, **kwargs: Any) -> R:
        # A context can be entered by one thread at a time, so each call gets a copy.
        return context.copy().run(function, *args, **kwargs)

    return bound
