"""The turn to write among the threads of one process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.contract.errors import StoreAccessError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator


@contextmanager
def thread_turn(mutex: threading.RLock, place: str, *, timeout_seconds: float) -> Iterator[None]:
    """Hold `mutex`, the one that was given even when the engine has got a new one since.

    Args:
        mutex: The mutex of the engine; a thread that holds it enters again.
        place: What the error calls the database.
        timeout_seconds: How long to wait for the other threads.

    Raises:
        StoreAccessError: `metadata_store_busy`, retryable.
    """
    if not mutex.acquire(timeout=timeout_seconds):
        raise StoreAccessError(
            f"Another thread writes {place!r} for more than {timeout_seconds:g} s.",
            code="metadata_store_busy",
            details={"database_path": place},
            retryable=True,
        )
    try:
        yield
    finally:
        mutex.release()
