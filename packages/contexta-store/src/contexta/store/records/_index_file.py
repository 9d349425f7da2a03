"""Where the chunks of the index lie: a SQLite file, or memory beside it.

The file can be deleted, cut or overwritten at any time: what is read from it proves itself (see
`_index_chunks`), and a file that SQLite refuses is removed and begun anew. So nothing here is
synced, and a rollback journal is enough: a killed process leaves the state before its write.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import weakref
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from contexta.contract.errors import ContextaError
from contexta.store.fs import open_private
from contexta.store.records._fork_guard import NO_FORK
from contexta.store.records._index_chunks import Chunk

FORMAT_VERSION = 2
_BUSY_SECONDS = 5.0
_MOST_IDLE = 8
_CHUNK_COLUMNS = (
    "id INTEGER PRIMARY KEY, segment INTEGER NOT NULL, family INTEGER NOT NULL, "
    "low BLOB NOT NULL, body BLOB NOT NULL"
)
_TABLES = (
    f"CREATE TABLE chunk ({_CHUNK_COLUMNS})",
    "CREATE UNIQUE INDEX chunk_place ON chunk (segment, family, low)",
    "CREATE TABLE state (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
)
_PRAGMAS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA secure_delete = ON",
    # A power cut must leave it as it was: a torn file would be found by the check and cry wolf.
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
)
_RUINED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


_Opened = tuple[int, sqlite3.Connection]
"""A connection and the inode of the file that it has open."""


class IndexUnavailableError(Exception):
    """The index cannot be used now; `ruined` says that the file should be begun anew."""

    def __init__(self, reason: str, *, ruined: bool = False) -> None:
        super().__init__(reason)
        self.ruined = ruined


class ChunkStore(Protocol):
    """Chunks by segment, family and lower bound, and one state that says which segments count."""

    def state(self) -> bytes | None:
        """Return the state, None when there is none yet."""

    def tiles(
        self, segment: int, family: int, low: bytes, high: bytes
    ) -> list[tuple[bytes, bytes]]:
        """Return place and body of the chunks whose ranges may meet `low <= key < high`."""

    def write(
        self,
        before: bytes | None,
        state: bytes,
        added: Iterable[tuple[int, Chunk]],
        kept: Sequence[int],
    ) -> bool:
        """Change chunks and state at once; False when the state is no longer `before`.

        Chunks of segments that are not in `kept` are removed, whoever wrote them.
        """

    def close(self) -> None:
        """Let go of everything."""


class IndexFile:
    """The SQLite file. Each connection is used by one thread at a time, none across a fork."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self._path = path
        self._read_only = read_only
        self._lock = threading.Lock()
        self._idle: list[_Opened] = []
        weakref.finalize(self, _close_all, self._idle)  # for stores that nobody closes
        _OPEN.add(self)

    def abandon(self) -> None:
        """Forget, in a forked child, the connections of the parent; none is used or closed."""
        _ABANDONED.extend(connection for _, connection in self._idle)
        self._idle.clear()
        self._lock = threading.Lock()

    def state(self) -> bytes | None:
        """See `ChunkStore`.

        Raises:
            IndexUnavailableError: As all methods here.
        """
        if not self._path.exists():
            return None
        with self._connection(create=False) as connection:
            row = connection.execute("SELECT body FROM state WHERE id = 1").fetchone()
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def tiles(
        self, segment: int, family: int, low: bytes, high: bytes
    ) -> list[tuple[bytes, bytes]]:
        """See `ChunkStore`."""
        with self._connection(create=False) as connection:
            return connection.execute(
                "SELECT low, body FROM chunk WHERE segment = :segment AND family = :family "
                "AND low < :high AND low >= (SELECT max(low) FROM chunk WHERE segment = :segment "
                "AND family = :family AND low <= :low) ORDER BY low",
                {"segment": segment, "family": family, "low": low, "high": high},
            ).fetchall()

    def write(
        self,
        before: bytes | None,
        state: bytes,
        added: Iterable[tuple[int, Chunk]],
        kept: Sequence[int],
    ) -> bool:
        """See `ChunkStore`."""
        if self._read_only:
            raise IndexUnavailableError("opened read-only")
        rows = [(segment, c.family, c.low, c.body) for segment, c in added]
        with NO_FORK, self._connection(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = connection.execute("SELECT body FROM state WHERE id = 1").fetchone()
                if (found[0] if found is not None else None) != before:
                    connection.execute("ROLLBACK")
                    return False
                insert = "INSERT INTO chunk (segment, family, low, body) VALUES (?, ?, ?, ?)"
                connection.executemany(insert, rows)
                marks = ", ".join("?" * len(kept))
                drop = f"DELETE FROM chunk WHERE segment NOT IN ({marks})"  # noqa: S608 - only question marks
                connection.execute(drop, tuple(kept))
                connection.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", (state,))
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
        return True

    def shrink(self) -> None:
        """Give pages that are no longer used back to the disk, overwritten."""
        with NO_FORK, self._connection(create=False) as connection:
            connection.execute("VACUUM")

    def discard(self) -> None:
        """Remove the file; the next write begins it anew."""
        self.close()
        for name in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + name).unlink()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            _close_all(self._idle)

    @contextmanager
    def _connection(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        try:
            inode, connection = self._take(create=create)
        except (sqlite3.Error, OSError, ContextaError) as error:
            raise _unavailable(error) from error
        try:
            yield connection
        except (sqlite3.Error, OverflowError, MemoryError, UnicodeError) as error:
            connection.close()
            raise _unavailable(error) from error
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append((inode, connection))
                return
        connection.close()

    def _take(self, *, create: bool) -> tuple[int, sqlite3.Connection]:
        if create:
            os.close(open_private(self._path, os.O_RDWR | os.O_CREAT))
        status = self._path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise IndexUnavailableError(f"{str(self._path)!r} is not a regular file")
        while True:
            with self._lock:
                if not self._idle:
                    break
                inode, connection = self._idle.pop()
            if inode == status.st_ino:
                return inode, connection
            connection.close()  # the file was replaced
        return status.st_ino, self._opened(create=create)

    def _opened(self, *, create: bool) -> sqlite3.Connection:
        mode = "ro" if self._read_only else "rw"
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            self._check_tables(connection, create=create)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_tables(self, connection: sqlite3.Connection, *, create: bool) -> None:
        """Make sure that the file holds our tables and nothing that would act on its own."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > FORMAT_VERSION:
            raise IndexUnavailableError(f"it has format {version}, written by a newer release")
        found = _tables_in(connection)
        if found and version < FORMAT_VERSION:
            raise IndexUnavailableError(f"it has the old format {version}", ruined=True)
        if not found and create:
            connection.execute("BEGIN IMMEDIATE")
            if not _tables_in(connection):
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            connection.execute("COMMIT")
            found = _tables_in(connection)
        if found != set(_TABLES):
            raise IndexUnavailableError("its tables are not those of an index", ruined=True)


def _close_all(idle: list[_Opened]) -> None:
    while idle:
        idle.pop()[1].close()


def _tables_in(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT sql FROM sqlite_master")}


def _unavailable(error: BaseException) -> IndexUnavailableError:
    code = getattr(error, "sqlite_errorcode", None)
    damaged = isinstance(error, (OverflowError, MemoryError, UnicodeError))
    damaged = damaged or (isinstance(error, sqlite3.Error) and code is None)
    return IndexUnavailableError(str(error), ruined=damaged or (code or 0) & 0xFF in _RUINED)


class MemoryChunks:
    """Chunks in memory, before those of a file that is only read. Thread-safe."""

    def __init__(self, file: IndexFile | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._state: bytes | None = None
        self._bodies: dict[tuple[int, int, bytes], bytes] = {}
        self._lows: dict[tuple[int, int], list[bytes]] = {}

    def state(self) -> bytes | None:
        """See `ChunkStore`."""
        if self._state is not None or self._file is None:
            return self._state
        return self._file.state()

    def tiles(
        self, segment: int, family: int, low: bytes, high: bytes
    ) -> list[tuple[bytes, bytes]]:
        """See `ChunkStore`."""
        with self._lock:
            lows = self._lows.get((segment, family))
            if lows is not None:
                start = max(0, bisect_right(lows, low) - 1)
                names = [name for name in lows[start:] if name < high or name == lows[start]]
                return [(name, self._bodies[segment, family, name]) for name in names]
        return self._file.tiles(segment, family, low, high) if self._file is not None else []

    def write(
        self,
        before: bytes | None,
        state: bytes,
        added: Iterable[tuple[int, Chunk]],
        kept: Sequence[int],
    ) -> bool:
        """See `ChunkStore`."""
        current = self.state()
        with self._lock:
            if self._state is not None:
                current = self._state
            if current != before:
                return False
            for segment, chunk in added:
                self._bodies[segment, chunk.family, chunk.low] = chunk.body
                insort(self._lows.setdefault((segment, chunk.family), []), chunk.low)
            for place in [place for place in self._lows if place[0] not in kept]:
                for low in self._lows.pop(place):
                    del self._bodies[place[0], place[1], low]
            self._state = state
        return True

    def close(self) -> None:
        """Forget what is in memory, and close the file."""
        with self._lock:
            self._state = None
            self._bodies.clear()
            self._lows.clear()
        if self._file is not None:
            self._file.close()


_OPEN: weakref.WeakSet[IndexFile] = weakref.WeakSet()
_ABANDONED: list[sqlite3.Connection] = []


def _after_fork_in_child() -> None:
    """Keep the parent's connections from being used or closed here."""
    for file in list(_OPEN):
        file.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
