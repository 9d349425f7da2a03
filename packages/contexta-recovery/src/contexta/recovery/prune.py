"""Remove backups that a retention rule does not keep, and never the last good one."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError, translated
from contexta.recovery._hold import held_for_reading, held_for_removal, locked
from contexta.recovery._layout import layout_of
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._names import clean_label, label_of
from contexta.recovery._progress import Reporter
from contexta.recovery._publish import remove_partials
from contexta.recovery._removal import finish_removals, freed_bytes, remove_backup
from contexta.recovery._retention import Dated, Retention, reasons_to_keep
from contexta.recovery._source import open_source
from contexta.recovery._verify import check_files
from contexta.recovery.catalog import list_backups
from contexta.recovery.models import BackupSummary, KeptBackup, PruneResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._progress import Progress

__all__ = ["prune_backups"]


def prune_backups(
    config: RecoveryConfig,
    *,
    keep_last: int = 0,
    keep_daily: int = 0,
    keep_weekly: int = 0,
    keep_monthly: int = 0,
    label: str | None = None,
    dry_run: bool = False,
    remove_unreadable: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> PruneResult:
    """Remove the backups that no part of the rule keeps; the oldest goes first.

    A backup stays when any count keeps it: `keep_last` the newest n, `keep_daily` the newest one
    of each of the n latest UTC days that have a backup, `keep_weekly` and `keep_monthly` the
    same for ISO weeks and calendar months. The present time plays no part.

    Whatever the rule says, these stay: the newest backup that verifies and the newest one of a
    workspace without damage, for which backups are read to the last byte from the newest on until
    both are found; everything, when none verifies; backups that somebody reads or restores from,
    where the file system has locks; backups of a newer format; backups with an unreadable
    manifest, unless asked for. Nothing else in the backup folder is touched.

    A removed backup is renamed to a hidden name before any of its files goes. Killed at any
    moment, each backup is whole or none; the next prune or backup frees the rest of the space.
    What killed backups left goes as well.

    Args:
        config: The resolved configuration.
        keep_last: How many of the newest to keep.
        keep_daily: How many days to keep one of.
        keep_weekly: How many weeks to keep one of.
        keep_monthly: How many months to keep one of.
        label: Look at backups with this label only, as in `plan_workspace_backup`; None means
            all, as one series.
        dry_run: Whether to remove nothing and tell what would happen. It reads as much.
        remove_unreadable: Whether backups go whose manifest is missing its meaning: cut, edited.
        progress: Told how far the reading is.

    Raises:
        ValidationError: `recovery_retention_empty` when every count is 0,
            `recovery_invalid_number` when one is no whole number of at least 0.
        BackupError: `recovery_prune_running` (retryable) while another process prunes the same
            folder, and the codes of system failures when the folder cannot be read.
    """
    rule = Retention(keep_last, keep_daily, keep_weekly, keep_monthly)
    root = layout_of(config).backups
    with translated(BackupError, "prune the backups"):
        if not root.is_dir():
            return PruneResult("SUCCESS", notes=("no_backups",), dry_run=dry_run)
        with _only_prune_of(root):
            pruning = _Pruning(list_backups(config), rule, label)
            if not dry_run:
                pruning.warnings += finish_removals(root)
                remove_partials(root)
            pruning.decide(remove_unreadable=remove_unreadable)
            pruning.protect(Reporter(progress))
            freed = pruning.pretend() if dry_run else pruning.remove()
    return pruning.result(freed, dry_run=dry_run)


@dataclass(slots=True)
class _Pruning:
    """One prune: which backups there are, and why each stays; those without a reason go."""

    backups: tuple[BackupSummary, ...]
    rule: Retention
    label: str | None
    reasons: dict[Path, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def decide(self, *, remove_unreadable: bool) -> None:
        """Find the reasons that need no reading of files."""
        self.reasons = {one.location: [] for one in self.backups}
        dated: dict[str, BackupSummary] = {}
        for one in self.backups:
            if self.label is not None and label_of(one.backup_ref) != clean_label(self.label):
                self.reasons[one.location].append("other_label")
            elif _moment(one) is not None:
                dated[str(one.location)] = one
            elif _is_newer(one):
                self.reasons[one.location].append("newer_format")
            elif not remove_unreadable:
                self.reasons[one.location].append("unreadable_manifest")
        moments = [Dated(name, moment) for name, one in dated.items() if (moment := _moment(one))]
        for name, found in reasons_to_keep(moments, self.rule).items():
            self.reasons[dated[name].location] += found

    def doomed(self) -> list[BackupSummary]:
        """Return what goes, oldest first."""
        return [one for one in self.backups if not self.reasons[one.location]]

    def protect(self, reporter: Reporter) -> None:
        """Keep the newest good backups. Only reads when something would go."""
        if not self.doomed():
            return
        wanted = {"newest_verified", "newest_undamaged"}
        for one in reversed(self.backups):
            if not wanted or _moment(one) is None or "other_label" in self.reasons[one.location]:
                continue
            wanted -= self._verified(one, wanted, reporter)
        if "newest_verified" in wanted:
            for one in self.doomed():
                self.reasons[one.location].append("none_verifies")

    def _verified(self, one: BackupSummary, wanted: set[str], reporter: Reporter) -> set[str]:
        """Read a backup if it can be what is wanted; return what it turned out to be."""
        with held_for_reading(one.location):
            source = open_source(one.location)
            manifest = load_manifest(source).manifest
            if manifest is None or (manifest.damage and "newest_verified" not in wanted):
                return set()
            problems = check_files(source, manifest, reporter=reporter)
        if problems:
            self.warnings.append(f"{one.backup_ref} does not verify: {problems[0].message}")
            return set()
        found = wanted if not manifest.damage else wanted & {"newest_verified"}
        self.reasons[one.location] += sorted(found, reverse=True)
        return set(found)

    def pretend(self) -> int:
        """Keep what is being read, and return how many bytes the rest would free."""
        for one in self.doomed():
            with held_for_removal(one.location) as ours:
                if not ours:
                    self.reasons[one.location].append("in_use")
        return freed_bytes(one.location for one in self.doomed())

    def remove(self) -> int:
        """Remove what has no reason to stay, and return how many bytes that freed."""
        freed = 0
        for one in self.doomed():
            try:
                size = freed_bytes([one.location])
                if remove_backup(one.location):
                    freed += size
                elif os.path.lexists(one.location):
                    self.reasons[one.location].append("in_use")
            except OSError as error:
                self.warnings.append(f"{one.backup_ref} could not be removed: {error}.")
                if os.path.lexists(one.location):
                    self.reasons[one.location].append("not_removable")
        return freed

    def result(self, freed: int, *, dry_run: bool) -> PruneResult:
        """Return what was decided and done."""
        return PruneResult(
            status="DEGRADED" if self.warnings else "SUCCESS",
            warnings=tuple(self.warnings),
            notes=("dry_run",) if dry_run else (),
            kept=tuple(
                KeptBackup(one.backup_ref, one.created_at, tuple(reasons))
                for one in self.backups
                if (reasons := self.reasons[one.location])
            ),
            removed=tuple(self.doomed()),
            freed_bytes=freed,
            dry_run=dry_run,
        )


@contextmanager
def _only_prune_of(root: Path) -> Iterator[None]:
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not locked(fd, fcntl.LOCK_EX):
            raise BackupError(
                f"Another process prunes {str(root)!r}. Call again when it is done.",
                code="recovery_prune_running",
                details={"backup_root": str(root)},
                retryable=True,
            )
        yield
    finally:
        os.close(fd)


def _moment(one: BackupSummary) -> datetime | None:
    """Return when a backup was taken; None when that cannot be trusted or understood."""
    if one.problem is not None or one.created_at is None:
        return None
    try:
        moment = datetime.fromisoformat(one.created_at)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _is_newer(one: BackupSummary) -> bool:
    return any(
        problem.kind == "manifest_newer"
        for problem in load_manifest(open_source(one.location)).problems
    )
