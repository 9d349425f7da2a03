"""What a salvage took and what it could not take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contexta.recovery._checks import count, flag, frozen_mapping, plain, required_text, texts
from contexta.recovery._models_base import RecoveryResult, as_path, path_text, set_fields


@dataclass(frozen=True, slots=True)
class LostItem:
    """One thing that could not be taken, or not as a whole.

    Args:
        plane: `metadata`, `records`, `artifacts`, `workspace` for its mark, `backup` for the
            manifest, or the name of another section.
        place: Path in the workspace; a ref where one row of the ledger or one artifact is lost.
        reason: A token: the kind of a `BackupProblem`, `part_damaged`, `segment_lost`,
            `row_damaged`, `row_rebuilt`, `body_lost`, `binding_lost` ...
        message: The fact, for a person.
        run_refs: The runs that it belongs to, sorted.
        certain: Whether it is known that these runs, and no others, are concerned. Otherwise
            they are all that it may concern, as far as that is known.
        count: How many records, rows or bodies are lost; None when nobody knows.
    """

    plane: str
    place: str
    reason: str
    message: str
    run_refs: tuple[str, ...] = ()
    certain: bool = True
    count: int | None = None

    def __post_init__(self) -> None:
        set_fields(
            self,
            plane=required_text("plane", self.plane),
            place=required_text("place", self.place),
            reason=required_text("reason", self.reason),
            message=required_text("message", self.message),
            run_refs=tuple(sorted(set(texts("run_refs", self.run_refs)))),
            certain=flag("certain", self.certain),
            count=None if self.count is None else count("count", self.count),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "plane": self.plane,
            "place": self.place,
            "reason": self.reason,
            "message": self.message,
            "run_refs": list(self.run_refs),
            "certain": self.certain,
            "count": self.count,
        }

    def with_runs(self, run_refs: Iterable[str], *, certain: bool | None = None) -> LostItem:
        """Return the same loss with other runs."""
        is_certain = self.certain if certain is None else certain
        return replace(self, run_refs=tuple(run_refs), certain=is_certain)


@dataclass(frozen=True, slots=True)
class SalvageResult(RecoveryResult):
    """A workspace that was made of what could be read.

    `status` is `SUCCESS` when nothing is lost, else `DEGRADED`.

    Args:
        source: The backup or workspace that was read; it is unchanged.
        target_workspace: The new workspace.
        taken: Per plane what is in the target: `metadata` {`projects`, `runs`}, `records`
            {`records`}, `artifacts` {`artifacts`}.
        lost_counts: Per plane the number of items in `lost`.
        lost: What could not be taken, by plane and place.
        ledger_source: Where the ledger came from: `source`, the name of an earlier backup, or
            `rebuilt`.
    """

    source: Path | None = None
    target_workspace: Path | None = None
    taken: Mapping[str, Any] | None = None
    lost_counts: Mapping[str, int] | None = None
    lost: tuple[LostItem, ...] = ()
    ledger_source: str = "source"

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            source=as_path(self.source),
            target_workspace=as_path(self.target_workspace),
            taken=frozen_mapping(self.taken),
            lost_counts=frozen_mapping(self.lost_counts),
            lost=tuple(self.lost),
            ledger_source=required_text("ledger_source", self.ledger_source),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "source": path_text(self.source),
            "target_workspace": path_text(self.target_workspace),
            "taken": plain(self.taken),
            "lost_counts": plain(self.lost_counts),
            "lost": [item.to_dict() for item in self.lost],
            "ledger_source": self.ledger_source,
        }
