"""Give a replacement the owner of what it replaces, when an administrator restores it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def take_owner(place: Path, new: Path) -> None:
    """Give one file or folder the owner of another; only root can, for others nothing happens."""
    if os.geteuid() == 0:
        status = os.lstat(place)
        os.chown(new, status.st_uid, status.st_gid, follow_symlinks=False)


def give_tree(owner_of: Path, tops: Iterable[Path]) -> None:
    """Give whole trees the owner of the nearest folder of `owner_of` that exists.

    Files are private to their owner, so that what root restores would be lost to who works with
    it. Files with a second name are left alone: they are carried over, and have their owner.
    """
    if os.geteuid() != 0:
        return
    while not owner_of.exists():
        owner_of = owner_of.parent
    status = owner_of.stat()
    for top in tops:
        for path in _all_of(top):
            found = os.lstat(path)
            if found.st_nlink == 1 or path.is_dir():
                os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)


def _all_of(top: Path) -> Iterator[Path]:
    if os.path.lexists(top):
        yield top
    if top.is_dir() and not top.is_symlink():
        for base, folders, names, _ in os.fwalk(top, follow_symlinks=False):
            yield from (Path(base) / name for name in (*folders, *names))
