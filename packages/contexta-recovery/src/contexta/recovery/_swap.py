"""Put a finished replacement in the place of something, so that a kill leaves old or new.

Where the system can exchange two names at once (Linux), there is no moment without the target.
Elsewhere the target is renamed aside first; the journal finishes what a kill interrupts.
Whether a swap has happened is told by the inode of the replacement, which a rename keeps.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.recovery._errors import RestoreError
from contexta.recovery._manifest import canonical
from contexta.store.fs import atomic_write_bytes, exchange, fsync_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

JOURNAL = "journal.json"


@dataclass(frozen=True, slots=True)
class Swap:
    """One replacement: `new` takes the place of `target`, which goes to `new` or `old`."""

    new: str
    target: str
    old: str
    device: int
    inode: int

    @classmethod
    def of(cls, new: Path, target: Path, old: Path) -> Swap:
        """Describe a swap of things that exist; `target` may be absent."""
        status = os.lstat(new)
        return cls(str(new), str(target), str(old), status.st_dev, status.st_ino)

    def is_done(self) -> bool:
        """Tell whether the replacement is in place."""
        try:
            status = os.lstat(self.target)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == (self.device, self.inode)

    def is_begun(self) -> bool:
        """Tell whether the target was renamed aside, or is replaced."""
        return self.is_done() or (os.path.lexists(self.old) and not os.path.lexists(self.target))

    def run(self) -> None:
        """Put the replacement in place and make that durable; does nothing when it is."""
        if not self.is_done():
            if not os.path.lexists(self.target):
                os.replace(self.new, self.target)
            elif not exchange(self.new, self.target):
                os.replace(self.target, self.old)
                os.replace(self.new, self.target)
        fsync_dir(Path(self.target).parent)
        fsync_dir(Path(self.new).parent)


def run_swaps(work: Path, swaps: Sequence[Swap]) -> None:
    """Write the journal, then run the swaps. Everything they put in place must be synced."""
    journal = {"format_version": 1, "swaps": [asdict(swap) for swap in swaps]}
    atomic_write_bytes(work / JOURNAL, canonical(journal))
    for swap in swaps:
        swap.run()


def finish_swaps(work: Path) -> bool:
    """Finish what a killed restore had begun to put in place.

    Nothing begun means that the old state is whole; then it stays. Something begun means that the
    replacement is whole and synced; then the rest follows.

    Returns:
        Whether the replacement is in place.

    Raises:
        RestoreError: `recovery_journal_invalid` when the journal cannot be read.
    """
    path = work / JOURNAL
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return False
    try:
        data: dict[str, Any] = json.loads(raw)
        swaps = [Swap(**item) for item in data["swaps"]]
    except (ValueError, KeyError, TypeError) as error:
        raise RestoreError(
            f"{str(path)!r} is damaged, so an interrupted restore cannot be finished. Compare the "
            f"target with {str(work)!r} by hand, then remove the latter.",
            code="recovery_journal_invalid",
            details={"path": str(path)},
        ) from error
    if not any(swap.is_begun() for swap in swaps):
        return False
    for swap in swaps:
        swap.run()
    return True
