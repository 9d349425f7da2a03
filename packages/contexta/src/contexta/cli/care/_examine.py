"""Look at the parts of a workspace, one after the other, and say what is found."""

import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.cli._values import duration, size
from contexta.cli._words import counted
from contexta.cli.care._findings import Finding
from contexta.cli.care._planes import NAMES, Planes
from contexta.interpretation.instants import seconds_of

if TYPE_CHECKING:
    from contexta.client import Contexta

_DAY = 86_400.0
_OLD_BACKUP_DAYS = 7
_SKEW_SECONDS = 300
_LEAST_FREE = 1 << 30
_MANY_PARTS = 64


def planes(found: Planes, *, deep: bool) -> Iterator[Finding]:
    """Whether the planes open, and agree with each other."""
    from contexta.store.integrity import check_workspace

    for name, error in found.failures.items():
        yield Finding(
            "plane_not_opened",
            "error",
            f"the {name} plane cannot be opened: {error.message}",
            "see what is wrong; a damaged plane may have to come from a backup",
            "contexta check",
        )
    report = check_workspace(*(found.stores.get(name) for name in NAMES), deep=deep)
    for level in ("error", "warning"):
        issues = [one for one in report.issues if one.severity == level]
        if issues:
            first = issues[0].message
            several = f"{len(issues):,} {level}s: {first} (and {len(issues) - 1:,} more)"
            yield Finding(
                f"integrity_{level}s",
                level,
                several if len(issues) > 1 else first,
                "see all of them, then what can be mended",
                "contexta check",
            )


def writers(found: Planes) -> tuple[dict[str, int], list[Finding]]:
    """Count living and dead writers, and the open runs of each."""
    records, ledger = found.stores.get("records"), found.stores.get("metadata")
    counts = {"living": 0, "dead": 0, "open_runs": 0, "orphaned_runs": 0}
    if records is None:
        return counts, []
    log = Path(records.root_path) / "_wal"
    names = [item.name for item in log.iterdir() if item.is_dir()] if log.is_dir() else []
    alive = {name: records.writer_alive(name) for name in names}
    counts["living"], counts["dead"] = sum(alive.values()), len(alive) - sum(alive.values())
    if ledger is not None:
        pairs = ledger.runs.open_run_writers()
        counts["open_runs"] = len(pairs)
        counts["orphaned_runs"] = sum(not records.writer_alive(writer) for _, writer in pairs)
    findings = []
    if counts["dead"] or counts["orphaned_runs"]:
        findings.append(
            Finding(
                "dead_writers",
                "warning",
                f"{counted(counts['dead'], 'writer')} ended without closing, "
                f"{counted(counts['orphaned_runs'], 'run')} of theirs not closed",
                "their records are readable; the next program that writes seals them and marks "
                "the runs as interrupted, or do it now",
                "contexta compact",
            )
        )
    return counts, findings


def parts(found: Planes) -> Iterator[Finding]:
    """Whether many small files wait to be merged."""
    records = found.stores.get("records")
    if records is None:
        return
    plan = records.plan_compaction()
    if plan.groups or plan.parts > _MANY_PARTS:
        yield Finding(
            "many_small_parts",
            "info",
            f"{counted(plan.parts, 'part')} of records, {size(plan.size)}",
            "fewer, larger files are read faster",
            "contexta compact --full",
        )


def clock(ctx: "Contexta", now: float) -> Iterator[Finding]:
    """Whether the clock agrees with what is stored: nothing begins in the future."""
    from contexta.interpretation.query import RunListQuery

    newest = ctx.list_runs(query=RunListQuery(limit=1, sort_desc=True))
    started = seconds_of(newest[0].started_at) if newest else None
    if started is not None and started > now + _SKEW_SECONDS:
        yield Finding(
            "clock_behind",
            "warning",
            f"{newest[0].run_id} begins {duration(started - now)} in the future",
            "compare the clocks of the machines that write here; ages and orders may mislead",
        )


def backups(config: Any, now: float, *, has_runs: bool) -> tuple[dict[str, Any], list[Finding]]:
    """How old the newest backup is, and whether manifests can be trusted."""
    from contexta.contract.errors import RecoveryError
    from contexta.recovery import list_backups

    facts: dict[str, Any] = {"count": 0, "newest": None, "age_seconds": None}
    try:
        found = list_backups(config)
    except RecoveryError as error:
        return facts, [Finding("backups_unreadable", "error", error.message)]
    good = [one for one in found if one.problem is None]
    facts["count"] = len(found)
    findings = []
    for one in found:
        if one.problem is not None:
            findings.append(
                Finding(
                    "backup_damaged",
                    "warning",
                    f"backup {one.backup_ref} cannot be trusted: {one.problem}",
                    "it may still be salvaged; do not count on it",
                    f"contexta backup verify {one.backup_ref}",
                )
            )
    if not good:
        if has_runs:
            findings.append(
                Finding(
                    "no_backup",
                    "warning",
                    "there is no backup",
                    "make one, on another disk: recovery.backup_root says where",
                    "contexta backup create",
                )
            )
        return facts, findings
    made = seconds_of(good[-1].created_at)
    facts["newest"] = good[-1].backup_ref
    if made is not None:
        facts["age_seconds"] = max(0.0, now - made)
        if now - made > _OLD_BACKUP_DAYS * _DAY:
            findings.append(
                Finding(
                    "old_backup",
                    "warning",
                    f"the newest backup is {duration(now - made)} old",
                    "make one each night",
                    "contexta backup create",
                )
            )
    return facts, findings


def deliveries(config: Any) -> tuple[dict[str, int], list[Finding]]:
    """What sinks did not take: waiting, and given up."""
    from contexta.recovery.outbox import OutboxFile

    root = config.recovery.outbox_root
    if root is None:
        return {"waiting": 0, "dead_letters": 0}, []
    outbox = OutboxFile(root)
    waiting, dead = len(outbox.waiting_lines()), len(outbox.dead_lines())
    findings = []
    if waiting:
        findings.append(
            Finding(
                "deliveries_wait",
                "info",
                counted(
                    waiting, "failed delivery to a sink waits", "failed deliveries to sinks wait"
                ),
                "deliver them",
                "contexta recover outbox list",
            )
        )
    if dead:
        findings.append(
            Finding(
                "dead_letters",
                "warning",
                f"{counted(dead, 'dead letter')}: deliveries that were given up",
                "find out why, then retry or discard",
                "contexta recover dead-letters list",
            )
        )
    return {"waiting": waiting, "dead_letters": dead}, findings


def disk(root: Path, used: int) -> Iterator[Finding]:
    """Whether there is room to go on, and whether others may read."""
    from shutil import disk_usage

    free = disk_usage(root).free
    if free < max(_LEAST_FREE, used // 4):
        yield Finding(
            "disk_nearly_full",
            "warning",
            f"{size(free)} are free on the disk of the workspace, which takes {size(used)}",
            "free space, or let go of what is old",
            "contexta retain runs --older-than 180d",
        )
    if root.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        yield Finding(
            "readable_by_others",
            "info",
            "every user of this machine may look into the workspace",
            "unless that is meant: chmod o-rwx on the folder",
        )


def aside(found: Planes) -> Iterator[Finding]:
    """Files that repairs put aside."""
    count = sum(
        len(found.stores[name].list_quarantine())
        for name in ("records", "artifacts")
        if name in found.stores
    )
    if count:
        yield Finding(
            "quarantine",
            "info",
            f"{counted(count, 'file')} in quarantine",
            "look at them; release what is not needed any more",
            "contexta quarantine list",
        )


def current_time() -> float:
    """Seconds since 1970."""
    return time.time()
