"""Plans and results of backup, restore, replay and import.

All are frozen. Constructors check what they are given and raise `ValidationError`
(`recovery_invalid_text`, `recovery_invalid_bool`, `recovery_invalid_number`). Mappings inside are
read-only and sorted by key. `to_dict()` gives JSON-safe data: paths as text, tuples as lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contexta.recovery._checks import count, flag, frozen_mapping, plain, required_text, texts

__all__ = [
    "BackupPlan",
    "BackupProblem",
    "BackupResult",
    "BackupSummary",
    "BackupVerification",
    "ImportResult",
    "RecoveryResult",
    "ReplayBatchResult",
    "ReplayEntryResult",
    "RestorePlan",
    "RestoreResult",
]


def _set(model: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(model, name, value)


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)


def _path_text(value: Path | None) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class RecoveryResult:
    """What every operation reports.

    Args:
        status: `SUCCESS`, `DEGRADED` (done, but read the warnings) or `FAILURE`.
        warnings: What is wrong or left out, for a person.
        notes: Tokens that say what was done.
        details: Further facts.
    """

    status: str
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        _set(
            self,
            status=required_text("status", self.status).upper(),
            warnings=texts("warnings", self.warnings),
            notes=texts("notes", self.notes),
            details=frozen_mapping(self.details),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "status": self.status,
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "details": plain(self.details),
        }


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What a backup will copy, from where to where.

    `estimated_bytes` is the size of the sections when the plan was made.
    """

    backup_ref: str
    workspace_root: Path
    backup_root: Path
    included_sections: tuple[str, ...]
    estimated_bytes: int
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _set(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            workspace_root=Path(self.workspace_root),
            backup_root=Path(self.backup_root),
            included_sections=texts("included_sections", self.included_sections),
            estimated_bytes=count("estimated_bytes", self.estimated_bytes),
            notes=texts("notes", self.notes),
        )

    @property
    def label(self) -> str:
        """The cleaned label: the reference without its time."""
        return self.backup_ref.rsplit("-", 5)[0]


