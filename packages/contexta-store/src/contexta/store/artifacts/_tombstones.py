"""What is left of a removed artifact: that it was, and why it is gone."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import IntegrityError, SchemaVersionError
from contexta.store.artifacts._checks import require_instant, require_text
from contexta.store.fs import (
    atomic_write_bytes,
    ensure_private_dir,
    fsync_dir,
    translated_os_errors,
)

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.store.artifacts._layout import Layout

TOMBSTONE_FORMAT_VERSION = 1
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A removed artifact.

    Attributes:
        artifact_ref: Its ref, free to be used again.
        removed_at: When it was removed, UTC text.
        reason: Why, as the plan said.
        plan_id: The plan that removed it.
        artifact_kind: As bound; None after an erasure, which keeps nothing of the content.
        size_bytes: As bound; None after an erasure.
        hash_value: As bound; None after an erasure.
        binding_id: As bound; None after an erasure.
        body_kind: As bound; None after an erasure.
    """

    artifact_ref: str
    removed_at: str
    reason: str
    plan_id: str
    artifact_kind: str | None = None
    size_bytes: int | None = None
    hash_value: str | None = None
    binding_id: str | None = None
    body_kind: str | None = None

    def __post_init__(self) -> None:
        for name in ("artifact_ref", "reason", "plan_id"):
            require_text(name, getattr(self, name))
        require_instant("removed_at", self.removed_at)


def write_tombstone(layout: Layout, tombstone: Tombstone) -> None:
    """Write a tombstone; it counts once the binding is gone."""
    path = layout.tombstone(tombstone.artifact_ref)
    ensure_private_dir(path.parent, follow=False)
    content = {"format_version": TOMBSTONE_FORMAT_VERSION, "tombstone": asdict(tombstone)}
    atomic_write_bytes(path, _encode({**content, "sha256": _digest(content)}))


def forget_tombstone(layout: Layout, ref: str) -> None:
    """Remove the tombstone of a ref that is bound again."""
    path = layout.tombstone(ref)
    with translated_os_errors("remove the tombstone", path):
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
    fsync_dir(path.parent)


def read_tombstone(layout: Layout, ref: str) -> Tombstone | None:
    """Return the tombstone of a ref; None when there is none.

    Raises:
        IntegrityError: `artifact_tombstone_damaged`.
    """
    tombstone = load_tombstone(layout.tombstone(ref))
    if tombstone is not None and tombstone.artifact_ref != ref:
        raise _damaged(layout.tombstone(ref), f"it is of {tombstone.artifact_ref!r}")
    return tombstone


def load_tombstone(path: Path) -> Tombstone | None:
    """Return the tombstone in a file; None when it is absent."""
    with translated_os_errors("read the tombstone", path):
        try:
            with open(path, "rb") as file:
                raw = file.read(_MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None
    try:
        content = json.loads(raw)
        if content["format_version"] > TOMBSTONE_FORMAT_VERSION:
            raise SchemaVersionError(
                f"{str(path)!r} has tombstone format {content['format_version']}; this release "
                f"reads up to {TOMBSTONE_FORMAT_VERSION}. Upgrade contexta; nothing was changed.",
                code="artifact_tombstone_format_unsupported",
                details={"path": str(path), "current_version": content["format_version"]},
            )
        claimed = content.pop("sha256")
        if claimed != _digest(content):
            raise _damaged(path, "its digest does not match its content")
        return Tombstone(**content["tombstone"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(path, f"its content is not a tombstone: {error}") from error


def tombstone_paths(layout: Layout) -> list[Path]:
    """Return all tombstone files, sorted by name."""
    with translated_os_errors("list", layout.tombstones):
        if not layout.tombstones.is_dir():
            return []
        return sorted(
            path
            for path in layout.tombstones.glob("??/*.json")
            if not path.name.startswith("_") and path.is_file()
        )


def removal_facts(layout: Layout, ref: str) -> dict[str, str | None]:
    """Return when and why a ref was removed, for an error message; nothing when unknown."""
    # The ref is unbound either way; checks name the bad file.
    with suppress(IntegrityError, SchemaVersionError):
        tombstone = read_tombstone(layout, ref)
        if tombstone is not None:
            return {"removed_at": tombstone.removed_at, "reason": tombstone.reason}
    return {}


def _encode(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_encode(content)).hexdigest()


def _damaged(path: Path, reason: str) -> IntegrityError:
    return IntegrityError(
        f"The tombstone {str(path)!r} is damaged: {reason}. The artifact stays removed; delete "
        "the file once you know why it changed.",
        code="artifact_tombstone_damaged",
        details={"path": str(path), "reason": reason},
    )
