"""A backup in any form as the bytes of one archive, made while they are sent."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._archive import END_MARK
from contexta.recovery._errors import BackupError
from contexta.recovery._manifest import MANIFEST_NAME
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._tar_headers import BLOCK_BYTES, member_header, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contexta.recovery._manifest import StoredFile
    from contexta.recovery._source import BackupSource

_CHUNK_BYTES = 1 << 20


class ArchiveStream:
    """The archive of one backup; the same backup always gives the same bytes.

    Args:
        source: The backup.
        raw: The bytes of its manifest, which was checked.
        stored: What the manifest lists.
    """

    def __init__(self, source: BackupSource, raw: bytes, stored: tuple[StoredFile, ...]) -> None:
        self._source = source
        self._raw = raw
        self._stored = stored

    @property
    def size(self) -> int:
        """Bytes of the archive."""
        members = [
            (MANIFEST_NAME, len(self._raw)),
            *((one.stored, one.size) for one in self._stored),
        ]
        return len(END_MARK) + sum(
            len(member_header(name, size)) + size + -size % BLOCK_BYTES for name, size in members
        )

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in order, none larger than about 1 MiB.

        Raises:
            BackupError: `recovery_backup_damaged` when a file is not as the manifest says; then
                what was yielded is no archive.
            OSError: As the system, while reading.
        """
        yield member_header(MANIFEST_NAME, len(self._raw))
        for start in range(0, len(self._raw), _CHUNK_BYTES):
            yield self._raw[start : start + _CHUNK_BYTES]
        yield padded(self._raw)[len(self._raw) :]
        for one in self._stored:
            yield member_header(one.stored, one.size)
            yield from self._content(one)
            yield bytes(-one.size % BLOCK_BYTES)
        yield END_MARK

    def _content(self, one: StoredFile) -> Iterator[bytes]:
        opened = self._source.open(one.stored, one.size)
        if isinstance(opened, BackupProblem):
            raise damaged(self._source.ref, [opened])
        digest, left = hashlib.sha256(), one.size
        with opened:
            while left > 0 and (chunk := opened.read(min(_CHUNK_BYTES, left))):
                digest.update(chunk)
                left -= len(chunk)
                yield chunk
        if left or digest.hexdigest() != one.sha256:
            message = f"{one.stored}: its SHA-256 is not the one in the manifest."
            raise damaged(self._source.ref, [BackupProblem("hash_differs", one.stored, message)])


class Measured(NamedTuple):
    """How long a stream of bytes was, and its SHA-256 in hex."""

    size: int
    sha256: str


class Meter:
    """Counts and hashes what passes."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._size = 0

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks that are not empty, each counted."""
        for chunk in chunks:
            if chunk:
                self._digest.update(chunk)
                self._size += len(chunk)
                yield chunk

    @property
    def result(self) -> Measured:
        """What has passed so far."""
        return Measured(self._size, self._digest.hexdigest())


def damaged(ref: str, problems: Iterable[BackupProblem]) -> BackupError:
    """Return the error of a backup that is not what was written."""
    found = list(problems)
    return BackupError(
        f"Backup {ref!r} is damaged: {found[0].message} ({len(found)} problems). Choose another "
        "backup; verify_backup names every problem.",
        code="recovery_backup_damaged",
        details={"backup_ref": ref, "problems": [problem.to_dict() for problem in found]},
    )
