"""What a deletion would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contexta.store._words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class DeletionBlocker:
    """A reason why a plan cannot be applied, or why a retention leaves something out.

    Attributes:
        code: `child_exists`, `deployment_points_here`, `relation_points_here`,
            `evidence_points_here`, `run_is_written`, or of a retention `tag_keeps_it`.
        ref: What would go and must not yet.
        blocked_by: What stands in the way: a ref, the id of a writer, or the key of a tag.
    """

    code: str
    ref: str
    blocked_by: str

    @property
    def reason(self) -> str:
        """Why, for people; without what it is about."""
        return _REASONS[self.code].format(self.blocked_by)

    @property
    def line(self) -> str:
        """One line for people."""
        return f"{self.ref} stays: {self.reason}"


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """What a deletion would take away. Making one changes nothing; print `lines`.

    Attributes:
        roots: Refs that were asked for, sorted.
        rows: (ref, revision) of every row that would go, children before parents.
        counts: How many rows of each table, in the order in which they would go.
        blockers: Why it cannot be applied; empty when it can.
        untouched: Artifacts and other refs that belong to what goes and that other planes hold.
        runs: Runs that go: the record plane keeps their records.
        writers: (run, writer id) of open runs that were judged when the plan was made.
        recursive: Whether what belongs to the roots goes with them.
        erase: Whether what names them goes, too, and the bytes are removed from the file.
        digest: Identifies the state that the plan was made on.
        kept: Of a retention: why runs that are old enough are not among the roots.
    """

    roots: tuple[str, ...]
    rows: tuple[tuple[str, int], ...]
    counts: Mapping[str, int]
    blockers: tuple[DeletionBlocker, ...]
    untouched: tuple[str, ...]
    runs: tuple[str, ...]
    writers: tuple[tuple[str, str], ...]
    recursive: bool
    erase: bool
    digest: str
    kept: tuple[DeletionBlocker, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether it cannot be applied."""
        return bool(self.blockers)

    @property
    def lines(self) -> tuple[str, ...]:
        """What goes, what stands in the way, and what stays elsewhere, for people."""
        verb = "Erase" if self.erase else "Delete"
        total = len(self.rows)
        named = ", ".join(self.roots[:_NAMED]) + (" …" if len(self.roots) > _NAMED else "")
        found = [f"{verb} {counted(total, 'row')} for {named}."]
        if not self.roots:
            found = ["Nothing to delete."]
        found += [f"  {count} of {table}" for table, count in self.counts.items()]
        found += [f"  - {ref} (revision {revision})" for ref, revision in self.rows[:_SHOWN]]
        if total > _SHOWN:
            found.append(f"  - … and {total - _SHOWN} more")
        found += [f"Blocked: {blocker.line}" for blocker in self.blockers[:_SHOWN]]
        if len(self.blockers) > _SHOWN:
            found.append(f"Blocked: … and {counted(len(self.blockers) - _SHOWN, 'more reason')}")
        found += [f"Kept: {blocker.line}" for blocker in self.kept[:_SHOWN]]
        found += [f"Not touched: records and artifacts of {run}" for run in self.runs]
        found += [f"Not touched: {ref}" for ref in self.untouched]
        if self.erase:
            found.append("Not touched: backups and other copies of the ledger")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class DeletionReport:
    """What a deletion did.

    Attributes:
        deleted: Refs that went, children before parents.
        counts: How many rows of each table.
        untouched: As in the plan.
        runs: As in the plan.
        bytes_removed: For an erasure, whether no byte of the rows is left in the files of the
            ledger. False when a reader kept the log from being emptied, or on a server: see
            `remove_deleted_bytes`. None for a deletion.
    """

    deleted: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    untouched: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    bytes_removed: bool | None = None


_NAMED = 10
_SHOWN = 200
_REASONS = {
    "child_exists": "{} belongs to it; delete recursively",
    "deployment_points_here": "{} names it",
    "relation_points_here": "{} relates something else to it",
    "evidence_points_here": "{} names it as evidence or context",
    "run_is_written": "it is open, and writer {} is alive",
    "tag_keeps_it": "it has the tag {}",
}
