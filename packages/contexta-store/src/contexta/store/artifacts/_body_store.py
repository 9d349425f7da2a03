"""Bodies elsewhere: what another place must offer to hold copies, and copying to and from it."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, runtime_checkable

from contexta.store.artifacts._bodies import body_size
from contexta.store.artifacts._checks import artifact_ref_text
from contexta.store.artifacts._commit import unbound
from contexta.store.artifacts._package import is_sha256
from contexta.store.fs import (
    ensure_private_dir,
    fsync_dir,
    open_private,
    temporary_name,
    translated_os_errors,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contexta.contract.refs import StableRef
    from contexta.store.artifacts._catalogue import Catalogue
    from contexta.store.artifacts._commit import Committer
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._staging import StagingArea
    from contexta.store.artifacts._verify import Verifier

_CHUNK_BYTES = 1 << 20


@runtime_checkable
class BodyStore(Protocol):
    """A place that holds bodies by the SHA-256 of their content: a bucket, a server, a disk.

    Write a class with these methods around the client of your object store, with the hash as
    the key. The artifact store hashes whatever it gets from it, so it need not be trusted.
    """

    def has(self, sha256: str) -> bool:
        """Tell whether a whole body is there."""
        ...

    def put(self, sha256: str, source: IO[bytes], size_bytes: int) -> None:
        """Store a body; it counts as there only when all of it is. Repeating is harmless."""
        ...

    def open(self, sha256: str, *, start: int = 0, length: int | None = None) -> IO[bytes]:
        """Open a stretch of a body for reading; the caller closes it.

        Raises:
            KeyError: When it is not there.
        """
        ...

    def hashes(self) -> Iterator[str]:
        """Yield the hashes of all bodies, in any order."""
        ...

    def remove(self, sha256: str) -> None:
        """Remove a body; nothing happens when it is not there."""
        ...


class FolderBodyStore:
    """A `BodyStore` in a folder, laid out as `<first two digits>/<sha256>`.

    For a mounted disk, and as an example to write others by.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()

    def has(self, sha256: str) -> bool:
        """Tell whether a body is there."""
        return body_size(self._path(sha256)) is not None

    def put(self, sha256: str, source: IO[bytes], size_bytes: int) -> None:
        """Store a body, whole or not at all."""
        path = self._path(sha256)
        ensure_private_dir(path.parent)
        temporary = path.with_name(temporary_name())
        with translated_os_errors("write the body", path):
            fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            try:
                try:
                    while chunk := source.read(_CHUNK_BYTES):
                        write_all(fd, chunk)
                    os.fsync(fd)
                    complete = os.fstat(fd).st_size == size_bytes
                finally:
                    os.close(fd)
                if complete:
                    os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        fsync_dir(path.parent)

    def open(self, sha256: str, *, start: int = 0, length: int | None = None) -> IO[bytes]:
        """Open a body at a byte; with a length, reads end there."""
        path = self._path(sha256)
        if body_size(path) is None:
            raise KeyError(sha256)
        file = path.open("rb")
        file.seek(start)
        if length is None:
            return file
        with file:
            return io.BytesIO(file.read(length))

    def hashes(self) -> Iterator[str]:
        """Yield the hashes of all bodies, sorted."""
        for path in sorted(self.root.glob("??/*")):
            if is_sha256(path.name) and path.is_file():
                yield path.name

    def remove(self, sha256: str) -> None:
        """Remove a body."""
        with translated_os_errors("remove the body", self._path(sha256)):
            self._path(sha256).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise KeyError(sha256)
        return self.root / sha256[:2] / sha256


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What copying bodies did: hashes in order, and the bytes that were copied.

    Attributes:
        copied: Bodies that were copied.
        present: Bodies that were whole already.
        missing: Bodies that the source does not have, or has damaged.
        copied_bytes: Bytes of the copied ones.
    """

    copied: tuple[str, ...]
    present: tuple[str, ...]
    missing: tuple[str, ...]
    copied_bytes: int


class BodyCopier:
    """Copies bodies between a store and another place."""

    def __init__(
        self,
        layout: Layout,
        catalogue: Catalogue,
        verifier: Verifier,
        staging: StagingArea,
        committer: Committer,
    ) -> None:
        self._layout = layout
        self._catalogue = catalogue
        self._verifier = verifier
        self._staging = staging
        self._committer = committer

    def push(self, target: BodyStore, refs: Iterable[StableRef | str] | None) -> TransferReport:
        """Copy what the target lacks; a body is hashed before any of it is sent."""
        copied: list[str] = []
        present: list[str] = []
        missing: list[str] = []
        total = 0
        for sha256 in self._wanted(refs):
            path = self._layout.body(sha256)
            if target.has(sha256):
                present.append(sha256)
            elif not self._committer.is_whole(path, sha256):
                missing.append(sha256)
            else:
                with open(path, "rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    target.put(sha256, file, size)
                copied.append(sha256)
                total += size
        return TransferReport(tuple(copied), tuple(present), tuple(missing), total)

    def pull(self, source: BodyStore, refs: Iterable[StableRef | str] | None) -> TransferReport:
        """Fetch what is missing or damaged here; trees first, for the files that they name."""
        copied: list[str] = []
        present: list[str] = []
        missing: list[str] = []
        total = 0
        seen: set[str] = set()
        while fresh := [sha256 for sha256 in self._wanted(refs) if sha256 not in seen]:
            for sha256 in fresh:
                seen.add(sha256)
                if self._committer.is_whole(self._layout.body(sha256), sha256):
                    present.append(sha256)
                    continue
                size = self._fetch(source, sha256)
                (missing if size is None else copied).append(sha256)
                total += size or 0
        return TransferReport(tuple(copied), tuple(present), tuple(missing), total)

    def _fetch(self, source: BodyStore, sha256: str) -> int | None:
        if not source.has(sha256):
            return None
        with self._staging.session() as session_id:
            target = self._staging.body_path(session_id)
            fd = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            digest, size = hashlib.sha256(), 0
            with translated_os_errors("write", target), source.open(sha256) as file:
                try:
                    while chunk := file.read(_CHUNK_BYTES):
                        digest.update(chunk)
                        write_all(fd, chunk)
                        size += len(chunk)
                    os.fsync(fd)
                finally:
                    os.close(fd)
            if digest.hexdigest() != sha256:
                return None
            self._committer.place(session_id, target, sha256)
        return size

    def _wanted(self, refs: Iterable[StableRef | str] | None) -> list[str]:
        entries = self._catalogue.listing().entries
        if refs is not None:
            known = {entry.ref: entry for entry in entries}
            asked = [artifact_ref_text(ref) for ref in refs]
            for ref in asked:
                if ref not in known:
                    raise unbound(ref)
            entries = tuple(known[ref] for ref in asked)
        wanted: set[str] = set()
        for entry in entries:
            needed, _ = self._verifier.needed([entry])
            wanted |= needed
        return sorted(wanted)
