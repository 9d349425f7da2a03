"""The manifest of a backup: every file with size and SHA-256, and a digest over itself.

The file is canonical JSON: sorted keys, two spaces, ASCII, one newline at the end. Reading
compares the bytes with the canonical form, so that any changed byte is noticed, also one between
the values. Who rewrites data and all digests is not detected; that needs a key.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.recovery.models import BackupProblem
from contexta.store.fs import atomic_write_bytes

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST_NAME = "manifest.json"
PAYLOAD = "workspace"
BACKUP_FORMAT_VERSION = 1
_MAX_MANIFEST_BYTES = 1 << 30
_DIGEST = "manifest_sha256"


class FileEntry(NamedTuple):
    """One file: POSIX path relative to the backup folder, size in bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Args:
        planes: Per plane (`metadata`, `records`, `artifacts`) whether the workspace had it.
        counts: `runs`, `records`, `artifacts`, as read back from the written copy.
        damage: What was wrong with the workspace itself when it was copied.
        warnings: What was left out.
    """

    backup_ref: str
    created_at: str
    workspace_root: str
    workspace_id: str | None
    profile_name: str
    included_sections: tuple[str, ...]
    store_schema_versions: Mapping[str, str]
    planes: Mapping[str, bool]
    counts: Mapping[str, int]
    files: tuple[FileEntry, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    format_version: int = field(default=BACKUP_FORMAT_VERSION)

    @property
    def total_bytes(self) -> int:
        """Bytes of all files, without the manifest."""
        return sum(entry.size for entry in self.files)

    def to_bytes(self) -> bytes:
        """Return the canonical form, digest included."""
        body: dict[str, Any] = {
            "format_version": self.format_version,
            "backup_ref": self.backup_ref,
            "created_at": self.created_at,
            "workspace_root": self.workspace_root,
            "workspace_id": self.workspace_id,
            "profile_name": self.profile_name,
            "included_sections": list(self.included_sections),
            "store_schema_versions": dict(self.store_schema_versions),
            "planes": dict(self.planes),
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "damage": list(self.damage),
            "files": [
                {"path": entry.path, "size": entry.size, "sha256": entry.sha256}
                for entry in sorted(self.files)
            ],
        }
        return canonical(body | {_DIGEST: hashlib.sha256(canonical(body)).hexdigest()})


class LoadedManifest(NamedTuple):
    """A manifest file: None and the problems when it cannot be trusted."""

    manifest: Manifest | None
    problems: tuple[BackupProblem, ...]
    sha256: str | None


def canonical(value: object) -> bytes:
    """Return the one byte form of JSON data that digests are taken of."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def write_manifest(folder: Path, manifest: Manifest) -> int:
    """Write the manifest durably and return its size in bytes."""
    data = manifest.to_bytes()
    atomic_write_bytes(folder / MANIFEST_NAME, data)
    return len(data)


def load_manifest(folder: Path) -> LoadedManifest:
    """Read and check the manifest of a backup folder; never raises for damage."""
    raw = _read(folder / MANIFEST_NAME)
    if isinstance(raw, BackupProblem):
        return LoadedManifest(None, (raw,), None)
    digest = hashlib.sha256(raw).hexdigest()
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return LoadedManifest(None, (_problem("manifest_invalid", f"not JSON: {error}"),), digest)
    if not isinstance(data, dict):
        return LoadedManifest(None, (_problem("manifest_invalid", "not an object"),), digest)
    version = data.get("format_version")
    if isinstance(version, int) and version > BACKUP_FORMAT_VERSION:
        message = f"format {version}; this release reads {BACKUP_FORMAT_VERSION}. Upgrade contexta"
        return LoadedManifest(None, (_problem("manifest_invalid", message),), digest)
    claimed = data.pop(_DIGEST, None)
    if claimed != hashlib.sha256(canonical(data)).hexdigest():
        message = "its content does not match its own digest"
        return LoadedManifest(None, (_problem("manifest_edited", message),), digest)
    try:
        manifest = _parse(data)
    except (KeyError, TypeError, ValueError) as error:
        message = f"a field is missing or of the wrong kind: {error!r}"
        return LoadedManifest(None, (_problem("manifest_invalid", message),), digest)
    if manifest.to_bytes() != raw:
        message = "its bytes are not the canonical form that was written"
        return LoadedManifest(None, (_problem("manifest_edited", message),), digest)
    return LoadedManifest(manifest, (), digest)


def _read(path: Path) -> bytes | BackupProblem:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return _problem("manifest_missing", "it does not exist")
    except OSError as error:
        return _problem("manifest_invalid", f"it cannot be read: {error.strerror}")
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return _problem("manifest_invalid", "not a regular file")
    with open(fd, "rb") as file:
        try:
            raw = file.read(_MAX_MANIFEST_BYTES + 1)
        except OSError as error:
            return _problem("manifest_invalid", f"it cannot be read: {error.strerror}")
    if len(raw) > _MAX_MANIFEST_BYTES:
        return _problem("manifest_invalid", f"larger than {_MAX_MANIFEST_BYTES} bytes")
    return raw


def _problem(kind: str, message: str) -> BackupProblem:
    return BackupProblem(kind, MANIFEST_NAME, f"{MANIFEST_NAME}: {message}.")


def _parse(data: dict[str, Any]) -> Manifest:
    return Manifest(
        backup_ref=_text(data["backup_ref"]),
        created_at=_text(data["created_at"]),
        workspace_root=_text(data["workspace_root"]),
        workspace_id=None if data["workspace_id"] is None else _text(data["workspace_id"]),
        profile_name=_text(data["profile_name"]),
        included_sections=_texts(data["included_sections"]),
        store_schema_versions={k: _text(v) for k, v in data["store_schema_versions"].items()},
        planes={name: bool(data["planes"][name]) for name in data["planes"]},
        counts={name: int(number) for name, number in data["counts"].items()},
        files=_entries(data["files"]),
        notes=_texts(data["notes"]),
        warnings=_texts(data["warnings"]),
        damage=_texts(data["damage"]),
        format_version=int(data["format_version"]),
    )


def _entries(items: list[dict[str, Any]]) -> tuple[FileEntry, ...]:
    entries = tuple(
        FileEntry(_safe_path(item["path"]), int(item["size"]), _text(item["sha256"]))
        for item in items
    )
    paths = {entry.path for entry in entries}
    if len(paths) != len(entries):
        raise ValueError("a path is listed twice")
    return entries


def _safe_path(path: object) -> str:
    text = _text(path)
    parts = text.split("/")
    if len(parts) < 2 or parts[0] != PAYLOAD or "\0" in text:
        raise ValueError(f"path {text!r} is not below {PAYLOAD}/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"path {text!r} could lead elsewhere")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _texts(values: list[Any]) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)
