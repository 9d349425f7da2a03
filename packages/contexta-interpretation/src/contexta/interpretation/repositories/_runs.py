"""Listing runs, with everything that SQL can do left to the metadata database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from contexta.contract.time import from_epoch_us
from contexta.interpretation.query._listing import filter_runs, page, sort_runs
from contexta.interpretation.repositories._liveness import INTERRUPTED, with_true_status
from contexta.interpretation.repositories._project import run_record
from contexta.interpretation.repositories.records import RunRecord

if TYPE_CHECKING:
    from contexta.contract import Run
    from contexta.interpretation.query.filters import RunListQuery
    from contexta.interpretation.repositories._ports import MetadataPlane


class RunTable:
    """Runs and projects of one metadata plane."""

    def __init__(self, metadata: MetadataPlane, is_writer_alive: Callable[[str], bool]) -> None:
        self._metadata = metadata
        self._is_writer_alive = is_writer_alive

    def list_runs(self, project_name: str | None = None) -> tuple[RunRecord, ...]:
        """Return runs oldest first; over all projects, project by project. Unknown: empty."""
        out: list[RunRecord] = []
        for ref, name in sorted(self.projects(project_name).items()):
            runs = self._metadata.runs.list_runs(ref)
            out += [run_record(run, name) for run in runs]
        return tuple(self._true(out))

    def find_runs(self, query: RunListQuery) -> tuple[RunRecord, ...]:
        """Return what ``query`` selects; paged here unless metric values decide."""
        projects = self.projects(query.project_name)
        if not projects:
            return ()
        # A run that has not ended has no place in SQL's order; such a list is sorted here.
        in_sql = query.sort_by in ("started_at", "name")
        # Whether an open run is interrupted is known only once its writer was asked for.
        settled = query.status not in ("open", INTERRUPTED)
        pages = (
            settled and in_sql and not query.needs_metrics and len(self._refs(query, projects)) == 1
        )
        stored = ("open", INTERRUPTED) if query.status == INTERRUPTED else (query.status,)
        runs = self._true(
            run_record(run, self._project_name(run, projects))
            for status in stored
            for ref in self._refs(query, projects)
            for run in self._select(query, ref, status, in_sql=in_sql, paged=pages)
        )
        if not settled:
            runs = [run for run in runs if run.status == query.status]
        if pages:
            return tuple(runs)
        ordered = sort_runs(runs, query)
        return ordered if query.needs_metrics else page(ordered, query)

    def choose(self, runs: Sequence[RunRecord], query: RunListQuery) -> tuple[RunRecord, ...]:
        """Apply the query to runs that were named one by one; each counts once."""
        allowed = set(self.projects(query.project_name).values())
        unique = {run.run_id: run for run in runs if run.project_name in allowed}
        chosen = replace(query, run_ids=tuple(unique))
        ordered = sort_runs(filter_runs(unique.values(), chosen), query)
        return ordered if query.needs_metrics else page(ordered, query)

    def projects(self, name: str | None) -> dict[str, str]:
        """Names by ref, of the projects called ``name`` (by name or ref), or of all."""
        rows = {p.project_ref.text: p.name for p in self._metadata.projects.list_projects()}
        if name is None:
            return rows
        return {ref: own for ref, own in rows.items() if name in (ref, own, ref.partition(":")[2])}

    def record(self, run: Run) -> RunRecord:
        """Project one run; a workspace that lacks the project's row still has its ref."""
        project = self._metadata.projects.find_project(run.project_ref.text)
        name = run.project_ref.value if project is None else project.name
        return self._true([run_record(run, name)])[0]

    def _true(self, runs: Iterable[RunRecord]) -> list[RunRecord]:
        return with_true_status(runs, self._metadata.runs, self._is_writer_alive)

    def _project_name(self, run: Run, projects: dict[str, str]) -> str:
        return projects.get(run.project_ref.text, run.project_ref.value)

    def _refs(self, query: RunListQuery, projects: dict[str, str]) -> list[str | None]:
        return [None] if query.project_name is None else list(projects)

    def _select(
        self,
        query: RunListQuery,
        project_ref: str | None,
        status: str | None,
        *,
        in_sql: bool,
        paged: bool,
    ) -> Sequence[Run]:
        bounds = query.time_range
        after = None if bounds is None else bounds.after_us
        before = None if bounds is None else bounds.before_us
        return self._metadata.runs.list_runs(
            project_ref,
            status=status,
            name=query.name,
            tags=query.tags or None,
            params=query.params or None,
            started_after=None if after is None else from_epoch_us(after),
            # The store's upper bound is exclusive, ours is inclusive.
            started_before=None if before is None else from_epoch_us(before + 1),
            limit=query.limit if paged else None,
            offset=query.offset if paged else 0,
            order_by=query.sort_by if in_sql else "started_at",
            descending=query.sort_desc if in_sql else False,
        )
