"""The folder `_quarantine`: what was taken aside, each file with a note about it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.store.fs import (
    atomic_write_bytes,
    ensure_private_dir,
    fsync_dir,
    sha256_file,
    translated_os_errors,
)
from contexta.store.records._layout import RECORD_TYPES, Layout, names_in
from contexta.store.records._marks import opened_json, sealed_json

if TYPE_CHECKING:
    from contexta.store.records._erase_choice import RowChoice

NOTE_SUFFIX = ".note.json"


def quarantined_files(layout: Layout) -> list[Path]:
    """Return the files, without the notes, sorted by name."""
    names = [name for name in names_in(layout.quarantine) if not name.endswith(NOTE_SUFFIX)]
    return [layout.quarantine / name for name in names if not name.startswith("_")]


def note_of(path: Path) -> dict[str, Any]:
    """Return what was written down about a file; nothing about one that has no readable note."""
    try:
        raw = path.with_name(path.name + NOTE_SUFFIX).read_bytes()
    except OSError:  # files of tail repairs have none
        return {}
    return opened_json(raw) or {}


def copy_aside(
    layout: Layout,
    source: Path,
    reason: str,
    *,
    record_type: str | None = None,
    runs: Iterable[str] | None = None,
) -> Path:
    """Copy a file to `_quarantine`, once for each content, with a note. The source stays.

    Raises:
        StoreAccessError: When it cannot be read or written.
    """
    ensure_private_dir(layout.quarantine, follow=False)
    sha256 = sha256_file(source)
    target = layout.quarantine / f"{sha256[:12]}-{source.name}"
    note = {
        "at_us": time.time_ns() // 1000,
        "origin": source.relative_to(layout.root).as_posix(),
        "reason": reason,
        "record_type": record_type,
        "runs": None if runs is None else sorted(runs),
        "sha256": sha256,
    }
    if not target.exists():
        with translated_os_errors("read", source):
            data = source.read_bytes()
        atomic_write_bytes(target, data)
    atomic_write_bytes(target.with_name(target.name + NOTE_SUFFIX), sealed_json(note))
    return target


def remove_aside(path: Path) -> None:
    """Remove a file of `_quarantine` and its note, for good.

    Raises:
        StoreAccessError: When it cannot be removed.
    """
    with translated_os_errors("remove", path):
        path.unlink(missing_ok=True)
        path.with_name(path.name + NOTE_SUFFIX).unlink(missing_ok=True)
    fsync_dir(path.parent)


def files_that_may_hold(layout: Layout, choice: RowChoice) -> list[Path]:
    """Return the files in which rows of a choice may be; those without a note may hold any."""
    found = []
    for path in quarantined_files(layout):
        note = note_of(path)
        types = (note["record_type"],) if note.get("record_type") else RECORD_TYPES
        if any(choice.may_touch(record_type, note.get("runs")) for record_type in types):
            found.append(path)
    return found


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 when it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
