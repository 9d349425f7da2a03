"""Binding files: written whole, checked when read."""

from __future__ import annotations

import hashlib
import json
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract import ArtifactManifest
from contexta.contract.errors import (
    ArtifactError,
    ContextaError,
    IntegrityError,
    SchemaVersionError,
)
from contexta.store.artifacts._models import ArtifactBinding, BindingRevision
from contexta.store.fs import atomic_write_bytes, ensure_private_dir, translated_os_errors

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout

BINDING_FORMAT_VERSION = 1
MAX_BINDING_BYTES = 16 << 20
_HISTORY_BYTES = 1 << 20
_FIELDS = frozenset(ArtifactBinding.__slots__)


class StoredBinding(NamedTuple):
    """A binding and the revisions before it, oldest first."""

    binding: ArtifactBinding
    history: tuple[BindingRevision, ...] = ()


def write_binding(
    layout: Layout, binding: ArtifactBinding, history: tuple[BindingRevision, ...] = ()
) -> None:
    """Write a binding so that it is whole or absent; the caller holds its lock.

    Of a long history the oldest revisions are dropped; their numbers tell.

    Raises:
        ArtifactError: `artifact_store_manifest_too_large`: it could not be read back.
    """
    path = layout.binding(binding.artifact_ref)
    data = encode_binding(binding, history)
    while len(data) > _HISTORY_BYTES and history:
        history = history[1 + len(history) // 2 :]
        data = encode_binding(binding, history)
    if len(data) > MAX_BINDING_BYTES:
        raise ArtifactError(
            f"The manifest of {binding.artifact_ref!r} takes {len(data)} bytes, more than "
            f"{MAX_BINDING_BYTES}. Store what is large as an artifact of its own.",
            code="artifact_store_manifest_too_large",
            details={"artifact_ref": binding.artifact_ref, "size_bytes": len(data)},
        )
    ensure_private_dir(path.parent, follow=False)
    atomic_write_bytes(path, data)


def encode_binding(binding: ArtifactBinding, history: tuple[BindingRevision, ...] = ()) -> bytes:
    """Return the content of a binding file."""
    content: dict[str, Any] = {
        "format_version": BINDING_FORMAT_VERSION,
        "binding": binding.to_dict(),
    }
    if history:
        content["history"] = [
            {
                "revision": item.revision,
                "replaced_at": item.replaced_at,
                "manifest_snapshot": item.manifest.to_dict(),
            }
            for item in history
        ]
    return _encode({**content, "sha256": _digest(content)})


def read_binding(layout: Layout, ref: str) -> ArtifactBinding | None:
    """Return the binding of a ref; None when it is not bound.

    Raises:
        IntegrityError: `artifact_binding_damaged`.
        SchemaVersionError: `artifact_binding_format_unsupported`.
    """
    stored = read_stored(layout, ref)
    return None if stored is None else stored.binding


def read_stored(layout: Layout, ref: str) -> StoredBinding | None:
    """Return the binding of a ref with its history; as `read_binding` otherwise."""
    path = layout.binding(ref)
    stored = _load(path)
    if stored is not None and stored.binding.artifact_ref != ref:
        raise _damaged(path, f"it binds {stored.binding.artifact_ref!r}, not {ref!r}")
    return stored


def binding_paths(layout: Layout) -> list[Path]:
    """Return all binding files, in no useful order."""
    with translated_os_errors("list", layout.bindings):
        if not layout.bindings.is_dir():
            return []
        return [
            path
            for shard in layout.bindings.iterdir()
            if len(shard.name) == 2 and shard.is_dir()
            for path in shard.iterdir()
            if path.suffix == ".json" and not path.name.startswith("_")
        ]


def load_binding(path: Path) -> ArtifactBinding:
    """Return the binding in a file; raises as `read_binding` does."""
    stored = _load(path)
    if stored is None:
        raise _damaged(path, "it disappeared")
    return stored.binding


def binding_names(layout: Layout, ref: str, sha256: str) -> bool:
    """Tell whether a binding file, damaged as it may be, holds the text of a hash."""
    path = layout.binding(ref)
    with translated_os_errors("read the binding", path), open(path, "rb") as file:
        return sha256.encode() in file.read(MAX_BINDING_BYTES)


def _load(path: Path) -> StoredBinding | None:
    with translated_os_errors("read the binding", path):
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise _damaged(path, "it is not a regular file")
            with open(path, "rb") as file:
                raw = file.read(MAX_BINDING_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
    return _decode(path, raw)


def _decode(path: Path, raw: bytes) -> StoredBinding:
    if len(raw) > MAX_BINDING_BYTES:
        raise _damaged(path, f"it is larger than {MAX_BINDING_BYTES} bytes")
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "it is not JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("format_version"), int):
        raise _damaged(path, "it has no format version")
    if content["format_version"] > BINDING_FORMAT_VERSION:
        raise SchemaVersionError(
            f"{str(path)!r} has binding format {content['format_version']}; this release reads "
            f"up to {BINDING_FORMAT_VERSION}. Upgrade contexta; nothing was changed.",
            code="artifact_binding_format_unsupported",
            details={"path": str(path), "current_version": content["format_version"]},
        )
    claimed = content.pop("sha256", None)
    if claimed != _digest(content):
        raise _damaged(path, "its digest does not match its content")
    try:
        return StoredBinding(
            binding_of(content["binding"]),
            tuple(
                BindingRevision(
                    item["revision"],
                    ArtifactManifest.model_validate(item["manifest_snapshot"]),
                    item["replaced_at"],
                )
                for item in content.get("history", ())
            ),
        )
    except (ContextaError, TypeError, KeyError, ValueError) as error:
        raise _damaged(path, f"its content is not a binding: {error}") from error


def binding_of(content: Any) -> ArtifactBinding:
    """Return the binding in plain data; fields that this release does not know are ignored.

    Raises:
        ContextaError, TypeError, KeyError, ValueError: When it is none.
    """
    known = {name: value for name, value in dict(content).items() if name in _FIELDS}
    manifest = ArtifactManifest.model_validate(known.pop("manifest_snapshot"))
    return ArtifactBinding(**known, manifest_snapshot=manifest)


def _encode(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_encode(content)).hexdigest()


def misplaced(path: Path, ref: str) -> IntegrityError:
    """Build the error for a binding file that lies at the place of another ref."""
    return _damaged(path, f"it binds {ref!r}, whose place is another")


def _damaged(path: Path, reason: str) -> IntegrityError:
    return IntegrityError(
        f"The binding file {str(path)!r} is damaged: {reason}. Put the artifact again with the "
        "right bytes, or restore a backup; other artifacts are unaffected.",
        code="artifact_binding_damaged",
        details={"path": str(path), "reason": reason},
    )
