"""Remove backups so that a kill at any moment leaves each one whole, or no backup at all.

A backup is first renamed to a hidden name, which no list shows and no restore accepts, and the
rename is brought to disk. Only then its files are deleted. What a kill leaves under such a name
is deleted by the next prune or backup. Files that later backups share are hard links, so theirs
stay.
"""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

from contexta.recovery._hold import held_for_removal
from contexta.recovery._mounts import mounts_within
from contexta.recovery._scratch import remove_tree
from contexta.store.fs import fsync_dir

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

REMOVING_PREFIX = ".removing-"


def remove_backup(path: Path) -> bool:
    """Remove a backup, folder or archive; False when somebody reads it, then it stays whole.

    Raises:
        OSError: When the system refuses, or another file system is mounted in it. The backup is
            whole under its name, or is no backup any more and is finished by `finish_removals`.
    """
    with held_for_removal(path) as ours:
        if not ours:
            return False
        if mounts := mounts_within(path):
            raise OSError(f"{str(mounts[0])!r} is a mount point; unmount it first")
        hidden = path.with_name(f"{REMOVING_PREFIX}{secrets.token_hex(8)}")
        path.rename(hidden)
        # Before anything in it goes: after a power cut it must not be back with files missing.
        fsync_dir(hidden.parent)
        _delete(hidden)
    return True


def finish_removals(backup_root: Path) -> tuple[str, ...]:
    """Delete what killed removals left; those under way are left alone.

    Returns:
        A line for each that could not be deleted. It takes space and harms nothing else.
    """
    stuck = []
    left = sorted(backup_root.glob(f"{REMOVING_PREFIX}*")) if backup_root.is_dir() else []
    try:
        if left:  # the names that they have now, if they were killed before they saw to that
            fsync_dir(backup_root)
    except OSError as error:
        return (f"What removals left in {str(backup_root)!r} stays: {error}.",)
    for path in left:
        if path.is_symlink():
            continue
        try:
            with held_for_removal(path) as ours:
                if ours:
                    _delete(path)
        except OSError as error:
            stuck.append(f"{path.name}, left of a removal, could not be deleted: {error}.")
    return tuple(stuck)


def freed_bytes(paths: Iterable[Path]) -> int:
    """Return how many bytes removing these backups together would free.

    A file that other backups share frees nothing, unless all that share it go.
    """
    links: dict[tuple[int, int], int] = {}
    freed = 0
    for path in paths:
        for status in _file_statuses(path):
            key = (status.st_dev, status.st_ino)
            links[key] = links.get(key, 0) + 1
            if links[key] == status.st_nlink:
                freed += status.st_size
    return freed


def _file_statuses(path: Path) -> Iterable[os.stat_result]:
    if not path.is_dir() or path.is_symlink():
        yield os.lstat(path)
        return
    for _, _, names, fd in os.fwalk(path, follow_symlinks=False):
        for name in names:
            yield os.stat(name, dir_fd=fd, follow_symlinks=False)


def _delete(path: Path) -> None:
    if stat.S_ISDIR(os.lstat(path).st_mode):
        remove_tree(path)
    else:
        path.unlink()
    fsync_dir(path.parent)
