"""A backup in one file: writing the archive, and reading it without trusting it.

The manifest comes first, then each stored file in the order of names, then two empty blocks and
the end of the file. Nothing is ever extracted by the names in it: members are indexed once, and
only what the manifest lists is read, to where the reader puts it. Content is not looked at here;
that it is what the manifest says is checked by whoever reads it.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from contexta.recovery._errors import BackupError
from contexta.recovery._find import ARCHIVE_SUFFIX
from contexta.recovery._manifest import MANIFEST_NAME
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._source import MAX_MANIFEST_BYTES, manifest_problem
from contexta.recovery._tar_headers import (
    BLOCK_BYTES,
    BadHeader,
    Header,
    member_header,
    read_header,
)
from contexta.store.fs import write_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from contexta.recovery._sealing import BackupSealing

__all__ = ["ARCHIVE_SUFFIX", "END_MARK", "ArchiveSource", "ArchiveWriter"]

END_MARK = bytes(2 * BLOCK_BYTES)
_MOST_PROBLEMS = 1000
_SEARCH_BYTES = 1 << 20


class ArchiveWriter:
    """Writes an archive from start to end into a descriptor that stays the caller's.

    Raises:
        OSError: From any method, as the system.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = 0

    def add(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Add a regular file of exactly `size` bytes.

        Raises:
            ValueError: When the name is not a safe relative path.
            BackupError: `recovery_backup_unverified` when there are more or fewer bytes; then the
                archive must not be used.
        """
        self._write(member_header(name, size))
        start = self.size
        for chunk in chunks:
            self._write(chunk)
        if self.size - start != size:
            raise BackupError(
                f"{name!r} has {self.size - start} bytes, not {size}: it was changed while it was "
                "packed. Nothing was published; call again.",
                code="recovery_backup_unverified",
                details={"path": name},
            )
        self._write(bytes(-size % BLOCK_BYTES))

    def finish(self) -> None:
        """Write the end mark and sync the file."""
        self._write(END_MARK)
        os.fsync(self._fd)

    def _write(self, data: bytes) -> None:
        write_all(self._fd, data)
        self.size += len(data)


class _Member(NamedTuple):
    offset: int
    size: int


class _Index(NamedTuple):
    """The members by name, the manifest excepted, and what is wrong with the archive."""

    members: dict[str, _Member]
    problems: list[BackupProblem]


class ArchiveSource:
    """A backup in the archive form. The file is opened once, at the first use."""

    def __init__(self, location: Path) -> None:
        self.sealing: BackupSealing | None = None
        self._location = location
        self._opened: _ArchiveFile | BackupProblem | None = None
        self._found: _Index | None = None

    @property
    def location(self) -> Path:
        """The archive file."""
        return self._location

    @property
    def ref(self) -> str:
        """The name of the file without `.tar`."""
        return self._location.name.removesuffix(ARCHIVE_SUFFIX)

    def read_manifest(self) -> bytes | BackupProblem:
        """Return the content of the first member, which must be the manifest."""
        file = self._file()
        if isinstance(file, BackupProblem):
            return file
        try:
            header = read_header(file.read, 0)
            if isinstance(header, BadHeader):
                return manifest_problem("manifest_invalid", f"not an archive: {header.reason}")
            if header.name != MANIFEST_NAME:
                message = f"the archive begins with {header.name[:200]!r} instead"
                return manifest_problem("manifest_missing", message)
            if header.size > MAX_MANIFEST_BYTES:
                message = f"larger than {MAX_MANIFEST_BYTES} bytes"
                return manifest_problem("manifest_invalid", message)
            raw = file.read(header.header_bytes, header.size)
        except OSError as error:
            return manifest_problem("manifest_invalid", f"it cannot be read: {error.strerror}")
        if len(raw) < header.size:
            return manifest_problem("manifest_invalid", "the archive ends in the middle of it")
        return raw

    def open(self, stored: str, stored_size: int) -> BinaryIO | BackupProblem:
        """Open a stored file; see `BackupSource.open`."""
        file = self._file()
        if isinstance(file, BackupProblem):
            return file
        member = self._index().members.get(stored)
        if member is None:
            message = f"{stored}: the manifest lists it, the archive does not hold it."
            return BackupProblem("file_missing", stored, message)
        if member.size != stored_size:
            message = f"{stored}: {member.size} bytes, the manifest says {stored_size}."
            return BackupProblem("size_differs", stored, message)
        return cast("BinaryIO", _MemberReader(file, member))

    def unexpected(self, listed: AbstractSet[str]) -> list[BackupProblem]:
        """Return a problem for each member that is not listed, and for all that is no member."""
        index = self._index()
        problems = list(index.problems)
        problems += [
            BackupProblem("file_unexpected", name, f"{name}: the manifest does not list it.")
            for name in index.members
            if name not in listed
        ]
        if len(problems) > _MOST_PROBLEMS:
            problems[_MOST_PROBLEMS:] = [self._problem(f"more than {_MOST_PROBLEMS} problems.")]
        return problems

    def found(self) -> Mapping[str, int]:
        """Return the names of the members that are there, and their sizes in bytes now."""
        return {name: member.size for name, member in self._index().members.items()}

    def _file(self) -> _ArchiveFile | BackupProblem:
        if self._opened is None:
            self._opened = _open_archive(self._location)
        return self._opened

    def _index(self) -> _Index:
        if self._found is None:
            self._found = _Index({}, [])
            file = self._file()
            if isinstance(file, BackupProblem):
                self._found.problems.append(file)
            else:
                try:
                    _Walk(file, self._found, self._problem).run()
                except OSError as error:
                    message = f"it cannot be read to its end: {error.strerror}."
                    self._found.problems.append(self._problem(message, "unreadable"))
        return self._found

    def _problem(self, message: str, kind: str = "archive_invalid") -> BackupProblem:
        name = self._location.name
        return BackupProblem(kind, name, f"{name}: {message}")


class _Walk:
    """One pass over the headers of an archive."""

    def __init__(self, file: _ArchiveFile, index: _Index, problem: Any) -> None:
        self._file = file
        self._index = index
        self._problem = problem
        self._names = {MANIFEST_NAME}

    def run(self) -> None:
        offset = self._first()
        while offset is not None and len(self._index.problems) < _MOST_PROBLEMS:
            if offset >= self._file.size:
                self._add(self._problem("it ends without its end mark: it was cut."))
                return
            if not any(self._file.read(offset, BLOCK_BYTES)):
                offset = self._end(offset)
                continue
            header = read_header(self._file.read, offset)
            if isinstance(header, Header):
                offset = self._member(header, offset)
            else:
                offset = self._bad_header(header, offset)

    def _first(self) -> int | None:
        header = read_header(self._file.read, 0)
        if isinstance(header, Header) and header.name == MANIFEST_NAME:
            return self._behind(header, 0)
        return 0  # the manifest is reported by `read_manifest`; the rest is still of use

    def _end(self, offset: int) -> int | None:
        """Check what begins with a block of zeros: the end mark, and nothing may follow it."""
        left = self._file.size - offset
        if left == len(END_MARK) and not any(self._file.read(offset, left)):
            return None
        self._add(self._problem(f"the {left} bytes from byte {offset} are not its end mark."))
        return self._search(offset + BLOCK_BYTES)

    def _member(self, header: Header, offset: int) -> int | None:
        name, start = header.name, offset + header.header_bytes
        if name in self._names:
            message = f"{name}: the archive holds it more than once."
            self._add(BackupProblem("file_duplicate", name, message))
        else:
            self._names.add(name)
            there = min(header.size, self._file.size - start)
            self._index.members[name] = _Member(start, there)
        return self._behind(header, offset)

    def _behind(self, header: Header, offset: int) -> int | None:
        end = offset + header.header_bytes + header.size
        if end > self._file.size:
            message = f"{header.name}: it claims {header.size} bytes, the archive ends before."
            self._add(BackupProblem("archive_invalid", header.name, message))
            return None
        filling = -header.size % BLOCK_BYTES
        if filling and self._file.read(end, filling) != bytes(filling):
            message = f"{header.name}: the bytes after it are not zero."
            self._add(BackupProblem("archive_invalid", header.name, message))
        return end + filling

    def _bad_header(self, bad: BadHeader, offset: int) -> int | None:
        if bad.name:
            kind = "file_not_regular" if bad.is_special else "archive_invalid"
            problem = BackupProblem(kind, bad.name, f"{bad.name}: {bad.reason}.")
        else:
            problem = self._problem(f"at byte {offset}: {bad.reason}.")
        self._add(problem)
        return self._search(offset + BLOCK_BYTES)

    def _search(self, offset: int) -> int | None:
        """Return where the next header is, so that one damaged header hides one member only.

        What it finds may be the content of a member that looks like a header. That does no harm:
        the archive is reported already, and content counts only when its digest is right.
        """
        while offset < self._file.size:
            offset = self._file.next_data(offset) // BLOCK_BYTES * BLOCK_BYTES
            data = self._file.read(offset, _SEARCH_BYTES)
            for start in range(0, len(data) - BLOCK_BYTES + 1, BLOCK_BYTES):
                is_likely = data[start + 257 : start + 265] == b"ustar\x0000"
                if is_likely and isinstance(read_header(self._file.read, offset + start), Header):
                    return offset + start
            offset += _SEARCH_BYTES
        return None

    def _add(self, problem: BackupProblem) -> None:
        self._index.problems.append(problem)


class _ArchiveFile:
    """An open archive: bytes by offset, closed when nobody holds it any more."""

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self.size = size
        weakref.finalize(self, os.close, fd)

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes, fewer only at the end."""
        data = bytearray()
        while len(data) < count and (
            piece := os.pread(self._fd, min(count - len(data), 1 << 30), offset + len(data))
        ):
            data += piece
        return bytes(data)

    def next_data(self, offset: int) -> int:
        """Return the next offset that is not in a hole of the file; its size when none is."""
        try:
            return os.lseek(self._fd, offset, os.SEEK_DATA)
        except OSError as error:
            return self.size if error.errno == errno.ENXIO else offset


class _MemberReader(io.RawIOBase):
    """The content of one member, from its start to its end."""

    def __init__(self, file: _ArchiveFile, member: _Member) -> None:
        super().__init__()
        self._file = file
        self._offset = member.offset
        self._end = member.offset + member.size

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; 0 at the end of the member."""
        target = memoryview(buffer).cast("B")
        data = self._file.read(self._offset, min(len(target), self._end - self._offset))
        target[: len(data)] = data
        self._offset += len(data)
        return len(data)


def _open_archive(location: Path) -> _ArchiveFile | BackupProblem:
    try:
        fd = os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return manifest_problem("manifest_missing", "the archive does not exist")
    except OSError as error:
        return manifest_problem("manifest_invalid", f"the archive: {error.strerror}")
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        return manifest_problem("manifest_invalid", "the archive is not a regular file")
    return _ArchiveFile(fd, status.st_size)
