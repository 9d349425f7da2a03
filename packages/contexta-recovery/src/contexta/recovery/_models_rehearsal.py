"""What a rehearsal found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from contexta.recovery._checks import count, frozen_mapping, plain, required_text, texts
from contexta.recovery._models_base import RecoveryResult, set_fields


class RehearsalSide(NamedTuple):
    """One of the two workspaces of a rehearsal, for whoever asks it questions.

    Attributes:
        name: `live` or `restored`.
        workspace_root: Its folder. The planes of the live one may lie elsewhere, as configured;
            those of the restored one are in their default places.
        run_refs: The runs to ask about, sorted: ended before the backup, in both, and not
            changed since.
        created_at: When the backup was made, UTC text. What came later is not in it.
    """

    name: str
    workspace_root: Path
    run_refs: tuple[str, ...]
    created_at: str


@dataclass(frozen=True, slots=True)
class RehearsalDifference:
    """One answer that the restored workspace gives differently.

    Args:
        question: What was asked, for example `snapshot run:p.x`.
        place: Where in the answer, for example `metrics[0].last`; empty for the whole.
        live: The answer of the live workspace, JSON data; None when it has none.
        restored: That of the restored one, likewise.
    """

    question: str
    place: str
    live: Any
    restored: Any

    @property
    def line(self) -> str:
        """The difference for a person."""
        where = f", {self.place}" if self.place else ""
        return (
            f"{self.question}{where}: {_short(self.live)} live, {_short(self.restored)} restored."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "question": self.question,
            "place": self.place,
            "live": self.live,
            "restored": self.restored,
        }


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


@dataclass(frozen=True, slots=True)
class RehearsalResult(RecoveryResult):
    """A backup that was restored to a scratch folder, opened and asked.

    `status` is `FAILURE` when the backup does not verify, `DEGRADED` when an answer differs or the
    backup was taken of a damaged workspace, else `SUCCESS`. `warnings` has a line for each reason.

    Args:
        differences: Each answer that differs.
        question_count: How many questions both sides answered.
        run_count: How many runs the questions were about.
        changed_runs: Runs that were changed since the backup, which nothing was asked about.
        deleted_runs: Runs that the backup has and the live workspace has not any more.
        plane_results: As in `RestoreResult`.
    """

    backup_ref: str = ""
    differences: tuple[RehearsalDifference, ...] = ()
    question_count: int = 0
    run_count: int = 0
    changed_runs: tuple[str, ...] = ()
    deleted_runs: tuple[str, ...] = ()
    plane_results: Mapping[str, Any] | None = None
    verification_notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            differences=tuple(self.differences),
            question_count=count("question_count", self.question_count),
            run_count=count("run_count", self.run_count),
            changed_runs=texts("changed_runs", self.changed_runs),
            deleted_runs=texts("deleted_runs", self.deleted_runs),
            plane_results=frozen_mapping(self.plane_results),
            verification_notes=texts("verification_notes", self.verification_notes),
        )

    @property
    def ok(self) -> bool:
        """Whether the backup verifies and every answer is the same."""
        return self.status != "FAILURE" and not self.differences

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "differences": [one.to_dict() for one in self.differences],
            "question_count": self.question_count,
            "run_count": self.run_count,
            "changed_runs": list(self.changed_runs),
            "deleted_runs": list(self.deleted_runs),
            "plane_results": plain(self.plane_results),
            "verification_notes": list(self.verification_notes),
        }
