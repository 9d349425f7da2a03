"""A mark of how far the write-ahead log was confirmed, so that a damaged log is never believed.

When every process has ended without closing, the next one reads the log up to the first frame
whose checksum is wrong: SQLite cannot tell a frame that was torn, and never confirmed, from one
that was confirmed and has rotted, and drops it and all behind it without a word. So after each
commit the lock file, which lies beside the database, is given the number of frames that the log
then had. Before the first write after a crash the log is compared with it.

The mark names the log by its salts and its inode: it says nothing about another log, such as one
in a copy of the folder. It also names the process that wrote it, by number and start: the number
alone is given again, in a container even to the next process. It is written only with
`synchronous=full`, because without it the mark could outlive, in a power cut, the frames that it
speaks of. Neither the database nor the `-shm` file is opened here: closing such a descriptor
would free SQLite's own locks in this process.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import tempfile
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.store.fs import open_private
from contexta.store.metadata._sqlite import lock_path, shm_path, wal_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = struct.Struct("<8sI8sQq")
_SEALED = struct.Struct("<I")
_MAGIC = b"CTXLOG1\n"
_WAL_HEADER = 32
_FRAME_HEADER = 24
_SALTS_IN_HEADER = slice(16, 24)
_SALTS_IN_FRAME = slice(8, 16)
_PAGES_AFTER_COMMIT = slice(4, 8)
_WAL_MAGICS = (0x377F0682, 0x377F0683)


# Logs that this process marked, by process: not those of another program that was in its place.
_MARKED_HERE: set[tuple[int, str]] = set()


@dataclass(frozen=True, slots=True)
class LogMark:
    """How far one log was confirmed: frames, the salts and inode that name it, and by whom."""

    frames: int
    salts: bytes
    inode: int
    process: int


class LogMarker:
    """Writes the mark of one database after each commit; the caller holds the turn to write."""

    def __init__(self, database: Path) -> None:
        self._log = str(wal_path(database))
        self._lock = lock_path(database)
        self._salts = b""
        self._frames = 0
        self._process = (0, 0)  # number, and what names it in a mark

    def write(self) -> None:
        """Mark every frame that is in the log now."""
        try:
            log = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            self._count(log)
            inode = os.fstat(log).st_ino
        finally:
            os.close(log)
        own = os.getpid()
        if self._process[0] != own:
            self._process = own, _name_of(own)
            _MARKED_HERE.add((own, self._log))
        body = _MARK.pack(_MAGIC, self._frames, self._salts, inode, self._process[1])
        target = open_private(self._lock, os.O_WRONLY | os.O_CREAT)
        try:
            os.pwrite(target, body + _SEALED.pack(zlib.crc32(body)), 0)
        finally:
            os.close(target)

    def _count(self, log: int) -> None:
        """Go on from the frames that were counted before, or from the start of a new log.

        Only frames up to a commit count: those behind it may be of a transaction that was undone.
        A single new commit is our own. Of several, the last may be the torn one of a process
        that was killed, so its checksum is computed.
        """
        header = os.pread(log, _WAL_HEADER, 0)
        if len(header) < _WAL_HEADER:
            self._salts, self._frames = b"\0" * 8, 0
            return
        if header[_SALTS_IN_HEADER] != self._salts:
            self._salts, self._frames = header[_SALTS_IN_HEADER], 0
        commits = list(self._commits(log, _page_size(header)))
        while len(commits) > 1 and not _is_valid(log, header, commits[-1]):
            commits.pop()
        if commits:
            self._frames = commits[-1]

    def _commits(self, log: int, page_size: int) -> Iterator[int]:
        """Yield the numbers, from 1, of the frames behind the counted ones that end a commit."""
        size = _FRAME_HEADER + page_size
        whole = (os.fstat(log).st_size - _WAL_HEADER) // size
        for number in range(self._frames, whole):
            frame = os.pread(log, _FRAME_HEADER, _WAL_HEADER + number * size)
            if frame[_SALTS_IN_FRAME] != self._salts:
                return
            if frame[_PAGES_AFTER_COMMIT] != b"\0\0\0\0":
                yield number + 1


def read_mark(database: Path) -> LogMark | None:
    """Return the mark of a database; None when there is none, or it cannot be believed."""
    try:
        raw = lock_path(database).read_bytes()
    except OSError:
        return None
    end = _MARK.size + _SEALED.size
    if len(raw) < end or _SEALED.unpack(raw[_MARK.size : end])[0] != zlib.crc32(raw[: _MARK.size]):
        return None
    magic, frames, salts, inode, process = _MARK.unpack(raw[: _MARK.size])
    return LogMark(frames, salts, inode, process) if magic == _MAGIC else None


def lost_frames(database: Path, *, after_crash_only: bool) -> int:
    """Return how many confirmed frames of the log a fresh reader would not get.

    Args:
        database: The database file.
        after_crash_only: Whether to look only when the process that wrote the mark has ended.
            While it lives, so does the index of the log, and nobody reads it afresh.
    """
    mark = read_mark(database)
    log = wal_path(database)
    if mark is None or mark.frames == 0 or (after_crash_only and _is_alive(mark.process, log)):
        return 0
    try:
        if log.stat().st_ino != mark.inode:
            return 0
        raw = log.read_bytes()
    except OSError:
        return 0  # no log, or none that can be read: opening it says so
    if raw[_SALTS_IN_HEADER] != mark.salts and not _is_of(raw, mark.salts):
        return 0  # started anew since: all that was in it is in the database
    return max(0, mark.frames - _readable_frames(raw, mark.salts))


def _is_of(raw: bytes, salts: bytes) -> bool:
    """Tell whether a log whose header is damaged holds frames of these salts."""
    magic = int.from_bytes(raw[:4], "big")
    header_is_right = magic in _WAL_MAGICS and _checksum(raw[:24], magic) == raw[24:32]
    first = raw[_WAL_HEADER : _WAL_HEADER + _FRAME_HEADER]
    return not header_is_right and first[_SALTS_IN_FRAME] == salts


def _readable_frames(raw: bytes, salts: bytes) -> int:
    """Let SQLite recover a copy of the log, which is faster than checking its sums in Python."""
    if raw[_SALTS_IN_HEADER] != salts:
        return 0
    size = _page_size(raw)
    if size < 512 or size & (size - 1):
        return 0
    with tempfile.TemporaryDirectory(prefix="contexta-log-") as folder:
        copy = Path(folder) / "copy"
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF").fetchall()
            connection.execute(f"PRAGMA page_size={size}").fetchall()
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute("CREATE TABLE t (a)").fetchall()
        wal_path(copy).write_bytes(raw)
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint=0").fetchall()
            # The pages of the log need not make a database: it is recovered before they are read.
            with suppress(sqlite3.DatabaseError):
                connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            index = shm_path(copy).read_bytes()[:48]
    return int(struct.unpack("=I", index[16:20])[0]) if index[32:40] == salts else 0


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[8:12], "big")
    return 65536 if size == 1 else size


def _is_valid(log: int, header: bytes, number: int) -> bool:
    """Compare a frame, numbered from 1, with its checksum, which goes on from the one before."""
    page_size = _page_size(header)
    size = _FRAME_HEADER + page_size
    start = _WAL_HEADER + (number - 1) * size
    before = header[24:32] if number == 1 else os.pread(log, 8, start - size + 16)
    frame = os.pread(log, size, start)
    magic = int.from_bytes(header[:4], "big")
    return _checksum(frame[:8] + frame[_FRAME_HEADER:], magic, before) == frame[16:24]


def _checksum(data: bytes, magic: int, before: bytes = b"\0" * 8) -> bytes:
    """Return the checksum of SQLite's log over some bytes, going on from another one."""
    first, second = struct.unpack(">II", before)
    for low, high in struct.iter_unpack(">II" if magic & 1 else "<II", data):
        first = (first + low + second) & 0xFFFFFFFF
        second = (second + high + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second)


def _name_of(process: int) -> int:
    """Return the number of a process with its start above it: ticks since boot, 0 if unknown.

    Of one that has ended and was not waited for: -1.
    """
    try:
        facts = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
        state, ticks = facts[0], int(facts[19])
    except (OSError, ValueError, IndexError):  # no such file system, or no such process
        state, ticks = b"", 0
    if state in {b"Z", b"X"}:
        return -1
    return process | (ticks & 0x7FFFFFFF) << 32


def _is_alive(name: int, log: Path) -> bool:
    """Tell whether the process that marked a log still runs."""
    process = name & 0xFFFFFFFF
    if process == os.getpid() and (process, str(log)) not in _MARKED_HERE:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _name_of(process) == name
