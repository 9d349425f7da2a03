"""The manifest of a backup: every file with size and SHA-256, and a digest over itself.

The file is canonical JSON: sorted keys, ASCII, each file on a line of its own, one newline at
the end. Reading compares the bytes with the canonical form (see `_manifest_read`), so that any
changed byte is noticed, also one between the values. Who rewrites data and all digests is not
detected; that needs a key.

Format 1 knew plain files under their own path only. Format 2 adds how each file is stored, the
form of the backup, what the stores said about each plane, and encryption. Both are read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from contexta.store.fs import atomic_write_bytes

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST_NAME = "manifest.json"
PAYLOAD = "workspace"
BACKUP_FORMAT_VERSION = 2
DIGEST = "manifest_sha256"
PLAIN, ZSTD, SEALED = "plain", "zstd", "+sealed"
ENCODINGS = frozenset({PLAIN, ZSTD, PLAIN + SEALED, ZSTD + SEALED})
FORMS = frozenset({"directory", "archive"})


class FileEntry(NamedTuple):
    """One file of the workspace, and how the backup stores it.

    Attributes:
        path: POSIX path relative to the backup, below `workspace/`.
        size: Bytes of the file itself.
        sha256: SHA-256 of the file itself, in hex.
        stored: POSIX path of the stored file relative to the backup. Several entries may name
            the same one; then size, digests and encoding are equal too.
        stored_size: Bytes of the stored file.
        stored_sha256: SHA-256 of the stored file, in hex.
        encoding: `plain`, `zstd`, `plain+sealed` or `zstd+sealed`.
    """

    path: str
    size: int
    sha256: str
    stored: str
    stored_size: int
    stored_sha256: str
    encoding: str = PLAIN

    @classmethod
    def plain(cls, path: str, size: int, sha256: str) -> Self:
        """Return the entry of a file that is stored as it is, under its own path."""
        return cls(path, size, sha256, path, size, sha256)


class StoredFile(NamedTuple):
    """A stored file, whatever it holds: name, size in bytes, SHA-256 in hex."""

    stored: str
    size: int
    sha256: str


class PlaneInspection(NamedTuple):
    """What opening one plane of the copy showed.

    Attributes:
        digest: Over path and SHA-256 of the files of the plane: equal files, equal findings.
        facts: What a `RestoreResult` shows of the plane.
        damage: Lines `<plane>:<what>`.
    """

    digest: str
    facts: Mapping[str, Any]
    damage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Args:
        planes: Per plane (`metadata`, `records`, `artifacts`) whether the workspace had it.
        counts: `runs`, `records`, `artifacts`, as read back from the written copy.
        files: Every file; empty in a sealed backup until its list is unsealed.
        damage: What was wrong with the workspace itself when it was copied.
        warnings: What was left out.
        form: `directory` or `archive`.
        inspections: Per plane what opening it showed.
        encryption: None, or JSON data that says how the files are sealed.
        sealed_files: Every stored file of a sealed backup, the sealed list of files included.
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
    form: str = "directory"
    inspections: Mapping[str, PlaneInspection] = field(default_factory=dict)
    encryption: Mapping[str, Any] | None = None
    sealed_files: tuple[StoredFile, ...] = ()

    @property
    def total_bytes(self) -> int:
        """Bytes of the workspace's files, as they are outside the backup."""
        return sum(entry.size for entry in self.files)

    @property
    def stored_bytes(self) -> int:
        """Bytes of all stored files, without the manifest; links count as full files."""
        return sum(stored.size for stored in self.stored_files())

    def stored_files(self) -> tuple[StoredFile, ...]:
        """Return what lies in the backup beside the manifest, each once, in order of names."""
        stored = {
            StoredFile(entry.stored, entry.stored_size, entry.stored_sha256) for entry in self.files
        }
        return tuple(sorted(stored | set(self.sealed_files)))

    def body(self) -> dict[str, Any]:
        """Return the JSON data that the digest is taken of."""
        common: dict[str, Any] = {
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
        }
        if self.format_version == 1:
            files = [
                {"path": entry.path, "size": entry.size, "sha256": entry.sha256}
                for entry in sorted(self.files)
            ]
            return common | {"files": files}
        return common | {
            "files": [entry._asdict() for entry in sorted(self.files)],
            "form": self.form,
            "inspections": {
                name: {"digest": one.digest, "facts": dict(one.facts), "damage": list(one.damage)}
                for name, one in self.inspections.items()
            },
            "encryption": None if self.encryption is None else dict(self.encryption),
            "sealed_files": [stored._asdict() for stored in sorted(self.sealed_files)],
        }

    def to_bytes(self) -> bytes:
        """Return the canonical form, digest included."""
        body = self.body()
        if self.format_version == 1:
            return canonical(body | {DIGEST: hashlib.sha256(canonical(body)).hexdigest()})
        # Long lists are turned into text once, for the digest and for the file.
        lines = {key: _value(value) for key, value in body.items()}
        digest = hashlib.sha256(_joined(lines)).hexdigest()
        return _joined(lines | {DIGEST: _value(digest)})


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return the one byte form of a manifest of its format version."""
    if body.get("format_version") == 1:
        return canonical(body)
    return _joined({key: _value(value) for key, value in body.items()})


# `indent` would take the encoder that is written in Python: 20 times slower for long lists.
_as_text = json.JSONEncoder(sort_keys=True).encode


def _joined(lines: Mapping[str, str]) -> bytes:
    text = ",\n".join(f"{_as_text(key)}: {lines[key]}" for key in sorted(lines))
    return f"{{\n{text}\n}}\n".encode("ascii")


def _value(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        rows = ",\n".join(map(_as_text, value))
        return f"[\n{rows}\n]"
    return _as_text(value)


def canonical(value: object) -> bytes:
    """Return JSON data with sorted keys, two spaces and one newline at the end."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def write_manifest(folder: Path, manifest: Manifest) -> int:
    """Write the manifest durably and return its size in bytes."""
    data = manifest.to_bytes()
    atomic_write_bytes(folder / MANIFEST_NAME, data)
    return len(data)
