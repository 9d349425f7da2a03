"""Where the files of a package come from: a folder or a tar file, both taken for hostile.

A source lists everything first and refuses what is not a regular file. Its files are opened by
names that it listed itself, so nothing outside is ever read.
"""

from __future__ import annotations

import os
import stat
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from contexta.contract.errors import NotFoundError
from contexta.store.artifacts._names import folded
from contexta.store.artifacts._package import MEMBERS_NAME, invalid, is_sha256
from contexta.store.artifacts._tar import TarEntry, read_index
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_SPARSE_FROM = 64 << 20
_SPARSE_RATIO = 1000


class Limits(NamedTuple):
    """How much a package may hold: bytes of all its files, and how many files."""

    max_bytes: int
    max_entries: int


class PackageSource(Protocol):
    """The files of a package, by name; listed and checked when it is entered."""

    sizes: dict[str, int]

    def __enter__(self) -> Self:
        """List and check the files."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the files."""

    def open(self, name: str) -> IO[bytes]:
        """Open a listed file, positioned at its first byte; read at most its size."""


class FolderSource:
    """A package as a folder; members lie in one folder below it."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._fds: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self._limits = limits

    def __enter__(self) -> Self:
        with translated_os_errors("open the package", self._root):
            self._fds[""] = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._list("")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def open(self, name: str) -> IO[bytes]:
        """Open a listed file."""
        folder, _, base = name.rpartition("/")
        with translated_os_errors("open", self._root / name):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            fd = os.open(base, flags, dir_fd=self._fds[folder])
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size != self.sizes[name]:
                os.close(fd)
                raise invalid(f"{name!r} changed while the package was read")
            return os.fdopen(fd, "rb")

    def _list(self, folder: str) -> None:
        with (
            translated_os_errors("list", self._root / folder),
            os.scandir(self._fds[folder]) as found,
        ):
            names = [item.name for item in found]
        if len(names) + len(self.sizes) > self._limits.max_entries:
            raise invalid(f"it has more than {self._limits.max_entries} files")
        for base in sorted(names):
            name = f"{folder}/{base}" if folder else base
            with translated_os_errors("look at", self._root / name):
                status = os.lstat(base, dir_fd=self._fds[folder])
            if name == MEMBERS_NAME and stat.S_ISDIR(status.st_mode):
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                with translated_os_errors("open", self._root / name):
                    self._fds[name] = os.open(base, flags, dir_fd=self._fds[folder])
                self._list(name)
                continue
            _require_plain(name, status)
            self.sizes[name] = status.st_size
        require_sound(self.sizes, self._limits)

    def _close(self) -> None:
        for fd in self._fds.values():
            os.close(fd)
        self._fds = {}


class TarSource:
    """A package as a plain tar file."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._entries: dict[str, TarEntry] = {}
        self.sizes: dict[str, int] = {}

    def __enter__(self) -> Self:
        with (
            translated_os_errors("read the package", self._path),
            open(self._path, "rb") as file,
        ):
            for entry in read_index(file, max_entries=self._limits.max_entries):
                if entry.name in self._entries:
                    raise invalid(f"{entry.name!r} is in it twice")
                self._entries[entry.name] = entry
                self.sizes[entry.name] = entry.size
        require_sound(self.sizes, self._limits)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entries = {}

    def open(self, name: str) -> IO[bytes]:
        """Open the archive at a listed file."""
        file = self._path.open("rb")
        file.seek(self._entries[name].offset)
        return file


def package_source(path: Path, limits: Limits) -> PackageSource:
    """Return the source at a path.

    Raises:
        NotFoundError: `artifact_export_package_not_found`.
        StoreAccessError: When it cannot be looked at.
    """
    with translated_os_errors("look at the package", path):
        if path.is_dir():
            return FolderSource(path, limits)
        if path.is_file() and path.suffix == ".tar":
            return TarSource(path, limits)
    raise NotFoundError(
        f"There is no package at {str(path)!r}: it must be a folder or a plain .tar file.",
        code="artifact_export_package_not_found",
        details={"path": str(path)},
    )


def require_sound(sizes: dict[str, int], limits: Limits) -> None:
    """Refuse names that leave the package or fall together, and too many bytes."""
    seen: dict[str, str] = {}
    for name in sizes:
        folder, _, base = name.rpartition("/")
        if folder not in {"", MEMBERS_NAME} or base in {"", ".", ".."}:
            raise invalid(f"{name!r} does not belong into a package")
        if folder == MEMBERS_NAME and not is_sha256(base):
            raise invalid(f"{name!r} is not named by a SHA-256")
        other = seen.setdefault(folded(name), name)
        if other != name:
            raise invalid(f"{other!r} and {name!r} may be one file on another system")
    total = sum(sizes.values())
    if total > limits.max_bytes:
        raise invalid(f"it holds {total} bytes, more than max_bytes, which is {limits.max_bytes}")


def _require_plain(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a regular file"
        raise invalid(f"{name!r} is {what}")
    if status.st_nlink != 1:
        raise invalid(f"{name!r} has more than one name (a hard link); copy the package first")
    if status.st_mode & 0o7000:
        raise invalid(f"{name!r} has the setuid, setgid or sticky bit")
    taken = getattr(status, "st_blocks", 0) * 512
    if status.st_size > _SPARSE_FROM and taken * _SPARSE_RATIO < status.st_size:
        raise invalid(f"{name!r} claims {status.st_size} bytes and takes {taken} on the disk")
