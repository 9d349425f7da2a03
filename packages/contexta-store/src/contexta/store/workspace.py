"""The file that marks a folder as a Contexta workspace.

`workspace.json` holds the version of the on-disk format (an integer, changed only when an older
release could misread the folder) and the id of the workspace (kept by copies and restores).
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import NamedTuple

from contexta.contract.errors import (
    IntegrityError,
    NotFoundError,
    ReadOnlyStoreError,
    SchemaVersionError,
)
from contexta.store.fs import (
    FileLock,
    atomic_write_text,
    ensure_private_dir,
    translated_os_errors,
)

__all__ = ["WORKSPACE_FILE_NAME", "WORKSPACE_FORMAT_VERSION", "WorkspaceInfo", "open_workspace"]

WORKSPACE_FORMAT_VERSION = 1
WORKSPACE_FILE_NAME = "workspace.json"
_MAX_FILE_BYTES = 65_536


class WorkspaceInfo(NamedTuple):
    """A workspace: its id (32 hex digits), the format version found, and its root folder."""

    workspace_id: str
    format_version: int
    root: Path


def open_workspace(root: str | Path, *, create: bool, read_only: bool = False) -> WorkspaceInfo:
    """Read the mark of a workspace, or write it for a new one.

    Nothing is written when the mark exists, whatever the arguments.

    Args:
        root: The workspace folder; made absolute.
        create: Whether to make the folder and the mark when they are absent.
        read_only: Whether creating is refused in any case.

    Raises:
        NotFoundError: `workspace_not_found` when absent and `create` is False.
        ReadOnlyStoreError: `workspace_read_only` when absent and `read_only` is True.
        SchemaVersionError: `workspace_format_unsupported` when a newer release wrote it.
        IntegrityError: `workspace_file_damaged` when the mark cannot be read as one.
        StoreAccessError: When the folder or file cannot be read or written.
    """
    folder = Path(root).expanduser().absolute()
    mark = folder / WORKSPACE_FILE_NAME
    found = _read(mark)
    if found is not None:
        return found
    if read_only:
        raise ReadOnlyStoreError(
            f"{str(folder)!r} is not a Contexta workspace, and read-only opens create nothing. "
            "Open it writable once, or check the path.",
            code="workspace_read_only",
            details={"path": str(folder)},
        )
    if not create:
        raise NotFoundError(
            f"{str(folder)!r} is not a Contexta workspace: it has no {WORKSPACE_FILE_NAME}. "
            "Check the path, or allow creating it.",
            code="workspace_not_found",
            details={"path": str(folder)},
        )
    return _create(folder, mark)


def _create(folder: Path, mark: Path) -> WorkspaceInfo:
    ensure_private_dir(folder)
    with FileLock(folder / "_workspace.lock"):  # two first openers agree on one id
        found = _read(mark)
        if found is not None:
            return found
        info = WorkspaceInfo(uuid.uuid4().hex, WORKSPACE_FORMAT_VERSION, folder)
        content = {"format_version": info.format_version, "workspace_id": info.workspace_id}
        atomic_write_text(mark, json.dumps(content, indent=2, sort_keys=True) + "\n")
    return info


def _read(mark: Path) -> WorkspaceInfo | None:
    with translated_os_errors("read", mark):
        try:
            with open(mark, "rb") as file:
                raw = file.read(_MAX_FILE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
    if len(raw) > _MAX_FILE_BYTES:
        raise _damaged(mark, f"it is larger than {_MAX_FILE_BYTES} bytes")
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _damaged(mark, "it is not JSON") from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(mark, "format_version is not a positive integer")
    if version > WORKSPACE_FORMAT_VERSION:
        raise SchemaVersionError(
            f"{str(mark.parent)!r} has workspace format {version}; this release reads up to "
            f"{WORKSPACE_FORMAT_VERSION}. Upgrade contexta; nothing was changed.",
            code="workspace_format_unsupported",
            details={
                "path": str(mark.parent),
                "current_version": version,
                "supported_version": WORKSPACE_FORMAT_VERSION,
            },
        )
    workspace_id = content.get("workspace_id")
    if not isinstance(workspace_id, str) or not _is_hex_id(workspace_id):
        raise _damaged(mark, "workspace_id is not 32 hex digits")
    return WorkspaceInfo(workspace_id, version, mark.parent)


def _is_hex_id(text: str) -> bool:
    return len(text) == 32 and all(char in "0123456789abcdef" for char in text)


def _damaged(mark: Path, reason: str) -> IntegrityError:
    return IntegrityError(
        f"{str(mark)!r} is damaged: {reason}. Restore it from a backup.",
        code="workspace_file_damaged",
        details={"path": str(mark), "reason": reason},
    )
