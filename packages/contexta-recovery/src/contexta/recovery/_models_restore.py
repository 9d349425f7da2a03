"""Plans and results of restores and imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contexta.recovery._checks import count, flag, frozen_mapping, plain, required_text, texts
from contexta.recovery._models_base import RecoveryResult, as_path, path_text, set_fields

_LISTED_RUNS = 20


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """What a restore would change, seen when it was planned.

    Args:
        created_at: When the backup was made, UTC text.
        backup_counts: `runs`, `records`, `artifacts` of the backup.
        backup_bytes: Bytes of its files, as they are in a workspace.
        target_exists: Whether the target is there.
        target_counts: `runs`, `records`, `artifacts` of the target, as far as they can be read.
        target_bytes: Bytes of its planes.
        same_workspace: Whether both are the same workspace; None when one says nothing.
        vanishing_runs: Refs of runs that the target has and the backup has not, sorted.
        returning_runs: Those that only the backup has.
        changed_runs: Those that differ; they get the state of the backup.
        replaced: Folders and files that are replaced.
        problems: What could not be read, of the target or of the backup.
    """

    created_at: str
    backup_counts: Mapping[str, int]
    backup_bytes: int
    target_exists: bool
    target_counts: Mapping[str, int]
    target_bytes: int
    same_workspace: bool | None
    vanishing_runs: tuple[str, ...]
    returning_runs: tuple[str, ...]
    changed_runs: tuple[str, ...]
    replaced: tuple[Path, ...]
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        set_fields(
            self,
            backup_counts=frozen_mapping(self.backup_counts),
            target_counts=frozen_mapping(self.target_counts),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "created_at": self.created_at,
            "backup_counts": dict(self.backup_counts),
            "backup_bytes": self.backup_bytes,
            "target_exists": self.target_exists,
            "target_counts": dict(self.target_counts),
            "target_bytes": self.target_bytes,
            "same_workspace": self.same_workspace,
            "vanishing_runs": list(self.vanishing_runs),
            "returning_runs": list(self.returning_runs),
            "changed_runs": list(self.changed_runs),
            "replaced": [str(path) for path in self.replaced],
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore will read and replace.

    `manifest_sha256` binds the plan to the manifest that it was made from, `target_state` to what
    the target held then; None when nobody looked. `preview` is None for a plan that only
    verifies, or when the manifest cannot be read. With `projects` nothing is replaced: what the
    target lacks of these projects is merged into it. `key_file` is where the key of an encrypted
    backup lies, never the key; the safety copy is encrypted with it too.
    """

    backup_ref: str
    source_root: Path
    target_workspace: Path
    staging_root: Path
    create_safety_backup: bool
    verify_only: bool = False
    notes: tuple[str, ...] = ()
    manifest_sha256: str | None = None
    preview: RestorePreview | None = None
    target_state: str | None = None
    projects: tuple[str, ...] = ()
    key_file: Path | None = None

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
            projects=texts("projects", self.projects),
            key_file=as_path(self.key_file),
        )

    def describe(self) -> str:
        """Return the plan for a person, a line per fact."""
        if self.verify_only:
            return f"Verify backup {self.backup_ref} ({self.source_root}); nothing is changed."
        verb = f"Merge projects {', '.join(self.projects)} of" if self.projects else "Restore"
        lines = [
            f"{verb} backup {self.backup_ref} ({self.source_root})",
            f"  to {self.target_workspace}",
        ]
        if self.preview is None:
            lines.append("  Its manifest cannot be read, so nothing more is known.")
        else:
            lines += _preview_lines(self.preview, merges=bool(self.projects))
        safety = (
            "is backed up and that backup verified"
            if self.create_safety_backup
            else ("is NOT backed up first (recovery.create_backup_before_restore is off)")
        )
        lines.append(f"  Before anything is changed, the target {safety}.")
        return "\n".join(lines)


def _preview_lines(preview: RestorePreview, *, merges: bool) -> list[str]:
    lines = [
        f"  The backup: {_counts(preview.backup_counts)}, {preview.backup_bytes} bytes.",
        f"  It was made {preview.created_at}.",
        f"  The target now: {_counts(preview.target_counts)}, {preview.target_bytes} bytes."
        if preview.target_exists
        else "  The target does not exist and is created.",
    ]
    if preview.same_workspace is False:
        lines.append("  The target is ANOTHER workspace than the one that was backed up.")
    if merges:
        lines.append("  Nothing of the target is removed or set back; what it lacks is added.")
    else:
        lines += _runs("Runs that vanish, since the backup lacks them", preview.vanishing_runs)
        lines += _runs("Runs that go back to their state in the backup", preview.changed_runs)
        lines += [f"  Replaced: {path}" for path in preview.replaced]
        lines.append("  Everything else in the target stays.")
    lines += _runs("Runs that the target lacks and gets", preview.returning_runs)
    lines += [f"  Could not be read: {line}" for line in preview.problems]
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts.get(name, 0)} {name}" for name in ("runs", "records", "artifacts"))


def _runs(title: str, refs: tuple[str, ...]) -> list[str]:
    if not refs:
        return []
    rest = len(refs) - _LISTED_RUNS
    lines = [f"  {title} ({len(refs)}):", *(f"    {ref}" for ref in refs[:_LISTED_RUNS])]
    return [*lines, f"    and {rest} more"] if rest > 0 else lines


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
