"""Lines of the outbox files: how they are read, told apart and appended."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.contract.errors import StoreAccessError
from contexta.store.fs import fsync_dir, open_private, translated_os_errors, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_DIGEST_BYTES = 16


def digest_of(line: bytes) -> str:
    """Return the text by which the journal names a line."""
    return hashlib.blake2b(line, digest_size=_DIGEST_BYTES).hexdigest()


def split_lines(raw: bytes) -> list[bytes]:
    """Return the lines that are not blank, without their line feed."""
    return [line for line in raw.split(b"\n") if line.strip()]


def joined(lines: Iterable[bytes]) -> bytes:
    """Return the content of a file of these lines."""
    return b"".join(line + b"\n" for line in lines)


def open_regular(path: Path, flags: int) -> int:
    """Open a file 0600, never through a link, and never wait for the other end of a pipe.

    Raises:
        StoreAccessError: When it cannot be opened, or is no ordinary file.
    """
    fd = open_private(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise StoreAccessError(
            f"{str(path)!r} is no ordinary file. Remove it, and call again.",
            code="store_io_failed",
            details={"path": str(path)},
        )
    return fd


def read_lines(path: Path) -> list[bytes]:
    """Return the lines of a file that are not blank; none when it is absent.

    Raises:
        StoreAccessError: When it cannot be read, or is a link.
    """
    if not os.path.lexists(path):
        return []
    fd = open_regular(path, os.O_RDONLY)
    with translated_os_errors("read", path), open(fd, "rb") as file:
        return split_lines(file.read())


@contextmanager
def held_open(path: Path) -> Iterator[Callable[[], bool]]:
    """Yield a question: whether the path leads to the same file as at the beginning, or to none.

    The file stays open until the end, so that no other one gets its number meanwhile.
    """
    fd = open_regular(path, os.O_RDONLY) if os.path.lexists(path) else None

    def is_still_there() -> bool:
        try:
            now = os.lstat(path)
        except FileNotFoundError:
            return fd is None
        return fd is not None and os.path.samestat(now, os.fstat(fd))

    try:
        yield is_still_there
    finally:
        if fd is not None:
            os.close(fd)


def all_different(lines: list[bytes]) -> list[bytes]:
    """Return the lines, equal ones told apart by blanks at their end, which JSON ignores.

    Two equal lines are two deliveries. The journal names lines by content, so that applying it
    twice does no harm; it could not name one of two equal lines.
    """
    seen: set[bytes] = set()
    result = []
    for given in lines:
        line = given
        while line in seen:
            line += b" "
        seen.add(line)
        result.append(line)
    return result


class LineAppender:
    """Appends lines to one file; what a crash left of a last line stays a line of its own.

    Each line is written by one call, so it survives the death of the process when `write`
    returns, and a power cut when `sync` returns. Not for several threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_new = not os.path.lexists(path)
        self._fd = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._torn = self._ends_torn()
        self._dirty = False

    def write(self, line: bytes) -> None:
        """Append one line.

        Raises:
            StoreAccessError: When not all of it could be written.
        """
        with translated_os_errors("append to", self._path):
            start = b"\n" if self._torn else b""
            self._torn = self._dirty = True
            write_all(self._fd, start + line + b"\n")
            self._torn = False

    def distrust(self) -> None:
        """Sync next time whatever the file holds: a process that was killed may have written it."""
        self.is_new = self._dirty = True

    def sync(self) -> None:
        """Bring what was written to disk; does nothing when nothing was.

        Raises:
            StoreAccessError: When that fails.
        """
        if self._dirty:
            with translated_os_errors("sync", self._path):
                os.fsync(self._fd)
            if self.is_new:
                fsync_dir(self._path.parent)
            self.is_new = self._dirty = False

    def close(self) -> None:
        """Close the file without syncing it."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _ends_torn(self) -> bool:
        with translated_os_errors("read", self._path):
            size = os.fstat(self._fd).st_size
            return size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"
