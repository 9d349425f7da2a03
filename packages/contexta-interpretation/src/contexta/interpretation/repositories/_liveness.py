"""Which open runs have lost the process that wrote them.

The next writable open of the workspace closes such runs for good. A reader that comes first
must not show them as open; it writes nothing, so it derives the status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from contexta.interpretation.repositories.records import RunRecord

if TYPE_CHECKING:
    from contexta.interpretation.repositories._ports import RunRows

OPEN = "open"
INTERRUPTED = "interrupted"


def with_true_status(
    found: Iterable[RunRecord], runs: RunRows, is_writer_alive: Callable[[str], bool]
) -> list[RunRecord]:
    """Show open runs of dead writers as interrupted; a run without a writer stays open."""
    listed = list(found)
    if not any(run.status == OPEN for run in listed):
        return listed
    dead = left_open(runs, is_writer_alive)
    return [
        replace(run, status=INTERRUPTED) if run.status == OPEN and run.run_id in dead else run
        for run in listed
    ]


def left_open(runs: RunRows, is_writer_alive: Callable[[str], bool]) -> frozenset[str]:
    """Return the refs of open runs whose writer died."""
    writers = {str(ref): writer for ref, writer in runs.open_run_writers()}
    alive = {writer: is_writer_alive(writer) for writer in set(writers.values())}
    return frozenset(ref for ref, writer in writers.items() if not alive[writer])
