"""Copy files of a workspace that others may be writing into a backup, never through a link."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from contexta.recovery._walk import Found, walk_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contexta.recovery._manifest import FileEntry
    from contexta.recovery._progress import Reporter
    from contexta.recovery._store_files import FileStore
    from contexta.recovery._view import View

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_LONGEST_NAME_BYTES = 255
_THREADS = 2  # reading and hashing run without the interpreter's lock


class Copier:
    """Copies into one backup and keeps the list of what it copied.

    `warnings` names what was left out: links and special files. They are never followed: a link
    planted in a shared workspace would pull an outside file into the backup.

    Args:
        store: Where the bytes go.
        view: Where files are needed as they are.
        report: Told about every file.
    """

    def __init__(self, store: FileStore, view: View, report: Reporter) -> None:
        self.entries: dict[str, FileEntry] = {}
        self.warnings: list[str] = []
        self.view = view
        self._store = store
        self._report = report
        self._pool = ThreadPoolExecutor(_THREADS)
        self._waiting: dict[str, Future[bool]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def copy(self, source: Path, relative: str, length: int | None = None) -> bool:
        """Copy one file now; False when it has vanished. What was copied before is replaced.

        Args:
            source: The file; a link is left out and named.
            relative: Where it goes below the backup, as a POSIX path.
            length: How many bytes to take; None means all.

        Raises:
            OSError: When it cannot be read or written.
        """
        try:
            fd = os.open(source, _READ)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            self.warnings.append(f"link_skipped:{relative}")  # one since the folder was listed
            return True
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                self.warnings.append(f"special_file_skipped:{relative}")
                return True
            if relative in self.entries:
                self.drop(relative)
            zip_it = _has_room_for_suffix(source)
            self.entries[relative] = self._store.put(fd, relative, length, zip_it=zip_it)
        finally:
            os.close(fd)
        self._report.advance(files=1)
        return True

    def copy_soon(self, source: Path, relative: str, length: int | None = None) -> None:
        """Copy one file before `settle` returns; in any order among those that wait."""
        self._waiting[relative] = self._pool.submit(self.copy, source, relative, length)

    def settle(self) -> frozenset[str]:
        """Wait until everything is copied and return the paths of files that had vanished.

        Raises:
            OSError: When one could not be read or written.
        """
        waiting, self._waiting = self._waiting, {}
        copied = self._report.results_of(list(waiting.values()))
        return frozenset(path for path, done in zip(waiting, copied, strict=True) if not done)

    def copy_tree(self, source: Path, relative: str, take: Callable[[Path], bool]) -> None:
        """Copy the files of a folder for which `take` says yes; vanished ones are left out."""
        for found in self.walk(source, take):
            self.copy_soon(found.path, f"{relative}/{found.relative}")
        self.settle()

    def put_bytes(self, relative: str, data: bytes) -> None:
        """Add a file that is not in the workspace."""
        self.copy(self.view.write(relative, data), relative)

    def walk(self, source: Path, take: Callable[[Path], bool]) -> Iterator[Found]:
        """Return the regular files below a folder; see `walk_files`."""
        return walk_files(source, take, self.warnings)

    def drop(self, relative: str) -> None:
        """Remove one copied file again."""
        entry = self.entries.pop(relative)
        others = list(self.entries.values())  # at once: other threads are adding to it
        is_shared = any(other.stored == entry.stored for other in others)
        self._store.drop(entry, is_shared=is_shared)

    def as_it_is(self, relative: str) -> Path:
        """Return the path of a copied file in the view, where it can be opened."""
        return self.view.put(self.entries[relative])


def _has_room_for_suffix(source: Path) -> bool:
    """Tell whether a compressed file can have the name of its source and `.zst`."""
    name = f"{source.name}.zst"
    is_short = len(os.fsencode(name)) <= _LONGEST_NAME_BYTES
    # Beside `a` and `a.zst` the compressed form of `a` would have a name that is taken.
    return is_short and not os.path.lexists(source.with_name(name))
