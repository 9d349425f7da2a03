"""What a migration would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STATUSES = ("applied", "failed")


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """A change from one schema version to another."""

    from_version: str
    to_version: str
    description: str
    step_id: str

    def __post_init__(self) -> None:
        blank = [
            name
            for name in ("from_version", "to_version", "description", "step_id")
            if not getattr(self, name).strip()
        ]
        if blank:
            raise ValidationError(
                f"A migration step needs text in: {', '.join(blank)}.",
                code="metadata_migration_step_invalid",
                details={"fields": blank},
            )


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """The steps from one version to another, in order.

    Attributes:
        current_version: None when there is no ledger yet.
        target_version: Where the steps lead.
        steps: Empty when nothing is to be done.
        requires_migration: Computed from the others, whatever is given.
    """

    current_version: str | None
    target_version: str
    steps: tuple[MigrationStep, ...] = ()
    requires_migration: bool = False

    def __post_init__(self) -> None:
        differs = self.current_version is not None and self.current_version != self.target_version
        object.__setattr__(self, "requires_migration", bool(self.steps) or differs)


@dataclass(frozen=True, slots=True)
class MigrationHistoryRow:
    """One attempt to apply a step; `applied_at` is UTC text."""

    step_id: str
    from_version: str
    to_version: str
    description: str
    status: str
    applied_at: str
    notes: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.status not in _STATUSES:
            raise ValidationError(
                f"Status {self.status!r} is not one of {', '.join(_STATUSES)}.",
                code="metadata_migration_status_invalid",
                details={"status": self.status, "allowed": list(_STATUSES)},
            )
        if self.notes is not None:
            object.__setattr__(self, "notes", dict(sorted(self.notes.items())))


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """What a migration did, or would do.

    Attributes:
        current_version: Before it; None when there was no ledger.
        target_version: After it.
        applied_steps: The steps that ran, or would run.
        dry_run: Whether nothing was to be changed.
        changed: Whether anything was.
        history_rows: The rows written to the history.
        warnings: `config_auto_migrate_is_enabled`, `no_schema_changes_required`,
            `no_automatic_copy` (a server's database: take a dump first).
        backup_path: The copy that was taken before the first change.
    """

    current_version: str | None
    target_version: str
    applied_steps: tuple[MigrationStep, ...] = ()
    dry_run: bool = False
    changed: bool = False
    history_rows: tuple[MigrationHistoryRow, ...] = ()
    warnings: tuple[str, ...] = ()
    backup_path: Path | None = None
