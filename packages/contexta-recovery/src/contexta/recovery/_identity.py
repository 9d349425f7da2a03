"""Notice that a workspace was exchanged for another while it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contexta.recovery._layout import Layout

Identity = tuple[int, int]


def identity_of(layout: Layout) -> dict[str, Identity]:
    """Return device and inode of each folder of a workspace that is there.

    A restore puts another folder in its place; whatever else happens to a workspace keeps it.
    """
    found = {}
    for name in ("root", "metadata", "records", "artifacts"):
        try:
            status = getattr(layout, name).stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        found[name] = (status.st_dev, status.st_ino)
    return found


def refuse_exchanged(layout: Layout, before: Mapping[str, Identity]) -> None:
    """Refuse to go on with a copy of which one part is of another state than the rest.

    Raises:
        BackupError: `recovery_workspace_exchanged`; call again.
    """
    now = identity_of(layout)
    exchanged = sorted(name for name, identity in before.items() if now.get(name) != identity)
    if exchanged:
        raise BackupError(
            f"{str(layout.root)!r} was restored while it was backed up, so the copy would be of "
            "two states. Nothing was published; call again.",
            code="recovery_workspace_exchanged",
            details={"workspace_root": str(layout.root), "exchanged": exchanged},
            retryable=True,
        )
