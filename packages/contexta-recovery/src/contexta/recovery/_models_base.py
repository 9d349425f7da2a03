"""What every result of recovery has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contexta.recovery._checks import frozen_mapping, plain, required_text, texts


def set_fields(model: object, **values: object) -> None:
    """Set fields of a frozen model while it is made."""
    for name, value in values.items():
        object.__setattr__(model, name, value)


def as_path(value: str | Path | None) -> Path | None:
    """Return the value as a path; None stays."""
    return None if value is None else Path(value)


def path_text(value: Path | None) -> str | None:
    """Return a path as text; None stays."""
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
        set_fields(
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
