"""Change which parts a store has: publish new ones, or put new ones in the place of others.

Everything here happens under the store's lock, and each change is whole for every reader at
every instant, also for engines that read the folders by a plain glob: a project's folder is
exchanged with one that was prepared aside, where the file system can do that.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from contexta.contract.errors import StoreError
from contexta.store.fs import (
    FileLock,
    ensure_private_dir,
    exchange,
    fsync_dir,
    translated_os_errors,
)
from contexta.store.records._journal import (
    FolderChange,
    Journal,
    complete_pending,
    finish,
    remove_retired,
)
from contexta.store.records._layout import Layout
from contexta.store.records._log_write import append_line, condense_if_grown
from contexta.store.records._part_entry import PartEntry, Ranges, Replacement, SealedSegment
from contexta.store.records._parts_log import shared_log
from contexta.store.records._staging import StagedPart, remove_abandoned

__all__ = ["publish_segment", "replace_parts"]


def publish_segment(layout: Layout, sealed: SealedSegment, staged: Sequence[StagedPart]) -> None:
    """Put the parts of a segment in their folders and its line in the log.

    Killed in between, the segment still counts; publishing it again replaces the files.

    Raises:
        StoreAccessError: When something cannot be written; the segment still counts.
    """
    with FileLock(layout.lock):
        complete_pending(layout)
        if shared_log(layout).is_sealed(sealed.segment):
            return
        folders = set()
        for part in staged:
            target = layout.root / part.entry.path
            _ensure_project(target.parent)
            with translated_os_errors("write", target):
                os.replace(part.path, target)
            folders.add(target.parent)
        for folder in folders:
            fsync_dir(folder)
        append_line(layout, sealed.to_entry())
        remove_abandoned(layout)
        condense_if_grown(layout)


def replace_parts(
    layout: Layout,
    *,
    old: Sequence[PartEntry],
    new: Sequence[StagedPart],
    reason: str,
    erased: Ranges = (),
) -> None:
    """Put staged parts in the place of current ones, as one step for every reader.

    Killed at any point, it is undone or completed by the next one who opens the store writable;
    readers, also read-only ones, see either all old or all new parts meanwhile. A reader that
    began before still finds the old parts in `_retired`, where they stay for ten minutes.

    Args:
        layout: The store.
        old: Current parts that go; none to add parts only.
        new: Parts that come; none to remove only.
        reason: A word for the log, for example `compaction`.
        erased: Numbers of records that are removed on purpose. When given, nothing of the old
            parts is kept, nor of any part replaced before in the same project folders.

    Raises:
        StoreError: `record_store_parts_changed` (retryable): one of `old` is no longer current.
        StoreAccessError: When something cannot be written. Nothing has changed, unless the
            journal was written already; then the next writable open completes it.
    """
    with FileLock(layout.lock):
        complete_pending(layout)
        log = shared_log(layout)
        changed = [part.path for part in old if log.parts.get(part.path) != part]
        if changed:
            raise StoreError(
                f"{changed[0]!r} and {len(changed) - 1} more parts are no longer current. Look "
                "at the store again and repeat.",
                code="record_store_parts_changed",
                details={"paths": changed},
                retryable=True,
            )
        remove_abandoned(layout)
        replacement = Replacement(
            uuid.uuid4().hex,
            tuple(part.path for part in old),
            tuple(part.entry for part in new),
            reason,
            tuple(erased),
            time.time_ns() // 1000,
        )
        journal = _prepare(layout, replacement, old, new)
        finish(layout, journal)
        remove_retired(layout)
        condense_if_grown(layout)


def _prepare(
    layout: Layout,
    replacement: Replacement,
    old: Sequence[PartEntry],
    new: Sequence[StagedPart],
) -> Journal:
    """Build the folders that take the place of the current ones, then write the journal."""
    aside = layout.retired / replacement.replacement_id
    ensure_private_dir(layout.retired, follow=False)
    try:
        ensure_private_dir(aside, follow=False)
        can_exchange = _can_exchange(aside)
        folders = sorted({p.path.rsplit("/", 1)[0] for p in (*old, *replacement.new)})
        changes = []
        for folder in folders:
            going = [Path(p.path).name for p in old if p.path.startswith(folder + "/")]
            coming = [p for p in new if p.entry.path.startswith(folder + "/")]
            changes.append(_prepare_folder(layout, aside, folder, going, coming, can_exchange))
        fsync_dir(aside)
        journal = Journal(replacement, tuple(changes))
        journal.write(layout)
    except BaseException:
        if not layout.journal.exists():
            shutil.rmtree(aside, ignore_errors=True)
        raise
    return journal


def _prepare_folder(
    layout: Layout,
    aside: Path,
    folder: str,
    old: list[str],
    new: Sequence[StagedPart],
    can_exchange: bool,
) -> FolderChange:
    shadow, target = aside / folder, layout.root / folder
    ensure_private_dir(shadow)
    names = []
    for part in new:
        name = Path(part.entry.path).name
        with translated_os_errors("write", shadow / name):
            os.replace(part.path, shadow / name)
        names.append(name)
    linked = can_exchange and target.is_dir() and _link_what_stays(target, shadow, set(old))
    fsync_dir(shadow)
    return FolderChange(folder, linked, tuple(old), tuple(names))


def _link_what_stays(target: Path, shadow: Path, old: set[str]) -> bool:
    """Link every other file of a folder; False when that is not possible."""
    try:
        with os.scandir(target) as entries:
            for entry in entries:
                if entry.name not in old:
                    os.link(entry.path, shadow / entry.name, follow_symlinks=False)
        shutil.copymode(target, shadow)
    except OSError:  # no hard links here, or a folder in the folder: the files move one by one
        return False
    return True


def _can_exchange(aside: Path) -> bool:
    first, second = aside / "_a", aside / "_b"
    with translated_os_errors("write", aside):
        first.mkdir()
        second.mkdir()
        try:
            return exchange(first, second)
        finally:
            first.rmdir()
            second.rmdir()


def _ensure_project(folder: Path) -> None:
    with suppress(FileNotFoundError):
        if folder.is_dir() and not folder.is_symlink() and not folder.parent.is_symlink():
            return
    ensure_private_dir(folder.parent, follow=False)
    ensure_private_dir(folder, follow=False)
