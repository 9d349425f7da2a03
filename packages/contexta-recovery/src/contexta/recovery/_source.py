"""Where the bytes of a published backup are read from: a folder, or an archive.

A source only reads, never through a link, and answers damage with a `BackupProblem` instead of
an exception, so that every problem of a backup can be reported and not only the first.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from contexta.recovery._find import ARCHIVE_SUFFIX
from contexta.recovery._manifest import MANIFEST_NAME
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._walk import walk_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from contexta.recovery._sealing import BackupSealing

MAX_MANIFEST_BYTES = 1 << 30
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_A_FILE = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR})


class BackupSource(Protocol):
    """A published backup, for reading.

    Attributes:
        sealing: Opens the files of an encrypted backup; set by `_unlock.open_backup`, else None.
    """

    sealing: BackupSealing | None

    @property
    def location(self) -> Path:
        """The folder or file of the backup."""
        ...

    @property
    def ref(self) -> str:
        """The name it is found under now."""
        ...

    def read_manifest(self) -> bytes | BackupProblem:
        """Return the bytes of `manifest.json`, at most 1 GiB, or why there are none."""
        ...

    def open(self, stored: str, stored_size: int) -> BinaryIO | BackupProblem:
        """Open a stored file of exactly `stored_size` bytes; the caller closes it.

        Args:
            stored: Its name, as `FileEntry.stored`.
            stored_size: Its size by the manifest.

        Returns:
            The bytes from the start, or one of the problems `file_missing`, `file_not_regular`,
            `size_differs`, `unreadable`. Reading may still raise `OSError`.
        """
        ...

    def unexpected(self, listed: AbstractSet[str]) -> list[BackupProblem]:
        """Return a problem for each thing that is neither listed nor the manifest."""
        ...

    def found(self) -> Mapping[str, int]:
        """Return the names of the stored files that are there, and their sizes in bytes now."""
        ...


class DirectorySource:
    """A backup in the directory form."""

    def __init__(self, location: Path) -> None:
        self.sealing: BackupSealing | None = None
        self._location = location

    @property
    def location(self) -> Path:
        """The folder of the backup."""
        return self._location

    @property
    def ref(self) -> str:
        """The name of the folder."""
        return self._location.name

    def read_manifest(self) -> bytes | BackupProblem:
        """Return the bytes of `manifest.json`, or why there are none."""
        try:
            fd = os.open(self._location / MANIFEST_NAME, _READ)
        except (FileNotFoundError, NotADirectoryError):
            return manifest_problem("manifest_missing", "it does not exist")
        except OSError as error:
            return manifest_problem("manifest_invalid", f"it cannot be read: {error.strerror}")
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            return manifest_problem("manifest_invalid", "not a regular file")
        with open(fd, "rb") as file:
            try:
                raw = file.read(MAX_MANIFEST_BYTES + 1)
            except OSError as error:
                return manifest_problem("manifest_invalid", f"it cannot be read: {error.strerror}")
        if len(raw) > MAX_MANIFEST_BYTES:
            return manifest_problem("manifest_invalid", f"larger than {MAX_MANIFEST_BYTES} bytes")
        return raw

    def open(self, stored: str, stored_size: int) -> BinaryIO | BackupProblem:
        """Open a stored file; see `BackupSource.open`."""
        parent = self._location
        try:
            for part in stored.split("/")[:-1]:
                parent /= part
                if parent.is_symlink():
                    return _problem("file_not_regular", stored, "a folder above is a link.")
            fd = os.open(self._location / stored, _READ)
        except (FileNotFoundError, NotADirectoryError):
            return _problem("file_missing", stored, "the manifest lists it, it is gone.")
        except OSError as error:
            kind = "file_not_regular" if error.errno in _NOT_A_FILE else "unreadable"
            return _problem(kind, stored, f"{error.strerror}.")
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            return _problem("file_not_regular", stored, "not a regular file.")
        if status.st_size != stored_size:
            os.close(fd)
            message = f"{status.st_size} bytes, the manifest says {stored_size}."
            return _problem("size_differs", stored, message)
        return cast("BinaryIO", open(fd, "rb", buffering=0))

    def unexpected(self, listed: AbstractSet[str]) -> list[BackupProblem]:
        """Return a problem for each file, link or special file that is not listed."""
        problems = []
        for base, folders, names, fd in os.fwalk(self._location, follow_symlinks=False):
            below = os.path.relpath(base, self._location)
            for name in (*names, *folders):
                place = name if below == "." else f"{below}/{name}"
                if place in listed or place == MANIFEST_NAME:
                    continue
                if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                    problems.append(
                        _problem("file_unexpected", place, "the manifest does not list it.")
                    )
        return problems

    def found(self) -> Mapping[str, int]:
        """Return the names of the stored files that are there, and their sizes in bytes now."""
        files = walk_files(self._location, lambda _: True)
        return {one.relative: one.size for one in files if one.relative != MANIFEST_NAME}


def open_source(location: Path) -> BackupSource:
    """Return the source for a backup at an absolute path; whether it is one, reading tells.

    A file is an archive whatever its name; so is what is missing under a name ending in `.tar`.
    """
    from contexta.recovery._archive import ArchiveSource  # which builds on this

    if location.suffix == ARCHIVE_SUFFIX or location.is_file():
        is_folder = location.is_dir() and not location.is_symlink()
        return DirectorySource(location) if is_folder else ArchiveSource(location)
    return DirectorySource(location)


def manifest_problem(kind: str, message: str) -> BackupProblem:
    """Return a problem of the manifest itself."""
    return BackupProblem(kind, MANIFEST_NAME, f"{MANIFEST_NAME}: {message}.")


def _problem(kind: str, place: str, message: str) -> BackupProblem:
    return BackupProblem(kind, place, f"{place}: {message}")
