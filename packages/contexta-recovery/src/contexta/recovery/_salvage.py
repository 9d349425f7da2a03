"""Make a workspace of what can still be read of a damaged backup or workspace."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import SchemaVersionError, StoreError
from contexta.recovery._errors import RestoreError, translated
from contexta.recovery._layout import absolute, layout_of, standard_layout
from contexta.recovery._manifest import canonical
from contexta.recovery._models_salvage import LostItem, SalvageResult
from contexta.recovery._progress import Progress, Reporter
from contexta.recovery._salvage_build import build
from contexta.recovery._salvage_losses import Losses
from contexta.recovery._salvage_source import Origin, earlier_of, find_origin
from contexta.recovery._scratch import remove_tree, scratch_folder
from contexta.recovery._space import require_room
from contexta.recovery._sync import sync_files, sync_folders
from contexta.recovery._walk import walk_files
from contexta.store.fs import atomic_write_bytes, ensure_private_dir, fsync_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contexta.recovery._config import RecoveryConfig

__all__ = ["LostItem", "SalvageResult", "salvage"]

REPORT = Path("recovery") / "salvage.json"
WORK_SUFFIX = ".salvage"


def salvage(
    config: RecoveryConfig,
    source: str | Path,
    *,
    target_workspace: str | Path,
    key_file: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SalvageResult:
    """Build a new workspace of everything in a backup or a workspace that can be read.

    It copies what reads, lets the stores repair the copy, and names each loss: in the result, in
    `recovery/salvage.json` of the target, and as a degraded record in each run that the loss
    belongs to, so that interpretation shows it beside its numbers. What the source has lost and
    another backup of the same workspace still holds is taken from there. The ledger is that of
    the source, row by row where it is damaged, else that of the nearest earlier backup with every
    row that proves itself; runs that no ledger knows get a row made from their records.

    The source is only read. The target appears by one rename, whole and on disk; killed before,
    there is none, and the next call begins anew. Calling again after it appeared returns the
    result again, with the note `already_salvaged`.

    It cannot tell that something is lost when everything that names it is lost with it.

    Args:
        config: The resolved configuration: where backups lie.
        source: The name of a backup, or the absolute path (or a `Path`) of a backup or of a
            workspace folder.
        target_workspace: A folder that does not exist or is empty.
        key_file: The key of an encrypted backup; None means the configured one.
        progress: Told about ten times a second how far it is. An exception in it ends the work.

    Raises:
        RestoreError: `recovery_target_not_empty`, `recovery_target_not_replaceable`,
            `recovery_nothing_to_salvage`, `recovery_repair_failed`, `recovery_backup_not_found`,
            `recovery_invalid_backup_ref`, `recovery_manifest_invalid` (a newer format),
            `recovery_restore_running`, `recovery_key_missing`, `recovery_key_wrong`, and the
            codes of system failures. There is no target then.
        SchemaVersionError: A newer release wrote a plane.
        ValidationError: `recovery_invalid_text` when `source` is blank.
    """
    target = absolute(target_workspace)
    reporter, losses = Reporter(progress), Losses()
    with translated(RestoreError, "salvage the workspace"), ExitStack() as stack:
        origin = find_origin(config, source, key_file, losses, stack)
        _check_target(config, origin, target)
        ensure_private_dir(target.parent)
        work = _locked_work(stack, target)
        done = _finished(origin, target)
        if done is not None:
            fsync_dir(target.parent)  # the call that gave it its name may have been killed then
            return done
        _refuse_data(target)
        require_room([(work, origin.size)])
        new = standard_layout(work / secrets.token_hex(8))
        ensure_private_dir(new.root)
        earlier = earlier_of(config, origin, key_file)
        with _failed_repairs():
            result = build(origin, new, earlier, losses, reporter, target)
        _publish(new.root, target, result)
        return result


@contextmanager
def _failed_repairs() -> Iterator[None]:
    """Say of what the stores could not do in the copy that nothing was published.

    A newer format stays what it is; failures of the system are told apart by `translated`.
    """
    try:
        yield
    except StoreError as error:
        if isinstance(error, SchemaVersionError | OSError):
            raise
        raise RestoreError(
            f"The copy could not be mended: {error.message} Nothing was published. Look whether "
            "the disk of the target is full or failing, then call again.",
            code="recovery_repair_failed",
            details={"reason": error.code, **(error.details or {})},
            retryable=True,
            cause=error,
        ) from error


def _check_target(config: RecoveryConfig, origin: Origin, target: Path) -> None:
    backups = layout_of(config).backups
    places = {"source": origin.location, "folder of backups": backups}
    reasons = [
        f"it lies inside the {name} {str(place)!r}"
        for name, place in places.items()
        if target.is_relative_to(place)
    ]
    if origin.location.is_relative_to(target):
        reasons.append(f"the source {str(origin.location)!r} lies inside it")
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir()):
        reasons.append("it is no folder")
    if target == target.parent:
        reasons.append("it is the root of the filesystem")
    if reasons:
        raise RestoreError(
            f"Cannot salvage into {str(target)!r}: {'; '.join(reasons)}. "
            "Choose another target_workspace.",
            code="recovery_target_not_replaceable",
            details={"target_workspace": str(target), "reasons": reasons},
        )


def _refuse_data(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()):
        raise RestoreError(
            f"{str(target)!r} is not empty. A salvage replaces nothing; choose a new folder.",
            code="recovery_target_not_empty",
            details={"target_workspace": str(target)},
        )


def _locked_work(stack: ExitStack, target: Path) -> Path:
    """Lock the working folder beside the target and remove what a killed salvage left in it."""
    work = target.with_name(f".{target.name}{WORK_SUFFIX}")
    try:
        stack.enter_context(scratch_folder(work))
    except BlockingIOError as error:
        raise RestoreError(
            f"Another salvage into {str(target)!r} is running. Call again when it is done.",
            code="recovery_restore_running",
            details={"path": str(work)},
            retryable=True,
        ) from error
    for entry in os.scandir(work):
        if entry.is_dir(follow_symlinks=False):
            remove_tree(Path(entry.path))
        else:
            Path(entry.path).unlink()
    return work


def _publish(new: Path, target: Path, result: SalvageResult) -> None:
    """Write the report, bring everything to disk, and give it its name."""
    ensure_private_dir((new / REPORT).parent)
    atomic_write_bytes(new / REPORT, canonical(result.to_dict()))
    sync_files(found.path for found in walk_files(new, lambda _: True))
    sync_folders(new)
    try:
        new.rename(target)  # replaces nothing but an empty folder
    except OSError:
        _refuse_data(target)  # somebody filled it meanwhile
        raise
    fsync_dir(target.parent)


def _finished(origin: Origin, target: Path) -> SalvageResult | None:
    """Return the result of a salvage of this very source that put the target in place."""
    try:
        data = json.loads((target / REPORT).read_bytes())
        if data["details"].get("identity") != origin.identity:
            return None
        data["notes"].append("already_salvaged")
        lost = tuple(LostItem(**item) for item in data.pop("lost"))
        return SalvageResult(lost=lost, **data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
