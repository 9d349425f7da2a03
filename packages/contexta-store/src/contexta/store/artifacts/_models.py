"""What the artifact plane hands out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contexta.contract import ArtifactManifest
from contexta.contract.errors import ValidationError
from contexta.store.artifacts._checks import (
    require_count,
    require_instant,
    require_path,
    require_text,
)

_TEXTS = ("artifact_ref", "artifact_kind", "binding_id", "source_name", "ingest_mode")


@dataclass(frozen=True, slots=True)
class ArtifactBinding:
    """Which bytes a ref stands for.

    Attributes:
        artifact_ref: Ref text.
        artifact_kind: As in the manifest.
        binding_id: `binding-<32 hex digits>`.
        source_name: Name of the source file.
        ingest_mode: How it came in.
        size_bytes: Bytes of the body; for a folder, of all its files.
        hash_algorithm: `sha256`.
        hash_value: 64 lower-case hex digits; for a folder, of its tree object.
        layout_version: Label of the layout that stored it.
        created_at: When it was bound, UTC text.
        manifest_snapshot: The manifest as given.
        body_kind: `file`, `tree` for a folder, or `reference` for a file that stays where it is.
        revision: Counts from 1; each put of the same bytes with a changed manifest adds 1.
        location: Absolute path of the file, for a reference; otherwise None.
    """

    artifact_ref: str
    artifact_kind: str
    binding_id: str
    source_name: str
    ingest_mode: str
    size_bytes: int
    hash_algorithm: str | None
    hash_value: str | None
    layout_version: str
    created_at: str
    manifest_snapshot: ArtifactManifest
    body_kind: str = "file"
    revision: int = 1
    location: str | None = None

    def __post_init__(self) -> None:
        for name in (*_TEXTS, "layout_version", "body_kind"):
            require_text(name, getattr(self, name))
        require_count("size_bytes", self.size_bytes)
        require_count("revision", self.revision)
        if (self.location is not None) != (self.body_kind == "reference"):
            raise ValidationError(
                f"A binding of kind {self.body_kind!r} cannot have location {self.location!r}.",
                code="artifact_store_invalid_text",
                details={"field_name": "location"},
            )
        require_instant("created_at", self.created_at)
        manifest = self.manifest_snapshot
        if not isinstance(manifest, ArtifactManifest):
            raise ValidationError(
                f"manifest_snapshot must be an ArtifactManifest, not {type(manifest).__name__}.",
                code="artifact_store_invalid_manifest_snapshot",
            )
        claimed = (manifest.artifact_ref.text, manifest.artifact_kind)
        if claimed != (self.artifact_ref, self.artifact_kind):
            raise ValidationError(
                f"Binding of {self.artifact_ref!r} carries the manifest of {claimed[0]!r}.",
                code="artifact_store_binding_manifest_mismatch",
                details={"artifact_ref": self.artifact_ref, "manifest_ref": claimed[0]},
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, keys in field order."""
        return {
            name: self.manifest_snapshot.to_dict()
            if name == "manifest_snapshot"
            else getattr(self, name)
            for name in self.__slots__
        }


@dataclass(frozen=True, slots=True)
class ArtifactHandle:
    """A binding and the absolute path of its body (for a folder, of its tree object)."""

    binding: ArtifactBinding
    path: Path

    def __post_init__(self) -> None:
        _require_binding(self.binding)
        require_path("path", self.path)


@dataclass(frozen=True, slots=True)
class ArtifactPutReceipt:
    """The result of a put.

    Attributes:
        binding: The binding that counts now.
        path: Absolute path of the body, read-only.
        bytes_written: 0 when the ref was bound to the same bytes before.
        manifest_differences: Fields in which the given manifest differs from the one that was
            bound to the same bytes before, sorted. The given one counts now, as a new revision;
            the old one is kept (`list_binding_revisions`).
    """

    binding: ArtifactBinding
    path: Path
    bytes_written: int
    manifest_differences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_binding(self.binding)
        require_path("path", self.path)
        require_count("bytes_written", self.bytes_written)


@dataclass(frozen=True, slots=True)
class BindingRevision:
    """A manifest that was bound once.

    Attributes:
        revision: Its number, from 1.
        manifest: The manifest.
        replaced_at: When the next one took its place, UTC text; None for the current one.
    """

    revision: int
    manifest: ArtifactManifest
    replaced_at: str | None


@dataclass(frozen=True, slots=True)
class IngestSession:
    """A staged ingest; known to its store by `session_id` only, the path is informative."""

    session_id: str
    staging_path: Path
    source_name: str

    def __post_init__(self) -> None:
        require_text("session_id", self.session_id)
        require_path("staging_path", self.staging_path)
        require_text("source_name", self.source_name)


@dataclass(frozen=True, slots=True)
class TreeMember:
    """A file of a folder artifact: path with `/` relative to it, bytes, SHA-256."""

    path: str
    size_bytes: int
    sha256: str


def _require_binding(value: object) -> None:
    if not isinstance(value, ArtifactBinding):
        raise ValidationError(
            f"binding must be an ArtifactBinding, not {type(value).__name__}.",
            code="artifact_store_invalid_binding",
        )
