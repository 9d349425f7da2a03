"""What compaction plans and what it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contexta.store._words import counted

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class CompactionGroup:
    """Parts of one record type and project that become one part, or a few large ones.

    `paths` are relative to the root of the store, `size` is in bytes.
    """

    record_type: str
    project: str
    paths: tuple[str, ...]
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class CompactionPlan:
    """What a compaction would do next; `str` gives it as text.

    Attributes:
        groups: What would be merged.
        parts: Number of parts in the store now.
        size: Their bytes.
        full: Whether everything below the size cap is to be merged.
    """

    groups: tuple[CompactionGroup, ...]
    parts: int
    size: int
    full: bool = False

    def lines(self) -> Iterator[str]:
        """Yield the plan as lines of text."""
        yield f"{counted(self.parts, 'part')}, {self.size / _MIB:.1f} MiB"
        if not self.groups:
            yield "nothing to merge"
        for group in self.groups:
            yield (
                f"merge {counted(len(group.paths), 'part')} of "
                f"{group.record_type}/{group.project}: "
                f"{counted(group.rows, 'record')}, {group.size / _MIB:.1f} MiB"
            )

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, slots=True)
class SkippedPart:
    """A part that was left as it is, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class CompactionReport:
    """What a compaction did; `str` gives it as text.

    Attributes:
        status: `done`, or `busy` when another process compacts the store.
        parts_before: Number of parts in the store.
        parts_after: The same, afterwards.
        size_before: Their bytes.
        size_after: The same, afterwards.
        merged: Number of parts that were merged.
        written: Number of parts that took their place.
        rows: Records that were moved and verified.
        seconds: Wall time.
        skipped: Parts that were left, with reasons. A damaged part is never compacted away.
    """

    status: str
    parts_before: int
    parts_after: int
    size_before: int
    size_after: int
    merged: int = 0
    written: int = 0
    rows: int = 0
    seconds: float = 0.0
    skipped: tuple[SkippedPart, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the report as lines of text."""
        if self.status == "busy":
            yield "another process compacts this store; nothing was done"
        yield (
            f"{counted(self.parts_before, 'part')}, {self.size_before / _MIB:.1f} MiB -> "
            f"{counted(self.parts_after, 'part')}, {self.size_after / _MIB:.1f} MiB"
        )
        yield (
            f"merged {counted(self.merged, 'part')} with {counted(self.rows, 'record')} "
            f"into {self.written} "
            f"in {self.seconds:.2f} s"
        )
        for one in self.skipped:
            yield f"left as it is: {one.path}: {one.reason}"

    def __str__(self) -> str:
        return "\n".join(self.lines())
