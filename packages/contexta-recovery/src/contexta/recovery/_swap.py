"""Put a finished replacement in the place of something, so that a kill leaves old or new.

Where the system can exchange two names at once (Linux), there is no moment without the target.
Elsewhere the target is renamed aside first; the journal finishes what a kill interrupts.
Whether a swap has happened is told by the inode of the replacement, which a rename keeps.

A swap that fails is undone, with all before it. When that fails too, the journal and both states
stay where they are, and the next call goes on from there.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.recovery._errors import RestoreError
from contexta.recovery._manifest import canonical
from contexta.store.fs import atomic_write_bytes, exchange, fsync_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

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

    @property
    def places(self) -> tuple[str, str, str]:
        """The three paths."""
        return self.new, self.target, self.old

    def is_done(self) -> bool:
        """Tell whether the replacement is in place."""
        try:
            status = os.lstat(self.target)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == (self.device, self.inode)

    def is_begun(self) -> bool:
        """Tell whether the target was renamed aside, or is replaced."""
        return self.is_done() or os.path.lexists(self.old)

    def run(self) -> None:
        """Put the replacement in place and make that durable; does nothing when it is."""
        if not self.is_done():
            if not os.path.lexists(self.target):
                os.replace(self.new, self.target)
            elif not exchange(self.new, self.target):
                os.replace(self.target, self.old)
                os.replace(self.new, self.target)
        self._sync()

    def undo(self) -> None:
        """Put back what was there; does nothing when it is."""
        if self.is_done():
            if os.path.lexists(self.old):
                os.replace(self.target, self.new)
            elif not os.path.lexists(self.new):
                os.replace(self.target, self.new)  # nothing was there
            elif not exchange(self.new, self.target):
                os.replace(self.new, self.old)
                os.replace(self.target, self.new)
        if os.path.lexists(self.old):
            self._clear_stub()
            os.replace(self.old, self.target)
        self._sync()

    def finish(self) -> None:
        """Go on after a kill.

        Raises:
            RestoreError: `recovery_target_reappeared` when somebody put files where the target
                was, while it was renamed aside.
        """
        if not self.is_done() and os.path.lexists(self.old):
            self._clear_stub()
        self.run()

    def _clear_stub(self) -> None:
        """Remove empty folders that came where the target was; whoever looked for it made them."""
        if not os.path.lexists(self.target):
            return
        try:
            if os.path.islink(self.target) or not os.path.isdir(self.target):  # noqa: PTH112, PTH114
                raise FileExistsError(errno.EEXIST, "a file or a link", self.target)
            for folder, _, _ in os.walk(self.target, topdown=False):
                Path(folder).rmdir()
        except OSError as error:
            raise RestoreError(
                f"{self.target!r} was renamed to {self.old!r} by a restore that was interrupted, "
                "and something else was put in its place since. Rename that, then call again.",
                code="recovery_target_reappeared",
                details={"path": self.target, "kept": self.old},
                retryable=True,
            ) from error

    def _sync(self) -> None:
        fsync_dir(Path(self.target).parent)
        fsync_dir(Path(self.new).parent)


class Interrupted(NamedTuple):
    """What a journal tells: its swaps, and what the restore noted about itself."""

    swaps: tuple[Swap, ...]
    about: Mapping[str, Any]

    @property
    def is_begun(self) -> bool:
        """Whether anything was put in place; then the replacement is whole and synced."""
        return any(swap.is_begun() for swap in self.swaps)


def run_swaps(
    work: Path,
    swaps: Sequence[Swap],
    about: Mapping[str, Any] | None = None,
    confirm: Callable[[], None] = lambda: None,
) -> None:
    """Write the journal, then run the swaps. Everything they put in place must be synced.

    Args:
        work: The working folder, for the journal.
        swaps: What to put in place.
        about: What to note about the restore.
        confirm: Called when all is in place; an exception in it undoes everything.

    Raises:
        RestoreError: `recovery_swap_interrupted` when a swap failed and could not be undone
            either; any other error means that the target is as it was.
    """
    journal = {
        "format_version": 1,
        "swaps": [asdict(swap) for swap in swaps],
        "about": dict(about or {}),
    }
    atomic_write_bytes(work / JOURNAL, canonical(journal))
    try:
        for swap in swaps:
            swap.run()
        confirm()
    except BaseException as error:
        _undo(work, swaps, error)
        raise


def _undo(work: Path, swaps: Sequence[Swap], reason: BaseException) -> None:
    try:
        for swap in reversed(swaps):
            swap.undo()
    except OSError as error:
        raise RestoreError(
            f"Putting the replacement in place failed ({reason}), and so did undoing it "
            f"({error}). Both states are whole in {str(work)!r} and beside it; remove the cause "
            "and call again, which finishes the restore.",
            code="recovery_swap_interrupted",
            details={"path": str(work), "reason": str(reason)},
            retryable=True,
            cause=error,
        ) from error


def read_journal(work: Path, expected: Collection[tuple[str, str, str]]) -> Interrupted | None:
    """Return what a killed restore noted in a working folder; None when it noted nothing.

    Args:
        work: The folder.
        expected: The places of every swap that may be in it. A journal is a list of renames, so
            one that names anything else is not followed.

    Raises:
        RestoreError: `recovery_journal_invalid` when the journal cannot be read, or is about
            other places.
    """
    path = work / JOURNAL
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        data: dict[str, Any] = json.loads(raw)
        swaps = tuple(Swap(**item) for item in data["swaps"])
        about = dict(data.get("about", {}))
        strangers = [swap.target for swap in swaps if swap.places not in expected]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RestoreError(
            f"{str(path)!r} is damaged, so an interrupted restore cannot be finished. Compare the "
            f"target with {str(work)!r} by hand, then remove the latter.",
            code="recovery_journal_invalid",
            details={"path": str(path)},
        ) from error
    if strangers:
        raise RestoreError(
            f"{str(path)!r} is of an interrupted restore that also replaces {strangers[0]!r}, "
            "which this configuration does not name. Call again with the configuration that it "
            "was made with.",
            code="recovery_journal_invalid",
            details={"path": str(path), "strangers": strangers},
        )
    return Interrupted(swaps, about)


def finish_swaps(interrupted: Interrupted | None) -> bool:
    """Finish what a killed restore had begun to put in place.

    Nothing begun means that the old state is whole; then it stays. Something begun means that the
    replacement is whole and synced; then the rest follows.

    Returns:
        Whether the replacement is in place.
    """
    if interrupted is None or not interrupted.is_begun:
        return False
    for swap in interrupted.swaps:
        swap.finish()
    return True
