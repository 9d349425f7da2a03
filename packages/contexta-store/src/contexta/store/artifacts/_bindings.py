"""Binding files: written whole, checked when read."""

from __future__ import annotations

import hashlib
import json
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contexta.contract import ArtifactManifest
from contexta.contract.errors import ContextaError, IntegrityError, SchemaVersionError
from contexta.store.artifacts._models import ArtifactBinding
from contexta.store.fs import (
    FileLock,
    atomic_write_bytes,
    ensure_private_dir,
    translated_os_errors,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout

BINDING_FORMAT_VERSION = 1
_MAX_BYTES = 16 << 20


@contextmanager
def binding_lock(layout: Layout, ref: str) -> Iterator[None]:
    """Hold the right to change the binding of a ref, among all processes."""
    ensure_private_dir(layout.locks, follow=False)
    with FileLock(layout.lock(ref)):
        yield


def write_binding(layout: Layout, binding: ArtifactBinding) -> None:
    """Write a binding so that it is whole or absent; the caller holds its lock."""
    path = layout.binding(binding.artifact_ref)
    ensure_private_dir(path.parent, follow=False)
    content = {"format_version": BINDING_FORMAT_VERSION, "binding": binding.to_dict()}
    atomic_write_bytes(path, _encode({**content, "sha256": _digest(content)}))


def read_binding(layout: Layout, ref: str) -> ArtifactBinding | None:
    """Return the binding of a ref; None when it is not bound.

    Raises:
        IntegrityError: `artifact_binding_damaged`.
        SchemaVersionError: `artifact_binding_format_unsupported`.
    """
    path = layout.binding(ref)
    binding = _load(path)
    if binding is not None and binding.artifact_ref != ref:
        raise _damaged(path, f"it binds {binding.artifact_ref!r}, not {ref!r}")
    return binding


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
    binding = _load(path)
    if binding is None:
        raise _damaged(path, "it disappeared")
    return binding


def binding_names(layout: Layout, ref: str, sha256: str) -> bool:
    """Tell whether a binding file, damaged as it may be, holds the text of a hash."""
    path = layout.binding(ref)
    with translated_os_errors("read the binding", path), open(path, "rb") as file:
        return sha256.encode() in file.read(_MAX_BYTES)


def _load(path: Path) -> ArtifactBinding | None:
    with translated_os_errors("read the binding", path):
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise _damaged(path, "it is not a regular file")
            with open(path, "rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
    return _decode(path, raw)


def _decode(path: Path, raw: bytes) -> ArtifactBinding:
    if len(raw) > _MAX_BYTES:
        raise _damaged(path, f"it is larger than {_MAX_BYTES} bytes")
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
        fields = dict(content["binding"])
        manifest = ArtifactManifest.model_validate(fields.pop("manifest_snapshot"))
        return ArtifactBinding(**fields, manifest_snapshot=manifest)
    except (ContextaError, TypeError, KeyError, ValueError) as error:
        raise _damaged(path, f"its content is not a binding: {error}") from error


def _encode(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_encode(content)).hexdigest()


def _damaged(path: Path, reason: str) -> IntegrityError:
    return IntegrityError(
        f"The binding file {str(path)!r} is damaged: {reason}. Put the artifact again with the "
        "right bytes, or restore a backup; other artifacts are unaffected.",
        code="artifact_binding_damaged",
        details={"path": str(path), "reason": reason},
    )