@dataclass(frozen=True, slots=True)
class BackupResult(RecoveryResult):
    """A finished, verified backup.

    `created_at` is UTC text, `location` the folder, `bytes_written` counts every file in it.
    `backup_ref` differs from the plan's when a backup of that name existed already.
    """

    backup_ref: str = ""
    created_at: str = ""
    location: Path | None = None
    included_sections: tuple[str, ...] = ()
    bytes_written: int = 0
    verification_notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        _set(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            created_at=required_text("created_at", self.created_at),
            location=_path(self.location),
            included_sections=texts("included_sections", self.included_sections),
            bytes_written=count("bytes_written", self.bytes_written),
            verification_notes=texts("verification_notes", self.verification_notes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "created_at": self.created_at,
            "location": _path_text(self.location),
            "included_sections": list(self.included_sections),
            "bytes_written": self.bytes_written,
            "verification_notes": list(self.verification_notes),
        }


@dataclass(frozen=True, slots=True)
class BackupProblem:
    """One thing that is wrong with a backup.

    Args:
        kind: `manifest_missing`, `manifest_invalid`, `manifest_edited`, `file_missing`,
            `file_unexpected`, `file_not_regular`, `size_differs`, `hash_differs`,
            `unreadable`, `count_differs`.
        place: Path inside the backup, or the name of a plane.
        message: The fact, for a person.
    """

    kind: str
    place: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {"kind": self.kind, "place": self.place, "message": self.message}


@dataclass(frozen=True, slots=True)
class BackupVerification(RecoveryResult):
    """The outcome of reading every byte of a backup.

    `status` is `FAILURE` with any problem, `DEGRADED` when the bytes are what was written but the
    backup was taken of a damaged or incomplete workspace, else `SUCCESS`.
    """

    backup_ref: str = ""
    location: Path | None = None
    problems: tuple[BackupProblem, ...] = ()
    file_count: int = 0
    bytes_read: int = 0

    @property
    def ok(self) -> bool:
        """Whether every byte is what the manifest says."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "location": _path_text(self.location),
            "problems": [problem.to_dict() for problem in self.problems],
            "file_count": self.file_count,
            "bytes_read": self.bytes_read,
        }


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """One line of the list of backups, from its manifest alone; no other byte was read.

    `problem` is None, or why the manifest cannot be trusted; then the other facts are unknown.
    """

    backup_ref: str
    location: Path
    created_at: str | None = None
    total_bytes: int = 0
    included_sections: tuple[str, ...] = ()
    counts: Mapping[str, int] | None = None
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "backup_ref": self.backup_ref,
            "location": str(self.location),
            "created_at": self.created_at,
            "total_bytes": self.total_bytes,
            "included_sections": list(self.included_sections),
            "counts": dict(self.counts or {}),
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore will read and replace.

    `manifest_sha256` binds the plan to the manifest that it was made from; None when the backup
    had none then.
    """

    backup_ref: str
    source_root: Path
    target_workspace: Path
    staging_root: Path
    create_safety_backup: bool
    verify_only: bool = False
    notes: tuple[str, ...] = ()
    manifest_sha256: str | None = None

    def __post_init__(self) -> None:
        _set(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            source_root=Path(self.source_root),
            target_workspace=Path(self.target_workspace),
            staging_root=Path(self.staging_root),
            create_safety_backup=flag("create_safety_backup", self.create_safety_backup),
            verify_only=flag("verify_only", self.verify_only),
            notes=texts("notes", self.notes),
        )


@dataclass(frozen=True, slots=True)
class RestoreResult(RecoveryResult):
    """A verified or applied restore. `applied` is False when the target was not touched."""

    backup_ref: str = ""
    target_workspace: Path | None = None
    applied: bool = False
    plane_results: Mapping[str, Any] | None = None
    safety_backup_ref: str | None = None
    verification_notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        _set(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            target_workspace=_path(self.target_workspace),
            applied=flag("applied", self.applied),
            plane_results=frozen_mapping(self.plane_results),
            verification_notes=texts("verification_notes", self.verification_notes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "target_workspace": _path_text(self.target_workspace),
            "applied": self.applied,
            "plane_results": plain(self.plane_results),
            "safety_backup_ref": self.safety_backup_ref,
            "verification_notes": list(self.verification_notes),
        }


@dataclass(frozen=True, slots=True)
class ReplayEntryResult:
    """What became of one outbox entry.

    `status` is `SUCCESS`, `DEGRADED` or `FAILURE` of the delivery, or `SKIPPED` when no sink of
    its name was given. `attempts` counts failed replays, this one included.
    """

    replay_ref: str
    family: str
    target: str
    status: str
    detail: str = ""
    attempts: int = 0

    def __post_init__(self) -> None:
        _set(
            self,
            replay_ref=required_text("replay_ref", self.replay_ref),
            family=required_text("family", self.family),
            target=required_text("target", self.target),
            status=required_text("status", self.status).upper(),
            attempts=count("attempts", self.attempts),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "replay_ref": self.replay_ref,
            "family": self.family,
            "target": self.target,
            "status": self.status,
            "detail": self.detail,
            "attempts": self.attempts,
        }


@dataclass(frozen=True, slots=True)
class ReplayBatchResult(RecoveryResult):
    """One pass over the outbox. `pending_count` is what is left in the file."""

    entries: tuple[ReplayEntryResult, ...] = ()
    acknowledged_count: int = 0
    pending_count: int = 0
    dead_lettered_count: int = 0

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        _set(
            self,
            entries=tuple(self.entries),
            acknowledged_count=count("acknowledged_count", self.acknowledged_count),
            pending_count=count("pending_count", self.pending_count),
            dead_lettered_count=count("dead_lettered_count", self.dead_lettered_count),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "entries": [entry.to_dict() for entry in self.entries],
            "acknowledged_count": self.acknowledged_count,
            "pending_count": self.pending_count,
            "dead_lettered_count": self.dead_lettered_count,
        }


@dataclass(frozen=True, slots=True)
class ImportResult(RecoveryResult):
    """What an import from another tool brought in, and what it could not carry over."""

    source_root: Path | None = None
    target_workspace: Path | None = None
    created_run_count: int = 0
    created_artifact_count: int = 0
    created_record_count: int = 0
    loss_notes: tuple[str, ...] = ()
    verification_notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        _set(
            self,
            source_root=_path(self.source_root),
            target_workspace=_path(self.target_workspace),
            created_run_count=count("created_run_count", self.created_run_count),
            created_artifact_count=count("created_artifact_count", self.created_artifact_count),
            created_record_count=count("created_record_count", self.created_record_count),
            loss_notes=texts("loss_notes", self.loss_notes),
            verification_notes=texts("verification_notes", self.verification_notes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "source_root": _path_text(self.source_root),
            "target_workspace": _path_text(self.target_workspace),
            "created_run_count": self.created_run_count,
            "created_artifact_count": self.created_artifact_count,
            "created_record_count": self.created_record_count,
            "loss_notes": list(self.loss_notes),
            "verification_notes": list(self.verification_notes),
        }
