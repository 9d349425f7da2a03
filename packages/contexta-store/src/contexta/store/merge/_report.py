"""What a merge did, or would do."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_LISTED = 20


class MergeCounts(NamedTuple):
    """What happened to the items of one kind.

    Attributes:
        new: The target did not have them.
        updated: The target had an older state.
        same: The target has them already.
        skipped: They were left out; the report says why.
    """

    new: int = 0
    updated: int = 0
    same: int = 0
    skipped: int = 0


class MergeRename(NamedTuple):
    """A ref that was taken by something else, and the one that the incoming entity got."""

    old: str
    new: str


class MergeSkip(NamedTuple):
    """Something that was left out; `code` is stable.

    Codes: `deleted_in_target`, `deleted_in_source` (it stays in the target), `parent_missing`,
    `end_missing` (of a relation), `body_missing`, `binding_conflict`.
    """

    ref: str
    code: str
    message: str


class MergeConflict(NamedTuple):
    """Fields in which both sides changed the same thing; the target kept its own values."""

    ref: str
    fields: tuple[str, ...]


class MergeDamage(NamedTuple):
    """A place of the source that could not be read; the rest was merged."""

    plane: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class MergeReport:
    """The result of a merge or of its plan.

    Attributes:
        source: Absolute path.
        target: Absolute path.
        source_id: Workspace id of the source.
        target_id: Of the target; empty when a plan was made for a folder that does not exist.
        dry_run: Whether nothing was written.
        counts: By plane (`metadata`, `records`, `artifacts`), then by kind.
        renames: Refs that were taken, sorted by the old ref.
        skipped: What was left out.
        conflicts: Where both sides changed the same field.
        damage: What of the source could not be read.
        missing_records: Numbers of records that the source is known to have lost.
        erased_records: Numbers of records that were erased in the source on purpose.
        copied_bytes: Bytes of parts and bodies written to the target.
        linked_bytes: Bytes of bodies that both workspaces now share as hard links.
        seconds: Wall time.
    """

    source: str
    target: str
    source_id: str
    target_id: str
    dry_run: bool
    counts: Mapping[str, Mapping[str, MergeCounts]]
    renames: tuple[MergeRename, ...]
    skipped: tuple[MergeSkip, ...]
    conflicts: tuple[MergeConflict, ...]
    damage: tuple[MergeDamage, ...]
    missing_records: int
    erased_records: int
    copied_bytes: int
    linked_bytes: int
    seconds: float

    @property
    def is_empty(self) -> bool:
        """Whether the target had everything."""
        return not any(
            one.new or one.updated for kinds in self.counts.values() for one in kinds.values()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        content = asdict(self)
        content["counts"] = {
            plane: {kind: one._asdict() for kind, one in kinds.items()}
            for plane, kinds in self.counts.items()
        }
        for name in ("renames", "skipped", "conflicts", "damage"):
            content[name] = [
                {key: list(value) if isinstance(value, tuple) else value
                 for key, value in item._asdict().items()}
                for item in getattr(self, name)
            ]  # fmt: skip
        return content

    def lines(self) -> list[str]:
        """Return the report for people, a line per fact."""
        verb = "would take" if self.dry_run else "took"
        found = [f"{self.target} {verb} from {self.source} in {self.seconds:.1f} s:"]
        for plane, kinds in self.counts.items():
            found += [f"  {plane}/{kind}: {_counted(one)}" for kind, one in kinds.items()]
        found.append(
            f"  bytes: {self.copied_bytes} copied, {self.linked_bytes} linked; records known to "
            f"be missing: {self.missing_records}, erased: {self.erased_records}"
        )
        found += _listed("renamed", [f"{old} -> {new}" for old, new in self.renames])
        found += _listed("left out", [f"{one.ref}: {one.message}" for one in self.skipped])
        found += _listed(
            "kept as in the target",
            [f"{one.ref}: {', '.join(one.fields)}" for one in self.conflicts],
        )
        found += _listed("unreadable", [f"{one.plane}: {one.message}" for one in self.damage])
        return found


def _counted(counts: MergeCounts) -> str:
    return ", ".join(f"{value} {name}" for name, value in counts._asdict().items() if value)


def _listed(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    rest = len(items) - _LISTED
    lines = [f"  {title} ({len(items)}):", *(f"    {item}" for item in items[:_LISTED])]
    return [*lines, f"    and {rest} more"] if rest > 0 else lines


@dataclass(slots=True)
class Account:
    """Counts while a merge runs."""

    counts: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    renames: dict[str, str] = field(default_factory=dict)
    skipped: list[MergeSkip] = field(default_factory=list)
    conflicts: list[MergeConflict] = field(default_factory=list)
    damage: list[MergeDamage] = field(default_factory=list)
    missing_records: int = 0
    erased_records: int = 0
    copied_bytes: int = 0
    linked_bytes: int = 0

    def count(self, plane: str, kind: str, what: str, number: int = 1) -> None:
        """Add to a count; `what` is a field of `MergeCounts`."""
        if number:
            self.counts.setdefault(plane, {}).setdefault(kind, Counter())[what] += number

    def skip(self, plane: str, kind: str, ref: str, code: str, message: str) -> None:
        """Note something that is left out."""
        self.count(plane, kind, "skipped")
        self.skipped.append(MergeSkip(ref, code, message))

    def report(
        self,
        *,
        places: tuple[str, str],
        ids: tuple[str, str],
        dry_run: bool,
        seconds: float,
    ) -> MergeReport:
        """Return the public report."""
        counts = {
            plane: {kind: MergeCounts(**one) for kind, one in kinds.items()}
            for plane, kinds in self.counts.items()
        }
        return MergeReport(
            *places,
            *ids,
            dry_run,
            counts,
            tuple(MergeRename(*pair) for pair in sorted(self.renames.items())),
            tuple(self.skipped),
            tuple(self.conflicts),
            tuple(dict.fromkeys(self.damage)),
            self.missing_records,
            self.erased_records,
            self.copied_bytes,
            self.linked_bytes,
            seconds,
        )
