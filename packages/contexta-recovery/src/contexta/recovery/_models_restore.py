"""Plans and results of restores and imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contexta.recovery._checks import count, flag, frozen_mapping, plain, required_text, texts
from contexta.recovery._models_base import RecoveryResult, as_path, path_text, set_fields


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
        set_fields(
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
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            target_workspace=as_path(self.target_workspace),
            applied=flag("applied", self.applied),
            plane_results=frozen_mapping(self.plane_results),
            verification_notes=texts("verification_notes", self.verification_notes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "target_workspace": path_text(self.target_workspace),
            "applied": self.applied,
            "plane_results": plain(self.plane_results),
            "safety_backup_ref": self.safety_backup_ref,
            "verification_notes": list(self.verification_notes),
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
        set_fields(
            self,
            source_root=as_path(self.source_root),
            target_workspace=as_path(self.target_workspace),
            created_run_count=count("created_run_count", self.created_run_count),
            created_artifact_count=count("created_artifact_count", self.created_artifact_count),
            created_record_count=count("created_record_count", self.created_record_count),
            loss_notes=texts("loss_notes", self.loss_notes),
            verification_notes=texts("verification_notes", self.verification_notes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "source_root": path_text(self.source_root),
            "target_workspace": path_text(self.target_workspace),
            "created_run_count": self.created_run_count,
            "created_artifact_count": self.created_artifact_count,
            "created_record_count": self.created_record_count,
            "loss_notes": list(self.loss_notes),
            "verification_notes": list(self.verification_notes),
        }
