"""What an import is told and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError
from contexta.store.artifacts._checks import require_count, require_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ImportOutcome(StrEnum):
    """What an import did."""

    IMPORTED = "imported"
    SKIPPED = "skipped"
    REPLACED = "replaced"
    IDEMPOTENT = "idempotent"


class ImportConflictPolicy(StrEnum):
    """What an import does when its ref is bound to other bytes."""

    ERROR = "error"
    SKIP = "skip"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class ImportReceipt:
    """The result of an import.

    Attributes:
        artifact_ref: The artifact.
        outcome: What was done.
        bytes_written: Bytes of the artifact when a body was stored or mended, else 0.
        mapping_loss_report: Read-only, keys sorted. For a package: `package_root`; `not_kept`,
            the fields of the exported binding that the binding here does not have, where there
            are any; `manifest_differences`, likewise of the manifest. Empty for a plain file.
        quarantine_path: Where the replaced body lies, if one was there.
    """

    artifact_ref: str
    outcome: ImportOutcome
    bytes_written: int
    mapping_loss_report: Mapping[str, Any] | None = None
    quarantine_path: Path | None = None

    def __post_init__(self) -> None:
        require_text("artifact_ref", self.artifact_ref)
        require_count("bytes_written", self.bytes_written)
        report = dict(sorted((self.mapping_loss_report or {}).items()))
        object.__setattr__(self, "mapping_loss_report", MappingProxyType(report))


def conflict_policy(value: object) -> ImportConflictPolicy:
    """Return a policy given as a member or as text in any case.

    Raises:
        ValidationError: `artifact_store_invalid_conflict_policy`.
    """
    if isinstance(value, str):
        text = str(getattr(value, "value", value)).strip().lower()
        if text in set(ImportConflictPolicy):
            return ImportConflictPolicy(text)
    raise ValidationError(
        f"{value!r} is not a conflict policy; use error, skip or replace.",
        code="artifact_store_invalid_conflict_policy",
        details={"value": repr(value)},
    )
