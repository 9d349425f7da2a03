"""Locks between processes that die with their holder.

`flock` is called directly where the system has it: `filelock` costs 40 ms to import and 49 µs
a cycle against 1 µs (measured), and its treatment of forks differs between versions. Elsewhere
`filelock` does the work.
"""

from __future__ import annotations

import os
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from contexta.contract.errors import StoreAccessError
from contexta.store.fs._errors import translated_os_errors
from contexta.store.fs._private import open_private

try:
    import fcntl
except ImportError:
    _HAS_FLOCK = False
else:
    _HAS_FLOCK = True

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_FIRST_WAIT_SECONDS = 0.0005
_LONGEST_WAIT_SECONDS = 0.02


class _Backend(Protocol):
    def try_lock(self) -> bool: ...
    def unlock(self) -> None: ...
    def forget(self) -> None: ...


class FlockBackend:
    """One `flock` on a descriptor of its own."""

    def __init__(self, path: Path, *, shared: bool) -> None:
        self._path = path
        # A shared lock neither creates nor writes: it works on a read-only medium.
        self._flags = os.O_RDONLY if shared else os.O_RDWR | os.O_CREAT
        self._operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        self._fd: int | None = None

    def try_lock(self) -> bool:
        """Take the lock if nobody has it, without waiting."""
        fd = open_private(self._path, self._flags)
        try:
            fcntl.flock(fd, self._operation)
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return True

    def unlock(self) -> None:
        """Give the lock back. The file stays: unlinking it would split later waiters."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                fcntl.flock(fd, fcntl.LOCK_UN)  # also frees copies of fd in forked children
            finally:
                os.close(fd)

    def forget(self) -> None:
        """Close the descriptor in a forked child; the parent keeps the lock."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)


class FilelockBackend:
    """The same through `filelock`, for systems without `flock`. Always exclusive."""

    def __init__(self, path: Path) -> None:
        import filelock

        self._timeout_error = filelock.Timeout
        self._lock = filelock.FileLock(path, mode=0o600, thread_local=False)

    def try_lock(self) -> bool:
        """Take the lock if nobody has it, without waiting."""
        try:
            self._lock.acquire(timeout=0)
        except self._timeout_error:
            return False
        return True

    def unlock(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def forget(self) -> None:
        """Do nothing: systems without `flock` do not fork."""


class FileLock:
    """A lock on a file that excludes every other process, thread and instance.

    The kernel frees it when the process dies. A forked child does not hold the locks of its
    parent and does not keep them alive. Not reentrant. One instance is used by one thread.

    Args:
        path: The lock file, created 0600 when absent and never removed. The folder must exist.
        shared: Whether other shared holders are let in; an exclusive one never is. A shared
            lock needs an existing file and does not write.
    """

    def __init__(self, path: str | Path, *, shared: bool = False) -> None:
        self.path = Path(path)
        self._backend: _Backend = (
            FlockBackend(self.path, shared=shared) if _HAS_FLOCK else FilelockBackend(self.path)
        )
        self._held = False

    @property
    def held(self) -> bool:
        """Whether this instance holds the lock in this process."""
        return self._held

    def try_acquire(self) -> bool:
        """Take the lock without waiting; False when someone has it.

        Raises:
            StoreAccessError: When the file cannot be opened or locked.
        """
        if self._held:
            return False
        with translated_os_errors("lock", self.path):
            self._held = self._backend.try_lock()
        if self._held:
            _HELD.add(self)
        return self._held

    def acquire(
        self, *, timeout: float = 30.0, longest_wait: float = _LONGEST_WAIT_SECONDS
    ) -> None:
        """Take the lock, waiting at most `timeout` seconds.

        Args:
            timeout: In seconds.
            longest_wait: Between two tries, in seconds. The less, the fairer among many that
                take the lock again and again, and the more is computed while waiting.

        Raises:
            StoreAccessError: `store_lock_timeout` (retryable) when it stays taken.
        """
        deadline = time.monotonic() + timeout
        wait = _FIRST_WAIT_SECONDS
        while not self.try_acquire():
            if time.monotonic() >= deadline:
                raise StoreAccessError(
                    f"Another process or thread holds {str(self.path)!r} for more than "
                    f"{timeout:g} s. Call again when it is done.",
                    code="store_lock_timeout",
                    details={"path": str(self.path), "timeout_seconds": timeout},
                    retryable=True,
                )
            time.sleep(wait)
            wait = min(wait * 2, longest_wait)

    def release(self) -> None:
        """Give the lock back; does nothing when it is not held."""
        if self._held:
            self._held = False
            _HELD.discard(self)
            self._backend.unlock()

    def forget(self) -> None:
        """Drop the lock object in a forked child without freeing the parent's lock."""
        self._held = False
        self._backend.forget()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


_HELD: weakref.WeakSet[FileLock] = weakref.WeakSet()


def _forget_in_child() -> None:
    for lock in list(_HELD):
        lock.forget()
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


def lock_is_held(path: str | Path) -> bool:
    """Tell whether a living process (or another instance here) holds the lock file.

    An absent file is not held. The probe takes a shared lock for an instant, so an acquirer
    should wait rather than try once.

    Raises:
        StoreAccessError: When the file cannot be opened.
    """
    if not os.path.lexists(path):
        return False
    probe = FileLock(path, shared=True)
    free = probe.try_acquire()
    probe.release()
    return not free
