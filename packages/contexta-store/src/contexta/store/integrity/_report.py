"""What a check of a whole workspace found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WorkspaceIssue:
    """Something that does not fit together.

    Attributes:
        code: Stable identifier.
        message: For people.
        severity: `error` or `warning`.
        plane: Where to look: `metadata`, `records` or `artifacts`.
        ref: What it is about.
        suggested_action: A token.
        details: Facts for programs.
    """

    code: str
    message: str
    severity: str = "error"
    plane: str = "metadata"
    ref: str | None = None
    suggested_action: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceIntegrityReport:
    """The result of a check over all planes.

    Attributes:
        ok: True when there is no issue at all, not even a warning.
        checked_at: UTC text.
        deep: Whether every byte of each plane was read, too.
        planes: `checked`, `damaged` (the check met something unreadable and went on) or
            `absent` (none was given), by plane.
        issues: By plane, then in the order of the checks, then by ref.
        issue_counts: `{"error": n, "warning": n}`.
    """

    ok: bool
    checked_at: str
    deep: bool
    planes: Mapping[str, str]
    issues: tuple[WorkspaceIssue, ...] = ()
    issue_counts: Mapping[str, int] = field(default_factory=dict)
