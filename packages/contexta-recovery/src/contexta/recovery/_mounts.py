"""Find mount points: what lies on them neither moves with a rename nor may be removed with it.

The device number does not tell: a bind mount, as containers use, has that of its source. Linux
lists its mounts; elsewhere the device number is all there is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNTINFO = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_MOUNT_POINT_FIELD = 4


def mounts_within(folder: Path) -> tuple[Path, ...]:
    """Return the mount points at or below a folder, sorted; empty when it does not exist."""
    if not os.path.lexists(folder):
        return ()
    try:
        text = _MOUNTINFO.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return (folder,) if folder.is_mount() else ()
    return listed_within(text, Path(os.path.realpath(folder)))


def listed_within(mountinfo: str, folder: Path) -> tuple[Path, ...]:
    """Return the mount points that a `mountinfo` lists at or below a real path."""
    points = {
        Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), line.split()[_MOUNT_POINT_FIELD]))
        for line in mountinfo.splitlines()
        if len(line.split()) > _MOUNT_POINT_FIELD
    }
    return tuple(sorted(point for point in points if point.is_relative_to(folder)))
