"""Which body was hashed when, and what its file looked like then.

Derived: a line that is missing or damaged means that a body is hashed once more. A line never
says that a body is right, only that it was at that time, as that file; whoever changes the file
changes its times, and the line no longer speaks for it.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import StoreAccessError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._locking import named_lock
from contexta.store.fs import atomic_write_bytes, open_private, translated_os_errors, write_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contexta.store.artifacts._layout import Layout

_CONDENSE_BYTES = 1 << 20
_DIGITS = frozenset("0123456789abcdef")


class HashedBody(NamedTuple):
    """A body that was right at `at` (UTC text), and its file at that time."""

    sha256: str
    at: str
    size: int
    mtime_ns: int
    ctime_ns: int
    ino: int

    def describes(self, status: os.stat_result) -> bool:
        """Tell whether a file is still the one that was hashed."""
        found = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        return found == (self.size, self.mtime_ns, self.ctime_ns, self.ino)


class HashLog:
    """The file `_hashed.jsonl` of one store."""

    def __init__(self, layout: Layout, *, writable: bool) -> None:
        self._layout = layout
        self._writable = writable
        self._mutex = threading.Lock()
        self._known: dict[str, HashedBody] = {}
        self._read: tuple[int, int] = (0, 0)  # inode and offset

    def note(self, sha256: str, status: os.stat_result) -> HashedBody:
        """Remember that a body was found right just now."""
        entry = _entry(sha256, status)
        self.note_all([entry])
        return entry

    def note_all(self, entries: Iterable[HashedBody]) -> None:
        """Remember bodies that were found right."""
        listed = list(entries)
        with self._mutex:
            self._known.update((entry.sha256, entry) for entry in listed)
        if not self._writable or not listed:
            return
        # The bodies are stored and right whether or not this is written down.
        with suppress(StoreAccessError):
            path = self._layout.hash_log
            fd = open_private(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            with translated_os_errors("write", path):
                try:
                    write_all(fd, b"".join(map(_line, listed)))
                finally:
                    os.close(fd)

    def known(self) -> dict[str, HashedBody]:
        """Return the latest entry of each body, as far as it can be read."""
        with self._mutex:
            self._refresh()
            return self._known.copy()

    def condense(self, present: Iterable[str]) -> None:
        """Rewrite a file that has grown with one line for each body that is still there."""
        if not self._writable:
            return
        with suppress(StoreAccessError):
            path = self._layout.hash_log
            if not path.exists() or path.stat().st_size < _CONDENSE_BYTES:
                return
            with named_lock(self._layout, "hashed"):
                known = self.known()
                lines = [_line(known[name]) for name in sorted(set(present) & known.keys())]
                if sum(map(len, lines)) * 2 < path.stat().st_size:
                    # A line that another process appends meanwhile is lost: one more hashing.
                    atomic_write_bytes(path, b"".join(lines))

    def _refresh(self) -> None:
        path = self._layout.hash_log
        with translated_os_errors("read", path):
            try:
                with open(path, "rb") as file:
                    status = os.fstat(file.fileno())
                    start = self._read[1] if self._read[0] == status.st_ino else 0
                    file.seek(start if start <= status.st_size else 0)
                    data = file.read()
                    end = file.tell()
            except FileNotFoundError:
                return
        whole = data[: data.rfind(b"\n") + 1]
        self._read = (status.st_ino, end - len(data) + len(whole))
        for line in whole.split(b"\n"):
            entry = _parse(line)
            if entry is not None:
                self._known[entry.sha256] = entry


def _entry(sha256: str, status: os.stat_result) -> HashedBody:
    return HashedBody(
        sha256,
        iso_utc_now(),
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
    )


def _line(entry: HashedBody) -> bytes:
    text = json.dumps(entry._asdict(), separators=(",", ":"), sort_keys=True).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(line: bytes) -> HashedBody | None:
    crc, _, text = line.partition(b" ")
    if not text or crc != b"%08x" % zlib.crc32(text):
        return None
    try:
        entry = HashedBody(**json.loads(text))
    except (ValueError, TypeError):
        return None
    good = isinstance(entry.sha256, str) and set(entry.sha256) <= _DIGITS
    return entry if good else None
