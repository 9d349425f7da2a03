"""Ask for room on the disks before anything is written to them."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from contexta.recovery._errors import RestoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from contexta.contract.errors import RecoveryError


def require_room(
    needs: Iterable[tuple[Path, int]],
    error_type: type[RecoveryError] = RestoreError,
    way_out: str = "restore to another path",
) -> None:
    """Refuse work that cannot fit.

    Args:
        needs: Folders that will be written to, existing or not, and how many bytes go there.
        error_type: The class to raise.
        way_out: What else than freeing space helps.

    Raises:
        RecoveryError: Of the given class, `recovery_disk_full`; nothing was written.
    """
    needed: Counter[int] = Counter()
    places: dict[int, Path] = {}
    for folder, size in needs:
        here = _existing(folder)
        device = here.stat().st_dev
        needed[device] += size
        places.setdefault(device, here)
    for device, size in needed.items():
        status = os.statvfs(places[device])
        free = status.f_bavail * status.f_frsize
        if status.f_blocks and free < size:
            raise error_type(
                f"The filesystem of {str(places[device])!r} has {free} bytes free; {size} are "
                f"needed. Nothing was written. Free some space, or {way_out}.",
                code="recovery_disk_full",
                details={"path": str(places[device]), "needed": size, "free": free},
                retryable=True,
            )


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
