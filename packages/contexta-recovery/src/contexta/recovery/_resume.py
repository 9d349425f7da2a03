"""Go on where a killed restore stopped: staged files that verify are not copied again."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._manifest import canonical
from contexta.recovery._stage import place_of
from contexta.store.fs import atomic_write_bytes, sha256_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contexta.recovery._layout import Layout
    from contexta.recovery._manifest import FileEntry, Manifest


def mark_staged(path: Path, manifest_sha256: str | None) -> None:
    """Note durably which backup the staged files are of."""
    atomic_write_bytes(path, canonical({"manifest_sha256": manifest_sha256}))


def is_staged(path: Path, manifest_sha256: str | None) -> bool:
    """Tell whether the staged files are of this very backup."""
    try:
        data = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return False  # a torn mark means: stage again
    return isinstance(data, dict) and data.get("manifest_sha256") == manifest_sha256 is not None


def keep_verified(tops: Iterable[Path], manifest: Manifest, layout: Layout) -> frozenset[FileEntry]:
    """Keep the staged files below `tops` that verify, byte by byte, and remove all others.

    Others are half files, and what was carried over from the target before: it may be older than
    what the target has now.

    Returns:
        The files that are kept.
    """
    places = {place_of(entry.path, layout): entry for entry in manifest.files}
    kept = set()
    for top in tops:
        for path in _files(top):
            entry = places.get(path)
            if entry is not None and _verifies(path, entry):
                kept.add(entry)
            else:
                path.unlink()
        _remove_empty_folders(top)
    return frozenset(kept)


def _files(top: Path) -> list[Path]:
    if not top.is_dir() or top.is_symlink():
        return [top] if os.path.lexists(top) else []
    found = []
    for base, folders, names in os.walk(top):
        links = [name for name in folders if (Path(base) / name).is_symlink()]
        found += [Path(base) / name for name in (*names, *links)]
    return found


def _verifies(path: Path, entry: FileEntry) -> bool:
    status = os.lstat(path)
    # A file with a second name is one of the target, carried over, and must not change.
    is_own = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    return is_own and status.st_size == entry.size and sha256_file(path) == entry.sha256


def _remove_empty_folders(top: Path) -> None:
    if not top.is_dir() or top.is_symlink():
        return
    for base, folders, _ in os.walk(top, topdown=False):
        for name in folders:
            folder = Path(base) / name
            if not any(folder.iterdir()):
                folder.rmdir()
