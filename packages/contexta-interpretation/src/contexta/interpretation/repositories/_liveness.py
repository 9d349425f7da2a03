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

INTERRUPTED = "interrupted"


def with_true_status(
    found: Iterable[RunRecord], runs: RunRows, is_writer_alive: Callable[[str], bool]
) -> list[RunRecord]:
    """Show open runs of dead writers as interrupted; a run without a writer stays open."""
    listed = list(found)
    if not any(run.status == "open" for run in listed):
        return listed
    writers = {str(ref): writer for ref, writer in runs.open_run_writers()}
    alive: dict[str, bool] = {}

    def is_dead(run: RunRecord) -> bool:
        writer = writers.get(run.run_id)
        if run.status != "open" or writer is None:
            return False
        if writer not in alive:
            alive[writer] = is_writer_alive(writer)
        return not alive[writer]

    return [replace(run, status=INTERRUPTED) if is_dead(run) else run for run in listed]
