"""What there is, for those who asked for what there is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contexta.interpretation._nearest import nearest
from contexta.interpretation.protocols import CompositeRepository, RunSuggester
from contexta.interpretation.query.metrics import metric_summaries

if TYPE_CHECKING:
    from contexta.interpretation.repositories.records import RunRecord

# Names are looked up where an answer is empty; a fleet of runs would make that slow.
_LOOKED_AT = 50
_PROJECTS = 5


def near_runs(repository: CompositeRepository, text: str) -> tuple[str, ...]:
    """Return up to five run ids close to ``text``."""
    if isinstance(repository, RunSuggester):
        return tuple(repository.nearest_runs(text))
    return nearest(text, (run.run_id for run in repository.list_runs()))


def near_metrics(
    repository: CompositeRepository, run_ids: Sequence[str], metric_key: str
) -> tuple[str, ...]:
    """Return up to five metric keys of the last of the runs, close to ``metric_key``.

    Empty when one of them has the metric.
    """
    rows = metric_summaries(repository, run_ids[-_LOOKED_AT:])
    keys = sorted({row.metric_key for row in rows})
    return () if metric_key in keys else nearest(metric_key, keys)


def near_stages(
    repository: CompositeRepository, runs: Sequence[RunRecord], stage_name: str
) -> tuple[str, ...]:
    """Return up to five stage names of the last of the runs, close to ``stage_name``."""
    names = {
        stage.name for run in runs[-_LOOKED_AT:] for stage in repository.list_stages(run.run_id)
    }
    return () if stage_name in names else nearest(stage_name, sorted(names))


def near_projects(repository: CompositeRepository, project_name: str | None) -> tuple[str, ...]:
    """Return up to five project names, those close to ``project_name`` if there are any.

    Empty when it exists.
    """
    names = tuple(repository.list_projects())
    if project_name is None or project_name in names:
        return ()
    return nearest(project_name, names) or names[:_PROJECTS]
