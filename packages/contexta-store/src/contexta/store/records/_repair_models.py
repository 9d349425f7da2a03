"""What a repair would do, and what lies in quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

JOURNAL = "finish_replacement"
MARKER = "rewrite_marker"
LOG = "rebuild_log"
NUMBERS = "rebuild_numbers"
WRITER = "seal_dead_writer"
PART = "repair_part"
AUDIT = "drop_audit_lines"
INDEX = "rebuild_index"
NOTHING = "report_only"

ORDER = (MARKER, JOURNAL, LOG, NUMBERS, WRITER, PART, AUDIT, INDEX)
"""The order in which steps are done: what others rely on comes first."""


class RepairStep(NamedTuple):
    """One thing that a repair would do.

    Attributes:
        kind: `rewrite_marker`, `finish_replacement`, `rebuild_log`, `rebuild_numbers`,
            `seal_dead_writer`, `repair_part`, `drop_audit_lines`, `rebuild_index`, or
            `report_only` for damage that nothing here can mend.
        path: The file or folder.
        text: What is wrong and what would be done, for people.
    """

    kind: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class RecordRepairPlan:
    """The steps that would mend a store; `str` gives them as text."""

    steps: tuple[RepairStep, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the plan as lines of text."""
        if not self.steps:
            yield "nothing to repair"
        for step in self.steps:
            yield f"{step.kind}: {step.text}"

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, slots=True)
class QuarantineItem:
    """A file that a repair or a recovery took aside.

    Attributes:
        name: Its name in `_quarantine`.
        path: Its absolute path.
        size: Bytes.
        sha256: Hex digest of its content now.
        origin: Where it was, relative to the root; "" when nobody wrote it down.
        reason: Why it was taken aside.
        quarantined_at: When, UTC text; None when nobody wrote it down.
    """

    name: str
    path: str
    size: int
    sha256: str
    origin: str
    reason: str
    quarantined_at: str | None = None
