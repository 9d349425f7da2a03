"""Folders as artifacts: a tree object lists the files, each file is a body of its own.

The tree object is canonical JSON, so equal folders have equal hashes. Only regular files and
folders are taken; modes, times and owners are not part of the content.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import IntegrityError, ValidationError
from contexta.store.artifacts._models import TreeMember
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

TREE_FORMAT_VERSION = 1
MAX_TREE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Tree:
    """The content of a folder: its files and all its folders, paths with `/`, sorted."""

    members: tuple[TreeMember, ...]
    folders: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(member.size_bytes for member in self.members)

    def encode(self) -> bytes:
        """Return the tree object."""
        content = {
            "tree_format_version": TREE_FORMAT_VERSION,
            "folders": list(self.folders),
            "members": [
                {"path": item.path, "size_bytes": item.size_bytes, "sha256": item.sha256}
                for item in self.members
            ],
        }
        return json.dumps(
            content, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        ).encode()


def walk(source: Path) -> tuple[list[tuple[str, Path]], tuple[str, ...]]:
    """Return the files of a folder as (relative path, path), and its folders; both sorted.

    Raises:
        ValidationError: `artifact_store_invalid_source` for a link, a special file or a name
            that is not UTF-8, anywhere below.
    """
    files: list[tuple[str, Path]] = []
    folders: list[str] = []
    with translated_os_errors("list", source):
        for path, is_folder in _entries(source):
            name = path.relative_to(source).as_posix()
            _require_utf8(name, path)
            if is_folder:
                folders.append(name)
            else:
                files.append((name, path))
    return sorted(files), tuple(sorted(folders))


def decode(raw: bytes, ref: str) -> Tree:
    """Read a tree object whose hash was verified; names are checked again.

    Raises:
        IntegrityError: `artifact_tree_damaged`.
    """
    try:
        content = json.loads(raw)
        members = tuple(_member(item) for item in content["members"])
        folders = tuple(_safe(name) for name in content["folders"])
        if content["tree_format_version"] != TREE_FORMAT_VERSION:
            raise ValueError(f"tree format {content['tree_format_version']!r}")  # noqa: TRY301 - one answer for all
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(
            f"The tree object of {ref!r} is not one: {error}. Restore it from a backup.",
            code="artifact_tree_damaged",
            details={"artifact_ref": ref},
        ) from error
    return Tree(members, folders)


def _entries(folder: Path) -> Iterator[tuple[Path, bool]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield path, True
                yield from _entries(path)
            elif stat.S_ISREG(mode):
                yield path, False
            else:
                what = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
                raise _invalid(path, f"it is {what}; folders may hold files and folders only")


def _require_utf8(name: str, path: Path) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise _invalid(path, "its name is not UTF-8") from error


def _member(item: Any) -> TreeMember:
    size = item["size_bytes"]
    digest = item["sha256"]
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ValueError("a size is not a whole number from 0")
    if not isinstance(digest, str) or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError("a hash is not 64 hex digits")
    return TreeMember(_safe(item["path"]), size, digest)


def _safe(name: Any) -> str:
    """Return a relative path that stays below its folder."""
    if not isinstance(name, str) or not name or "\0" in name or "\\" in name:
        raise ValueError(f"bad member name {name!r}")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.as_posix() != name or name == ".":
        raise ValueError(f"bad member name {name!r}")
    return name


def _invalid(path: Path, reason: str) -> ValidationError:
    return ValidationError(
        f"{str(path)!r} cannot be stored: {reason}.",
        code="artifact_store_invalid_source",
        details={"field_name": "source", "path": str(path)},
    )
