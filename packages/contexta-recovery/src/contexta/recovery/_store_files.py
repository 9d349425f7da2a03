"""Store files in the folder of a backup: linked when their content is there, else encoded.

A link costs no space and no writing, and each backup stays complete in itself: removing one
never touches another. A link is only kept when the linked bytes verify; a file that rots in an
earlier backup is written afresh.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._codec import (
    CHUNK_BYTES,
    FRAME_BYTES,
    Sealing,
    encoding_of,
    is_worth_zipping,
    zipped,
)
from contexta.recovery._known import Candidate, KnownFiles, is_private_file
from contexta.recovery._manifest import ZSTD, FileEntry
from contexta.recovery._source import DirectorySource
from contexta.recovery._sync import make_folders
from contexta.recovery._verify import check_entry
from contexta.store.fs import write_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.recovery._progress import Reporter

_CANNOT_LINK = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK_BYTES = 4096  # a file of one block saves nothing by being smaller
_LARGEST_SHARE = 0.9
_MAGIC_PARQUET = b"PAR1"


class _Written(NamedTuple):
    size: int
    sha256: str
    stored_size: int
    stored_sha256: str


class FileStore:
    """The stored files of the backup that is being written. Threads may put files at once.

    Args:
        payload: The folder of the backup.
        known: What earlier backups hold.
        sealing: Encrypts; None stores as it is.
    """

    def __init__(
        self, payload: Path, known: KnownFiles, report: Reporter, sealing: Sealing | None = None
    ) -> None:
        self.payload = payload
        self.source = DirectorySource(payload)
        self.sealing = sealing
        self._known = known
        self._report = report
        self._numbers = itertools.count()
        self._written: dict[str, int] = {}
        self._linked: set[str] = set()
        self._rotten: dict[str, None] = {}
        self._sealed: dict[str, FileEntry] = {}
        self._naming = threading.Lock()
        self._turns = [threading.Lock() for _ in range(256)]

    @property
    def written(self) -> dict[str, int]:
        """Names and sizes of stored files that are new: to be synced, and to be verified."""
        return dict(self._written)

    @property
    def linked(self) -> frozenset[str]:
        """Names of stored files that are links to verified ones."""
        return frozenset(self._linked)

    @property
    def rotten(self) -> tuple[str, ...]:
        """Stored files of earlier backups that do not verify, as `<backup>/<stored name>`."""
        return tuple(self._rotten)

    def put(self, fd: int, relative: str, length: int | None = None, *, zip_it: bool) -> FileEntry:
        """Store a file and return its entry.

        Args:
            fd: The file, open for reading at its start.
            relative: Its path in the workspace of the backup.
            length: How many bytes to take; None means all that there are.
            zip_it: Whether it may be compressed.

        Raises:
            OSError: When it cannot be read or written.
        """
        size = os.fstat(fd).st_size if length is None else length
        if self._known.claim(size):
            try:
                return self._write_new(fd, relative, length, zip_it=zip_it)
            finally:
                self._known.release(size)
        expected = size
        size, sha256 = self._hash(fd, length)
        self._known.wait_for(expected)
        # Encrypted files are named by their content: two threads must not meet in one name.
        with self._turns[int(sha256[:2], 16)]:
            for candidate in self._known.of_content(sha256, size):
                if zip_it or candidate.entry.encoding != ZSTD:
                    entry = self._linked_to(candidate, relative)
                    if entry is not None:
                        return entry
            os.lseek(fd, 0, os.SEEK_SET)
            return self._write_new(fd, relative, length, zip_it=zip_it)

    def drop(self, entry: FileEntry, *, is_shared: bool) -> None:
        """Remove a stored file again, unless other entries share it."""
        if is_shared:
            return
        self._written.pop(entry.stored, None)
        self._linked.discard(entry.stored)
        self._sealed.pop(entry.stored, None)
        with suppress(FileNotFoundError):
            (self.payload / entry.stored).unlink()

    def _hash(self, fd: int, length: int | None) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        for chunk in _chunks(fd, length, CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
        return size, digest.hexdigest()

    def _linked_to(self, candidate: Candidate, relative: str) -> FileEntry | None:
        """Return the entry of a verified link to a stored file; None when there can be none."""
        known = candidate.entry
        name = known.stored
        if self.sealing is None:
            name = f"{relative}.zst" if known.encoding == ZSTD else relative
        target = self.payload / name
        if name in self._written or name in self._linked:
            first = self._sealed.get(name)  # written afresh, it has other sealed bytes than before
            return None if first is None else first._replace(path=relative)
        if not _link(candidate.path, target):
            return None
        entry = known._replace(path=relative, stored=name)
        problem = check_entry(self.source, entry, None, self._report, self.sealing)
        if problem is None:
            self._linked.add(name)
            if self.sealing is not None:
                self._sealed[name] = entry
            if candidate.folder == self.payload:
                self._written[name] = 0  # its bytes are new, and still to be synced
            return entry
        target.unlink()
        if candidate.folder != self.payload:
            self._rotten[f"{candidate.folder.name}/{known.stored}"] = None
        return None

    def _write_new(self, fd: int, relative: str, length: int | None, *, zip_it: bool) -> FileEntry:
        entry = self._write(fd, relative, length, zip_it=zip_it)
        self._known.add(self.payload, entry)
        return entry

    def _write(self, fd: int, relative: str, length: int | None, *, zip_it: bool) -> FileEntry:
        size = os.fstat(fd).st_size if length is None else length
        start = os.pread(fd, min(CHUNK_BYTES, size), 0)
        worth = len(start) > _BLOCK_BYTES and not start.startswith(_MAGIC_PARQUET)
        if zip_it and worth and is_worth_zipping(start):
            entry = self._write_as(fd, relative, length, is_zipped=True)
            if entry is not None:
                return entry
            os.lseek(fd, 0, os.SEEK_SET)
        entry = self._write_as(fd, relative, length, is_zipped=False)
        if entry is None:
            raise FileExistsError(errno.EEXIST, "Every name for it is taken", relative)
        return entry

    def _write_as(
        self, fd: int, relative: str, length: int | None, *, is_zipped: bool
    ) -> FileEntry | None:
        """Return the entry; None when compression saved too little or the name is taken."""
        opened = self._open_new(relative, is_zipped=is_zipped)
        if opened is None:
            return None
        name, target_fd = opened
        try:
            written = self._fill(fd, target_fd, length, is_zipped=is_zipped)
        finally:
            os.close(target_fd)
        if is_zipped and written.stored_size > _LARGEST_SHARE * written.size:
            (self.payload / name).unlink()
            return None
        encoding = encoding_of(is_zipped=is_zipped, is_sealed=self.sealing is not None)
        entry = FileEntry(
            relative,
            written.size,
            written.sha256,
            name,
            written.stored_size,
            written.stored_sha256,
            encoding,
        )
        if self.sealing is not None:
            entry = self._under_its_name(entry, self.sealing)
        self._written[entry.stored] = entry.stored_size
        return entry

    def _under_its_name(self, entry: FileEntry, sealing: Sealing) -> FileEntry:
        """Give a sealed file the name of its content, unless another thread was first."""
        path = self.payload / entry.stored
        final = sealing.stored_name(entry.sha256, entry.encoding)
        with self._naming:
            first = self._sealed.get(final)
            if first is not None:
                path.unlink()
                return first._replace(path=entry.path)
            make_folders((self.payload / final).parent)
            os.replace(path, self.payload / final)
            self._sealed[final] = entry._replace(stored=final)
            return self._sealed[final]

    def _open_new(self, relative: str, *, is_zipped: bool) -> tuple[str, int] | None:
        for name in self._names(relative, is_zipped=is_zipped):
            path = self.payload / name
            make_folders(path.parent)
            with suppress(FileExistsError):
                return name, os.open(path, _NEW, 0o600)
        return None

    def _names(self, relative: str, *, is_zipped: bool) -> Iterator[str]:
        if self.sealing is not None:
            yield f"workspace/sealed/_{next(self._numbers)}.tmp"
        elif is_zipped:
            yield f"{relative}.zst"
        else:
            # The compressed form of another file may have the name; see `Copier.copy`.
            yield relative
            yield from (f"{relative}.plain-{number}" for number in range(1, 100))

    def _fill(self, fd: int, target_fd: int, length: int | None, *, is_zipped: bool) -> _Written:
        plain, stored = hashlib.sha256(), hashlib.sha256()
        size = stored_size = 0

        def sink(data: bytes) -> None:
            nonlocal stored_size
            write_all(target_fd, data)
            stored_size += len(data)
            if is_zipped or self.sealing is not None:
                stored.update(data)

        sealed = None if self.sealing is None else self.sealing.writer(sink)
        output = sink if sealed is None else sealed.write
        for chunk in _chunks(fd, length, FRAME_BYTES if is_zipped else CHUNK_BYTES):
            plain.update(chunk)
            size += len(chunk)
            output(zipped(chunk) if is_zipped else chunk)
            self._report.advance(len(chunk))
        if sealed is not None:
            sealed.finish()
        is_plain = not is_zipped and sealed is None
        return _Written(
            size, plain.hexdigest(), stored_size, (plain if is_plain else stored).hexdigest()
        )


def _link(source: Path, target: Path) -> bool:
    """Link a stored file; False when that cannot be, or would share the access of others."""
    if not is_private_file(source):
        return False
    make_folders(target.parent)
    try:
        os.link(source, target, follow_symlinks=False)
    except (FileNotFoundError, FileExistsError):  # pruned, or the name is taken
        return False
    except OSError as error:
        if error.errno in _CANNOT_LINK:
            return False
        raise
    return True


def _chunks(fd: int, length: int | None, most: int) -> Iterator[bytes]:
    """Yield what is left of a file, at most `length` bytes, in pieces of `most` where possible."""
    # Asking for a mebibyte to get a hundred bytes costs more than all else that is done to them.
    likely = os.fstat(fd).st_size + 1 if length is None else length
    left = length
    while left is None or left > 0:
        chunk = os.read(fd, max(1, min(most, likely)) if left is None else min(most, left))
        if not chunk:
            return
        likely -= len(chunk)
        if left is not None:
            left -= len(chunk)
        yield chunk
