"""The working folders of a restore: locked, taken over from a killed one, and cleared.

What must never happen is that clearing takes away the only copy of something. So a folder in
which an exchange of names has begun and is not finished is left as it is, whatever went wrong,
and the next call goes on from its journal.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._errors import RestoreError
from contexta.recovery._resume import is_staged
from contexta.recovery._scratch import held_folder, remove_tree
from contexta.recovery._survivors import Carrier, add_beside
from contexta.recovery._swap import JOURNAL, finish_swaps, read_journal
from contexta.recovery._target import STAGED_MARK, beside, has_root, is_of_restore, moved_to
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from contexta.recovery._layout import Layout
    from contexta.recovery._target import Unit


class Found(NamedTuple):
    """What was in the working folders.

    Attributes:
        finished: What the interrupted restore that was finished now had noted about itself;
            None when there was none to finish.
        is_staged: Whether staged files of the wanted backup are there.
    """

    finished: Mapping[str, Any] | None
    is_staged: bool


@contextmanager
def working_folders(
    layout: Layout, units: tuple[Unit, ...], manifest_sha256: str | None
) -> Iterator[Found]:
    """Lock the working folders and finish a killed restore.

    The caller removes them at the end (`remove_work`); after an error they are removed here.

    Raises:
        RestoreError: `recovery_restore_running`, `recovery_journal_invalid`.
    """
    with ExitStack() as stack:
        for unit in units:
            ensure_private_dir(unit.target.parent)
            try:
                stack.enter_context(held_folder(unit.work))
            except BlockingIOError as error:
                raise RestoreError(
                    f"Another restore of {str(unit.target)!r} is running. Call again when it is "
                    "done.",
                    code="recovery_restore_running",
                    details={"path": str(unit.work)},
                    retryable=True,
                ) from error
        found = _take_over(layout, units, manifest_sha256)
        try:
            yield found
        except BaseException:
            if not _is_begun(units):
                _remove(units)
            raise


def _expected(units: tuple[Unit, ...]) -> set[tuple[str, str, str]]:
    return {(str(unit.new), str(unit.target), str(unit.old)) for unit in units}


def _is_begun(units: tuple[Unit, ...]) -> bool:
    interrupted = read_journal(units[0].work, _expected(units))
    return interrupted is not None and interrupted.is_begun


def _take_over(layout: Layout, units: tuple[Unit, ...], manifest_sha256: str | None) -> Found:
    interrupted = read_journal(units[0].work, _expected(units))
    finished = None
    if interrupted is not None and finish_swaps(interrupted):
        finished = interrupted.about
        settle(layout, units)
    mark = units[0].work / STAGED_MARK
    if finished is None and is_staged(mark, manifest_sha256):
        (units[0].work / JOURNAL).unlink(missing_ok=True)
        return Found(None, is_staged=True)
    for unit in units:
        _clear(unit.work)
    return Found(finished, is_staged=False)


def settle(layout: Layout, units: tuple[Unit, ...]) -> None:
    """Do what follows the exchange of names; may be repeated.

    Files that came into the old tree while names were exchanged are taken over, and folders that
    are not replaced get what was restored for them.
    """
    root = units[0]
    for tree in (root.new, root.old):  # an exchange leaves the old tree here, a rename there
        if has_root(layout, units) and tree.is_dir():
            Carrier(moved_to(layout, tree), layout, frozenset()).carry(refresh=False)
    for built, place in beside(layout, units):
        add_beside(built, place)


def _clear(work: Path) -> None:
    """Empty a working folder; the journal goes last, since it says what the rest is."""
    for entry in sorted(os.scandir(work), key=lambda item: item.name == JOURNAL):
        if not is_of_restore(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            remove_tree(Path(entry.path))
        else:
            Path(entry.path).unlink()


def remove_work(units: tuple[Unit, ...]) -> tuple[str, ...]:
    """Remove the working folders after a success; return a warning for what stays.

    By then the replacement is in place, so that what cannot be removed is no failure.
    """
    try:
        _remove(units)
    except OSError as error:
        work = str(units[0].work)
        return (f"The former state stays in {work!r}, which cannot be removed: {error}.",)
    return ()


def _remove(units: tuple[Unit, ...]) -> None:
    for unit in reversed(units):  # the journal lies in the first
        _clear(unit.work)
        if not any(unit.work.iterdir()):
            unit.work.rmdir()
