"""Bodies that were put aside: listed, restored or released on request, never by themselves."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ArtifactError, IntegrityError, NotFoundError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._audit import note_change
from contexta.store.artifacts._bodies import body_missing, body_size, hash_body, publish
from contexta.store.artifacts._locking import object_lock
from contexta.store.fs import (
    atomic_write_bytes,
    copy_hashed,
    ensure_private_dir,
    fsync_dir,
    open_private,
    translated_os_errors,
)

if TYPE_CHECKING:
    from contexta.store.artifacts._layout import Layout

QUARANTINE_FORMAT_VERSION = 1
_ENTRY_NAME = "entry.json"
_BODY_NAME = "body"
_MAX_BYTES = 64 << 20
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """A body that was put aside.

    Attributes:
        entry_id: 32 hex digits.
        reason: `drifted`, `orphan` or `replaced`.
        quarantined_at: UTC text.
        original_path: Where it lay, relative to the root of the store.
        hash_value: The SHA-256 that its name promised; None when its name was none.
        size_bytes: Its bytes when it was put aside.
        artifact_refs: The refs that were bound to it, sorted.
        path: Where it lies now, absolute.
    """

    entry_id: str
    reason: str
    quarantined_at: str
    original_path: str
    hash_value: str | None
    size_bytes: int
    artifact_refs: tuple[str, ...]
    path: Path


class Quarantine:
    """The quarantine of one store."""

    def __init__(self, layout: Layout, *, chunk_bytes: int) -> None:
        self._layout = layout
        self._chunk_bytes = chunk_bytes

    def take(self, body: Path, *, reason: str, refs: tuple[str, ...], keep: bool = False) -> Path:
        """Put a body aside and return its new place; the caller holds the lock of the old one.

        With `keep` it stays at the old place too: as a hard link, or as a copy.
        """
        size = body_size(body)
        if size is None:
            raise body_missing(refs[0] if refs else str(body), body)
        entry_id = secrets.token_hex(16)
        folder = ensure_private_dir(self._layout.quarantine / entry_id, follow=False)
        target = folder / _BODY_NAME
        is_hash = len(body.name) == 64 and set(body.name) <= _DIGITS
        entry = QuarantineEntry(
            entry_id,
            reason,
            iso_utc_now(),
            body.relative_to(self._layout.root).as_posix(),
            body.name if is_hash else None,
            size,
            refs,
            target,
        )
        # The entry first: one without a body is nothing, a body without an entry is a riddle.
        atomic_write_bytes(folder / _ENTRY_NAME, _encode(entry))
        with translated_os_errors("quarantine", body):
            if not keep:
                os.replace(body, target)
                fsync_dir(body.parent)
            elif not _linked(body, target):
                self._copy(body, target)
        fsync_dir(folder)
        note_change(
            self._layout, "quarantine", reason=reason, path=entry.original_path, id=entry_id
        )
        return target

    def entries(self) -> tuple[QuarantineEntry, ...]:
        """Return what is there, oldest first.

        Raises:
            IntegrityError: `artifact_quarantine_damaged`.
        """
        with translated_os_errors("list", self._layout.quarantine):
            if not self._layout.quarantine.is_dir():
                return ()
            folders = sorted(self._layout.quarantine.iterdir())
        found = [
            self._read(folder) for folder in folders if body_size(folder / _BODY_NAME) is not None
        ]
        return tuple(sorted(found, key=lambda item: (item.quarantined_at, item.entry_id)))

    def entry(self, entry_id: str) -> QuarantineEntry:
        """Return one entry.

        Raises:
            NotFoundError: `artifact_quarantine_entry_not_found`.
        """
        valid = isinstance(entry_id, str) and len(entry_id) == 32 and set(entry_id) <= _DIGITS
        folder = self._layout.quarantine / entry_id if valid else None
        if folder is None or body_size(folder / _BODY_NAME) is None:
            raise NotFoundError(
                f"There is no quarantined body {entry_id!r}; list_quarantine names them.",
                code="artifact_quarantine_entry_not_found",
                details={"entry_id": str(entry_id)},
            )
        return self._read(folder)

    def restore(self, entry_id: str) -> Path:
        """Move a body back to its place; see `ArtifactStore.restore_quarantined`."""
        entry = self.entry(entry_id)
        if entry.hash_value is None:
            raise ArtifactError(
                f"{entry.original_path!r} is no place of a body, so nothing goes back there. "
                f"Its bytes are at {str(entry.path)!r}.",
                code="artifact_quarantine_not_restorable",
                details={"entry_id": entry_id},
            )
        _, actual = hash_body(entry.path, chunk_bytes=self._chunk_bytes)
        if actual != entry.hash_value:
            raise IntegrityError(
                f"Quarantined body {entry_id!r} is damaged: its SHA-256 is {actual}, not "
                f"{entry.hash_value}. Put the artifact again with the right bytes.",
                code="artifact_store_hash_mismatch",
                details={
                    "entry_id": entry_id,
                    "expected_hash_value": entry.hash_value,
                    "actual_hash_value": actual,
                },
            )
        publish(self._layout, entry.path, entry.hash_value)
        self._remove(entry_id)
        note_change(self._layout, "restore_quarantined", id=entry_id, hash=entry.hash_value)
        return self._layout.body(entry.hash_value)

    def release(self, entry_id: str) -> int:
        """Delete a body for good; return its bytes."""
        entry = self.entry(entry_id)
        with translated_os_errors("remove", entry.path):
            entry.path.unlink()
        self._remove(entry_id)
        note_change(self._layout, "release_quarantined", id=entry_id, path=entry.original_path)
        return entry.size_bytes

    def _copy(self, source: Path, target: Path) -> None:
        source_fd = open_private(source, os.O_RDONLY)
        try:
            target_fd = open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            try:
                copy_hashed(source_fd, target_fd, chunk_bytes=self._chunk_bytes)
                os.fsync(target_fd)
            finally:
                os.close(target_fd)
        finally:
            os.close(source_fd)

    def _remove(self, entry_id: str) -> None:
        shutil.rmtree(self._layout.quarantine / entry_id, ignore_errors=True)
        fsync_dir(self._layout.quarantine)

    def _read(self, folder: Path) -> QuarantineEntry:
        path = folder / _ENTRY_NAME
        with translated_os_errors("read", path):
            try:
                with open(path, "rb") as file:
                    raw = file.read(_MAX_BYTES)
            except FileNotFoundError as error:
                raise _damaged(path, "it is not there") from error
        try:
            content = json.loads(raw)
            claimed = content.pop("sha256")
            if claimed != _digest(content):
                raise _damaged(path, "its digest does not match its content")
            fields = content["entry"]
            refs = tuple(fields.pop("artifact_refs"))
            return QuarantineEntry(**fields, artifact_refs=refs, path=folder / _BODY_NAME)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _damaged(path, f"its content is not an entry: {error}") from error


def take_locked(layout: Layout, quarantine: Quarantine, sha256: str, **facts: Any) -> Path:
    """Put the body with a hash aside, holding its lock."""
    with object_lock(layout, sha256):
        return quarantine.take(layout.body(sha256), **facts)


def _linked(body: Path, target: Path) -> bool:
    try:
        os.link(body, target, follow_symlinks=False)
    except OSError:  # a file system without hard links; the copy that follows reports the rest
        return False
    return True


def _encode(entry: QuarantineEntry) -> bytes:
    fields = {name: value for name, value in asdict(entry).items() if name != "path"}
    content = {"format_version": QUARANTINE_FORMAT_VERSION, "entry": fields}
    return json.dumps({**content, "sha256": _digest(content)}, sort_keys=True).encode()


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path, reason: str) -> IntegrityError:
    return IntegrityError(
        f"The quarantine entry {str(path)!r} is damaged: {reason}. Its body lies beside it.",
        code="artifact_quarantine_damaged",
        details={"path": str(path), "reason": reason},
    )
