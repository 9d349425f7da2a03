"""Compare a backup folder with its manifest, byte by byte, without writing anywhere."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from contexta.recovery._manifest import MANIFEST_NAME, FileEntry, Manifest
from contexta.recovery.models import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHUNK_BYTES = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_A_FILE = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR})


def check_files(
    folder: Path, manifest: Manifest, consume: Callable[[FileEntry, bytes], None] | None = None
) -> tuple[BackupProblem, ...]:
    """Read every byte of every file and report each that is not as the manifest says.

    Args:
        folder: The backup folder; nothing in it is changed, links in it are not followed.
        manifest: Its manifest, already checked against its own digest.
        consume: Receives each chunk as it is read, so that a copy needs no second reading. It
            may receive chunks of a file that is reported in the end.

    Returns:
        The problems, in the order of the paths.
    """
    problems = list(_unexpected(folder, {entry.path for entry in manifest.files}))
    for entry in sorted(manifest.files):
        problem = _check_file(folder, entry, consume)
        if problem is not None:
            problems.append(problem)
    return tuple(sorted(problems, key=lambda problem: problem.place))


def _check_file(
    folder: Path, entry: FileEntry, consume: Callable[[FileEntry, bytes], None] | None
) -> BackupProblem | None:
    fd = _open_entry(folder, entry)
    if isinstance(fd, BackupProblem):
        return fd
    place = entry.path
    digest = hashlib.sha256()
    with open(fd, "rb", buffering=0) as file:
        while True:
            try:
                chunk = file.read(_CHUNK_BYTES)
            except OSError as error:
                return BackupProblem("unreadable", place, f"{place}: {error.strerror}.")
            if not chunk:
                break
            digest.update(chunk)
            if consume is not None:
                consume(entry, chunk)
    if digest.hexdigest() != entry.sha256:
        return BackupProblem(
            "hash_differs", place, f"{place}: its SHA-256 is not the one in the manifest."
        )
    return None


def _open_entry(folder: Path, entry: FileEntry) -> int | BackupProblem:
    """Return a descriptor of a regular file of the listed size, or why there is none."""
    place = entry.path
    parent = folder
    for part in place.split("/")[:-1]:
        parent /= part
        if parent.is_symlink():
            return BackupProblem("file_not_regular", place, f"{place}: a folder above is a link.")
    try:
        fd = os.open(folder / place, _READ)
    except (FileNotFoundError, NotADirectoryError):
        return BackupProblem("file_missing", place, f"{place}: the manifest lists it, it is gone.")
    except OSError as error:
        kind = "file_not_regular" if error.errno in _NOT_A_FILE else "unreadable"
        return BackupProblem(kind, place, f"{place}: {error.strerror}.")
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        return BackupProblem("file_not_regular", place, f"{place}: not a regular file.")
    if status.st_size != entry.size:
        os.close(fd)
        message = f"{place}: {status.st_size} bytes, the manifest says {entry.size}."
        return BackupProblem("size_differs", place, message)
    return fd


def _unexpected(folder: Path, listed: set[str]) -> list[BackupProblem]:
    problems = []
    for base, folders, names, fd in os.fwalk(folder, follow_symlinks=False):
        below = os.path.relpath(base, folder)
        for name in (*names, *folders):
            place = name if below == "." else f"{below}/{name}"
            if place in listed or place == MANIFEST_NAME:
                continue
            mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
            if not stat.S_ISDIR(mode):
                problems.append(
                    BackupProblem(
                        "file_unexpected", place, f"{place}: the manifest does not list it."
                    )
                )
    return problems
