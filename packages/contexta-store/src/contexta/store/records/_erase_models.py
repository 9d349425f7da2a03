"""What an erasure or a retention would do, and what it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from contexta.store._words import counted

if TYPE_CHECKING:
    from contexta.store.records._erase_choice import AgeChoice, TargetChoice

_MIB = 1 << 20

NOT_ERASED = (
    "Backups, exports, copies of the folder and what other programs read before keep these "
    "records: erase them there, too."
)


class PartChange(NamedTuple):
    """One part that loses rows.

    Attributes:
        path: Relative to the root of the store.
        record_type: `event`, `metric`, `span` or `degraded`.
        project: Project of its rows.
        rows: Rows that it has.
        going: Rows that go; the part is dropped without rewriting when all go.
        size: Its bytes.
    """

    path: str
    record_type: str
    project: str
    rows: int
    going: int
    size: int

    @property
    def is_dropped(self) -> bool:
        """Whether nothing of it is left."""
        return self.going == self.rows


class LiveRows(NamedTuple):
    """Rows that go and are not in Parquet yet.

    `state` is `own` (of this process: sealed first), `dead` (its process ended: sealed first) or
    `living` (of another process: it has to close or seal first).
    """

    path: str
    writer_id: str
    rows: int
    state: str


class Blocker(NamedTuple):
    """Why rows cannot go now: a stable code, a sentence with the way out, and the file."""

    code: str
    message: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewritePlan:
    """What would go; `str` gives it as text.

    Attributes:
        parts: Parts that lose rows.
        live: Rows that are not in Parquet yet.
        blockers: What is in the way.
        quarantined: Files of `_quarantine` that may hold such rows and go, too.
    """

    parts: tuple[PartChange, ...] = ()
    live: tuple[LiveRows, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    quarantined: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows that go."""
        return sum(part.going for part in self.parts) + sum(live.rows for live in self.live)

    @property
    def rewritten_bytes(self) -> int:
        """Bytes of the parts that are written anew; those that are dropped cost nothing."""
        return sum(part.size for part in self.parts if not part.is_dropped)

    def places(self) -> dict[tuple[str, str], int]:
        """Return the rows that go from parts by record type and project."""
        found: dict[tuple[str, str], int] = {}
        for part in self.parts:
            place = (part.record_type, part.project)
            found[place] = found.get(place, 0) + part.going
        return dict(sorted(found.items()))

    def lines(self) -> Iterator[str]:
        """Yield the plan as lines of text."""
        go = counted(self.rows, "record goes", "records go")
        yield f"{go}; {self.rewritten_bytes / _MIB:.1f} MiB are rewritten"
        for (record_type, project), rows in self.places().items():
            own = [p for p in self.parts if (p.record_type, p.project) == (record_type, project)]
            dropped = sum(part.is_dropped for part in own)
            yield (
                f"{record_type}/{project}: {counted(rows, 'record')} of "
                f"{counted(len(own), 'part')}, {dropped} of them "
                "dropped whole"
            )
        for live in self.live:
            what = "must be closed first" if live.state == "living" else "is sealed first"
            yield f"{live.path}: {counted(live.rows, 'record')}, the {live.state} writer {what}"
        for path in self.quarantined:
            yield f"{path}: removed, because it may hold such records"
        for blocker in self.blockers:
            yield f"blocked ({blocker.code}): {blocker.message}"

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan(RewritePlan):
    """What the erasure of runs or samples would do; `str` gives it as text.

    Attributes:
        target: What is to go.
        mentions: By record type, rows of others that name the target in a text and stay.
        notes: What an erasure cannot reach.
    """

    target: TargetChoice
    mentions: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = (NOT_ERASED,)

    def lines(self) -> Iterator[str]:
        """Yield the plan as lines of text."""
        yield f"erase {self.target}"
        yield from RewritePlan.lines(self)
        for record_type, rows in sorted(self.mentions.items()):
            told = counted(
                rows, "other record names it and stays", "other records name it and stay"
            )
            yield f"{record_type}: {told}"
        yield from self.notes

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPlan(RewritePlan):
    """What a retention would do; `str` gives it as text.

    Attributes:
        choice: What is to go.
        kept_runs: Runs that would go by their age, each with the reason why they stay.
    """

    choice: AgeChoice
    kept_runs: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Yield the plan as lines of text."""
        expired = counted(len(self.choice.expired_runs), "run expires", "runs expire")
        yield f"retention: {expired} whole"
        yield from RewritePlan.lines(self)
        for run_ref, reason in sorted(self.kept_runs.items()):
            yield f"{run_ref} stays: {reason}"

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What an erasure or a retention did; `str` gives it as text.

    Attributes:
        rows: Rows that are gone.
        parts_rewritten: Parts that were written anew without them.
        parts_dropped: Parts of which nothing was left.
        bytes_before: Size of the touched parts.
        bytes_after: Size of what took their place.
        removed_files: Files of `_quarantine` that were removed.
        skipped: What was left, with reasons.
        notes: What it cannot reach.
    """

    rows: int = 0
    parts_rewritten: int = 0
    parts_dropped: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    removed_files: tuple[str, ...] = ()
    skipped: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = (
            f"{counted(self.rows, 'record')} erased; "
            f"{counted(self.parts_rewritten, 'part')} rewritten, "
            f"{self.parts_dropped} dropped; {self.bytes_before} bytes became {self.bytes_after}"
        )
        left = [f"left: {blocker.message}" for blocker in self.skipped]
        return "\n".join([text, *left, *self.notes])


@dataclass(frozen=True, slots=True)
class ErasedRange:
    """Records that are gone on purpose; a fact, not damage.

    Attributes:
        record_type: Their type; "" when the line about them was lost.
        project: Their project; "" likewise.
        first_sequence: Lowest number among them.
        last_sequence: Highest number; records between the two may have stayed.
        count: How many they were.
        reason: `erasure` or `retention`; `unknown` when the line about them was lost.
        erased_at: When, UTC text.
        subjects: The runs and samples named in the plan, or their salted hashes.
    """

    record_type: str
    project: str
    first_sequence: int
    last_sequence: int
    count: int
    reason: str
    erased_at: str
    subjects: tuple[str, ...] = ()
