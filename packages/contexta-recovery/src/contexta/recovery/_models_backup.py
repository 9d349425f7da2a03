"""Plans and results of backups, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contexta.contract.errors import ValidationError
from contexta.recovery._checks import count, plain, required_text, texts
from contexta.recovery._models_base import RecoveryResult, as_path, path_text, set_fields


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What a backup will copy, from where to where.

    `estimated_bytes` is the size of the sections when the plan was made. `form` is `directory` or
    `archive`. `workspace_id` and `planes` bind the plan to what was there: the id of the workspace
    (None when it had none) and the planes that existed (None when nobody looked).
    """

    backup_ref: str
    workspace_root: Path
    backup_root: Path
    included_sections: tuple[str, ...]
    estimated_bytes: int
    notes: tuple[str, ...] = ()
    form: str = "directory"
    workspace_id: str | None = None
    planes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            workspace_root=Path(self.workspace_root),
            backup_root=Path(self.backup_root),
            included_sections=texts("included_sections", self.included_sections),
            estimated_bytes=count("estimated_bytes", self.estimated_bytes),
            notes=texts("notes", self.notes),
            form=_form(self.form),
            planes=None if self.planes is None else texts("planes", self.planes),
        )

    @property
    def label(self) -> str:
        """The cleaned label: the reference without its time."""
        return self.backup_ref.rsplit("-", 5)[0]


def _form(value: object) -> str:
    if value not in ("directory", "archive"):
        raise ValidationError(
            f"form is {value!r}; it must be 'directory' or 'archive'.",
            code="recovery_invalid_form",
            details={"field": "form"},
        )
    return str(value)


@dataclass(frozen=True, slots=True)
class BackupResult(RecoveryResult):
    """A finished, verified backup.

    `created_at` is UTC text, `location` the folder or archive. `bytes_written` counts what was
    written to disk; files that an earlier backup holds are linked and count nothing.
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
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            created_at=required_text("created_at", self.created_at),
            location=as_path(self.location),
            included_sections=texts("included_sections", self.included_sections),
            bytes_written=count("bytes_written", self.bytes_written),
            verification_notes=texts("verification_notes", self.verification_notes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "created_at": self.created_at,
            "location": path_text(self.location),
            "included_sections": list(self.included_sections),
            "bytes_written": self.bytes_written,
            "verification_notes": list(self.verification_notes),
        }


@dataclass(frozen=True, slots=True)
class BackupProblem:
    """One thing that is wrong with a backup.

    Args:
        kind: `manifest_missing`, `manifest_invalid`, `manifest_newer`, `manifest_edited`,
            `file_missing`, `file_unexpected`, `file_not_regular`, `size_differs`, `hash_differs`,
            `unreadable`, `count_differs`, `damage_differs`.
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
    backup was taken of a damaged or incomplete workspace, else `SUCCESS`. `bytes_read` counts
    bytes as stored. `plane_results` is what the opened stores hold, as in a `RestoreResult`; None
    unless they were opened.
    """

    backup_ref: str = ""
    location: Path | None = None
    problems: tuple[BackupProblem, ...] = ()
    file_count: int = 0
    bytes_read: int = 0
    plane_results: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether every byte is what the manifest says."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "location": path_text(self.location),
            "problems": [problem.to_dict() for problem in self.problems],
            "file_count": self.file_count,
            "bytes_read": self.bytes_read,
            "plane_results": plain(self.plane_results),
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
    form: str = "directory"
    encrypted: bool = False
    key_id: str | None = None

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
            "form": self.form,
            "encrypted": self.encrypted,
            "key_id": self.key_id,
        }
