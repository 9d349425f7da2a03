"""Read runs of dead processes as interrupted, without writing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contexta.interpretation.repositories import CompositeStoreRepository

if TYPE_CHECKING:
    from contexta.interpretation.query import RunListQuery
    from contexta.interpretation.repositories import RunRecord

_OPEN, _INTERRUPTED = "open", "interrupted"


class LiveRepository(CompositeStoreRepository):
    """The repository over the planes, in which an open run has a living process.

    Writable openers store that status; readers may not, so it is derived here.
    """

    def __init__(
        self,
        metadata_store: Any,
        record_store: Any,
        artifact_store: Any,
        is_writer_alive: Callable[[str], bool],
    ) -> None:
        super().__init__(metadata_store, record_store, artifact_store)
        self._is_writer_alive = is_writer_alive

    def list_runs(self, project_name: str | None = None) -> tuple[RunRecord, ...]:
        """Return runs oldest first; over all projects, project by project."""
        return self._told(super().list_runs(project_name))

    def find_runs(self, query: RunListQuery) -> tuple[RunRecord, ...]:
        """Return what `query` selects, by the derived status."""
        if query.status not in (_OPEN, _INTERRUPTED) or not self._dead():
            return self._told(super().find_runs(query))
        # The stored status of a dead run is the wrong one to filter by, so the cut comes here.
        whole = self._told(super().find_runs(replace(query, status=None, limit=None, offset=0)))
        kept = [run for run in whole if run.status == query.status]
        end = None if query.limit is None else query.offset + query.limit
        return tuple(kept[query.offset : end])

    def get_run(self, run_id: str) -> RunRecord | None:
        """Return one run, or None."""
        run = super().get_run(run_id)
        return None if run is None else self._told((run,))[0]

    def _told(self, runs: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
        found = tuple(runs)
        if not any(run.status == _OPEN for run in found):
            return found
        dead = self._dead()
        return tuple(
            replace(run, status=_INTERRUPTED) if run.run_id in dead else run for run in found
        )

    def _dead(self) -> frozenset[str]:
        alive: dict[str, bool] = {}
        dead = set()
        for run_ref, writer_id in self.metadata_store.runs.open_run_writers():
            if writer_id not in alive:
                alive[writer_id] = self._is_writer_alive(writer_id)
            if not alive[writer_id]:
                dead.add(str(run_ref))
        return frozenset(dead)
