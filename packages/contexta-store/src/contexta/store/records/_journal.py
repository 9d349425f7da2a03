"""The journal of a replacement: what a kill interrupts, the next opener completes.

It is written when everything new is on disk beside the old, so completing is always possible:
each folder is changed unless it is already, then the line is added to the log unless it is
there, then the journal goes.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from contexta.contract.errors import ContextaError
from contexta.store.fs import (
    FileLock,
    atomic_write_bytes,
    ensure_private_dir,
    exchange,
    fsync_dir,
    translated_os_errors,
)
from contexta.store.records._layout import Layout, names_in, place_of_part
from contexta.store.records._log_write import append_line
from contexta.store.records._marks import opened_json, sealed_json
from contexta.store.records._part_entry import Replacement
from contexta.store.records._parts_log import shared_log

RETIRED_SECONDS = 600
_LOGGER = logging.getLogger("contexta.store.records")
_FORMAT_VERSION = 1


class FolderChange(NamedTuple):
    """One project folder: names that go and names that come.

    `exchanged` says that the folder prepared aside is whole and takes its place at once;
    otherwise the files move one by one.
    """

    folder: str
    exchanged: bool
    old: tuple[str, ...]
    new: tuple[str, ...]


class Journal(NamedTuple):
    """A replacement on its way."""

    replacement: Replacement
    folders: tuple[FolderChange, ...]

    def write(self, layout: Layout) -> None:
        """Write the journal durably; from here on the replacement will happen."""
        entry = {
            "format_version": _FORMAT_VERSION,
            "line": self.replacement.to_entry(),
            "folders": [folder._asdict() for folder in self.folders],
        }
        atomic_write_bytes(layout.journal, sealed_json(entry))


def read_journal(layout: Layout) -> Journal | None:
    """Return the replacement that is on its way, if there is one that can be read."""
    with translated_os_errors("read", layout.journal):
        try:
            raw = layout.journal.read_bytes()
        except FileNotFoundError:
            return None
    entry = opened_json(raw)
    if entry is None:
        return None
    try:
        folders = tuple(_folder(item) for item in entry["folders"])
        return Journal(Replacement.from_entry(entry["line"]), folders)
    except (KeyError, TypeError, ValueError):
        return None


def _folder(item: dict[str, Any]) -> FolderChange:
    change = FolderChange(item["folder"], item["exchanged"], tuple(item["old"]), tuple(item["new"]))
    for name in (*change.old, *change.new):
        if place_of_part(f"{change.folder}/{name}") is None:
            raise ValueError(f"{name!r} in {change.folder!r} is not a part")
    return change


def complete_pending_if_any(layout: Layout) -> None:
    """Complete a replacement that a killed process left; waits for one that is running.

    Never raises: readers are right in between, and whoever changes parts next tries again.
    """
    if not layout.journal.exists():
        return
    try:
        with FileLock(layout.lock):
            complete_pending(layout)
    except ContextaError:  # for example a full disk, which must not keep a store from opening
        _LOGGER.warning("A replacement of parts is not completed yet", exc_info=True)


def complete_pending(layout: Layout) -> None:
    """Complete a replacement that a killed process left; the caller holds the store's lock.

    A journal that cannot be read is moved to `_quarantine`: the footers of the new parts say
    what they replace, so readers take each row once all the same. So is one whose new parts are
    gone, as in a copy that was taken in the middle: the log still names the old ones.

    Raises:
        StoreAccessError: When something cannot be written; the next call continues.
    """
    if not layout.journal.exists():
        return
    journal = read_journal(layout)
    if journal is not None and _can_finish(layout, journal):
        finish(layout, journal)
        return
    if journal is not None:
        _undo(layout, journal)
    ensure_private_dir(layout.quarantine, follow=False)
    with translated_os_errors("move", layout.journal):
        os.replace(layout.journal, layout.quarantine / f"replace-{time.time_ns()}.json")
    fsync_dir(layout.quarantine)
    fsync_dir(layout.root)


def _can_finish(layout: Layout, journal: Journal) -> bool:
    aside = layout.retired / journal.replacement.replacement_id
    if journal.replacement.replacement_id in shared_log(layout).replacements:
        return True
    return all(
        (layout.root / change.folder / name).exists() or (aside / change.folder / name).exists()
        for change in journal.folders
        for name in change.new
    )


def _undo(layout: Layout, journal: Journal) -> None:
    """Take away what came of new parts, and put the old ones back."""
    aside = layout.retired / journal.replacement.replacement_id
    with translated_os_errors("undo a replacement in", layout.root):
        for change in journal.folders:
            ensure_private_dir(aside / change.folder)
            for name in change.new:
                if (layout.root / change.folder / name).exists():
                    os.replace(layout.root / change.folder / name, aside / change.folder / name)
        for name in names_in(layout.retired):
            _put_back_what_counts(layout, layout.retired / name)


def finish(layout: Layout, journal: Journal) -> None:
    """Do what is left of a replacement; doing it again changes nothing."""
    replacement = journal.replacement
    aside = layout.retired / replacement.replacement_id
    for change in journal.folders:
        with translated_os_errors("replace parts in", layout.root / change.folder):
            _change_folder(layout.root / change.folder, aside / change.folder, change)
    if replacement.replacement_id not in shared_log(layout).replacements:
        append_line(layout, replacement.to_entry())
    if replacement.erased:  # while the journal is there: what was erased must not stay
        remove_retired(layout, at_once=[change.folder for change in journal.folders])
    with translated_os_errors("remove", layout.journal):
        layout.journal.unlink()
    fsync_dir(layout.root)
    with suppress(OSError):  # only makes the retired files stay for a different time
        os.utime(aside)
    for change in journal.folders:
        with suppress(OSError):  # not empty, as a rule
            (layout.root / change.folder).rmdir()


def _change_folder(target: Path, shadow: Path, change: FolderChange) -> None:
    if _is_done(target, change):
        return
    if not (change.exchanged and _is_whole(shadow, change) and exchange(shadow, target)):
        _move_one_by_one(target, shadow, change)
    fsync_dir(target.parent)
    if shadow.parent.is_dir():
        fsync_dir(shadow.parent)


def _is_done(target: Path, change: FolderChange) -> bool:
    come = all((target / name).exists() for name in change.new)
    return come and not any((target / name).exists() for name in change.old)


def _is_whole(shadow: Path, change: FolderChange) -> bool:
    """Whether no file was moved one by one: by a system that could not exchange folders."""
    come = all((shadow / name).exists() for name in change.new)
    return come and not any((shadow / name).exists() for name in change.old)


def _move_one_by_one(target: Path, shadow: Path, change: FolderChange) -> None:
    # New ones first: a plain glob may then see a row twice for an instant, but never miss one.
    ensure_private_dir(target)
    for name in change.new:
        if not (target / name).exists():
            os.replace(shadow / name, target / name)
    fsync_dir(target)
    ensure_private_dir(shadow)
    for name in change.old:
        if (target / name).exists():
            os.replace(target / name, shadow / name)
    fsync_dir(target)
    fsync_dir(shadow)


def remove_retired(layout: Layout, *, at_once: Collection[str] = ()) -> None:
    """Remove parts that were replaced ten minutes ago or earlier; the caller holds the lock.

    A part that is current all the same is put back: a copy of a store that was taken during a
    replacement may have it here only.

    Args:
        layout: The store.
        at_once: Project folders, relative to the root, of which younger ones go, too: what was
            erased must not stay. Those of others wait for readers that began before.

    Raises:
        StoreAccessError: When something cannot be removed.
    """
    limit = time.time() - RETIRED_SECONDS
    with translated_os_errors("remove replaced parts in", layout.retired):
        for name in names_in(layout.retired):
            folder = layout.retired / name
            if folder.stat().st_mtime < limit:
                _put_back_what_counts(layout, folder)
                shutil.rmtree(folder)
                continue
            for part in at_once:
                if (folder / part).exists():
                    _put_back_what_counts(layout, folder)
                    shutil.rmtree(folder / part)
                    with suppress(OSError):  # others wait in there
                        (folder / part).parent.rmdir()
                        folder.rmdir()


def _put_back_what_counts(layout: Layout, folder: Path) -> None:
    current = shared_log(layout).parts
    for path in sorted(folder.glob("*/*/*.parquet")):
        relative = path.relative_to(folder).as_posix()
        target = layout.root / relative
        if relative in current and not target.exists():
            ensure_private_dir(target.parent)
            os.replace(path, target)
            fsync_dir(target.parent)


def locate_part(layout: Layout, relative: str) -> Path:
    """Return where the file of a part is: in its project folder, or among the replaced ones."""
    path = layout.root / relative
    if not path.exists():
        for name in names_in(layout.retired):
            retired = layout.retired / name / relative
            if retired.exists():
                return retired
    return path
