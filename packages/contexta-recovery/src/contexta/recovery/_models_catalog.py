"""What pruning keeps and removes, and how two backups differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contexta.recovery._checks import count, flag, frozen_mapping, required_text, texts
from contexta.recovery._models_backup import BackupSummary
from contexta.recovery._models_base import RecoveryResult, set_fields


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A backup that stays, with every reason.

    Args:
        backup_ref: Its name.
        created_at: UTC text; None when its manifest cannot be trusted.
        reasons: By the rule `last`, `daily:2026-11-22`, `weekly:2026-W47`, `monthly:2026-11`;
            for safety `newest_verified`, `newest_undamaged`, `none_verifies`, `in_use`,
            `unreadable_manifest`, `newer_format`, `not_removable`; `other_label` when it was not
            asked about.
    """

    backup_ref: str
    created_at: str | None
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            reasons=texts("reasons", self.reasons),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "backup_ref": self.backup_ref,
            "created_at": self.created_at,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class PruneResult(RecoveryResult):
    """What a prune kept and removed, each oldest first; with `dry_run`, what it would.

    `status` is `SUCCESS`, or `DEGRADED` when a backup was met that does not verify or could not
    be removed. `freed_bytes` counts what the disk gets back: files that a kept backup shares free
    nothing.
    """

    kept: tuple[KeptBackup, ...] = ()
    removed: tuple[BackupSummary, ...] = ()
    freed_bytes: int = 0
    dry_run: bool = False

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            kept=tuple(self.kept),
            removed=tuple(self.removed),
            freed_bytes=count("freed_bytes", self.freed_bytes),
            dry_run=flag("dry_run", self.dry_run),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "kept": [one.to_dict() for one in self.kept],
            "removed": [one.to_dict() for one in self.removed],
            "freed_bytes": self.freed_bytes,
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True, slots=True)
class SectionDiff:
    """How the files of one section differ between two backups.

    Paths are relative to the section and sorted. `new_bytes` is the size of added and changed
    files in the later backup.
    """

    section: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged_count: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    new_bytes: int = 0

    @property
    def is_same(self) -> bool:
        """Whether every file is the same in both."""
        return not (self.added or self.removed or self.changed)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "section": self.section,
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": list(self.changed),
            "unchanged_count": self.unchanged_count,
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
            "new_bytes": self.new_bytes,
        }


@dataclass(frozen=True, slots=True)
class BackupDiff(RecoveryResult):
    """How one backup differs from another.

    `status` is `DEGRADED` when a ledger could not be read, so that the runs are not known; the
    files and counts are complete even then.

    Args:
        before_ref: The backup that is compared.
        after_ref: The backup that it is compared with.
        sections: By name, every section that either has.
        counts_before: `runs`, `records`, `artifacts` by the manifest.
        counts_after: Likewise.
        runs_added: Refs of runs that only the later ledger has, sorted.
        runs_removed: Likewise for the earlier one.
        runs_changed: Refs of runs that both have and that differ.
    """

    before_ref: str = ""
    after_ref: str = ""
    sections: tuple[SectionDiff, ...] = ()
    counts_before: Mapping[str, int] | None = None
    counts_after: Mapping[str, int] | None = None
    runs_added: tuple[str, ...] = ()
    runs_removed: tuple[str, ...] = ()
    runs_changed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            before_ref=required_text("before_ref", self.before_ref),
            after_ref=required_text("after_ref", self.after_ref),
            sections=tuple(self.sections),
            counts_before=frozen_mapping(self.counts_before),
            counts_after=frozen_mapping(self.counts_after),
        )

    @property
    def is_same(self) -> bool:
        """Whether both hold the same files."""
        return all(section.is_same for section in self.sections)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "before_ref": self.before_ref,
            "after_ref": self.after_ref,
            "sections": [section.to_dict() for section in self.sections],
            "counts_before": dict(self.counts_before or {}),
            "counts_after": dict(self.counts_after or {}),
            "runs_added": list(self.runs_added),
            "runs_removed": list(self.runs_removed),
            "runs_changed": list(self.runs_changed),
        }
