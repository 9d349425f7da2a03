"""How much disk the parts of a workspace take."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Amount(NamedTuple):
    """Files and bytes; hard links count once."""

    files: int
    size: int


def sizes_of(config: Any) -> dict[str, Amount]:
    """Return how much each plane and each other folder takes, the planes first.

    Links are not followed, and what cannot be looked at counts as nothing.
    """
    root: Path = config.workspace.root_path
    places: dict[str, Path] = {
        "metadata": _folder(config.metadata.database_path, root / "metadata"),
        "records": Path(config.records.root_path or root / "records"),
        "artifacts": Path(config.artifacts.root_path or root / "artifacts"),
        "backups": Path(config.recovery.backup_root or root / "recovery" / "backups"),
        "exports": root / "exports",
        "reports": root / "reports",
        "cache": root / "cache",
    }
    seen: set[tuple[int, int]] = set()
    found = {name: _amount(_walk(path), seen) for name, path in places.items()}
    # What lies elsewhere in the folder, and was not counted above.
    found["other"] = _amount(_walk(root), seen)
    return found


def _folder(database: Any, default: Path) -> Path:
    if isinstance(database, (str, Path)) and str(database) not in ("", ":memory:"):
        return Path(database).parent
    return default


def _amount(entries: Iterator[os.DirEntry[str]], seen: set[tuple[int, int]]) -> Amount:
    files = size = 0
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # removed meanwhile
            continue
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            files += 1
            size += status.st_size
    return Amount(files, size)


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield entry
        except OSError:  # absent, removed meanwhile, or not ours to look into
            continue
