"""What a repair would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RepairCandidate:
    """One finding and the action that would mend it.

    Attributes:
        issue_code: Code of the finding.
        ref: What it is about; None for the store itself.
        action: A token; see `apply_repairs`.
        rationale: The message of the finding.
        details: Its facts.
    """

    issue_code: str
    ref: str | None
    action: str
    rationale: str
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """The candidates in the order of the report, and their actions, each once."""

    ok: bool
    candidates: tuple[RepairCandidate, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RepairPreview:
    """A plan in lines for people."""

    plan: RepairPlan
    summary_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RepairChange:
    """One row, index or view that was changed, or would be.

    Attributes:
        action: The action that asked for it.
        issue_code: Code of the finding.
        ref: What the finding is about.
        table: Table, index or view.
        before: The row as it was, bytes as hex; None when there was none.
        after: The row as it is now; None when it was removed.
    """

    action: str
    issue_code: str
    ref: str | None
    table: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RepairSkip:
    """A candidate that was left alone, and why."""

    action: str
    issue_code: str
    ref: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What a repair changed, or would change.

    Attributes:
        repair_id: Names it in the audit; None for a dry run and when nothing changed.
        dry_run: Whether nothing was to be changed.
        changed: Whether anything was.
        changes: Row by row, in the order in which they were made.
        skipped: Candidates that were left alone.
        backup_path: The copy of the ledger from before the first change.
    """

    repair_id: str | None
    dry_run: bool
    changed: bool
    changes: tuple[RepairChange, ...] = ()
    skipped: tuple[RepairSkip, ...] = ()
    backup_path: Path | None = None
