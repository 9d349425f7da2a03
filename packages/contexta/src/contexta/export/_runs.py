"""Tables of runs, and of their params."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from contexta.export._model import Row, RowTable, columns

if TYPE_CHECKING:
    from contexta.export._facade import Workspace
    from contexta.interpretation import RunListQuery, RunRecord

_RUNS = columns(
    "*run_id",
    "*name",
    "*project_name",
    "*status",
    "*started_at:time",
    "*ended_at:time",
    "code_revision",
    "dataset_ref",
    "description",
    "params:json",
    "tags:json",
    "metadata:json",
)
_PARAMS = columns("run_id", "run_name", "project_name", "key", "value:scalar", "type")


def runs_table(
    ctx: Workspace, *, project_name: str | None = None, query: RunListQuery | None = None
) -> RowTable:
    """One row per run, in the order of ``ctx.list_runs``."""
    runs = ctx.list_runs(project_name, query=query)
    rows = (tuple(getattr(run, column.name) for column in _RUNS) for run in runs)
    return RowTable("runs", _RUNS, rows)


def params_table(
    ctx: Workspace, *, project_name: str | None = None, query: RunListQuery | None = None
) -> RowTable:
    """One row per run and param; ``type`` is text, int, float, bool, null or json."""
    return RowTable("params", _PARAMS, _params(ctx.list_runs(project_name, query=query)))


def _params(runs: Sequence[RunRecord]) -> Iterator[Row]:
    for run in runs:
        for key, value in run.params.items():
            yield run.run_id, run.name, run.project_name, key, value, _type_of(value)


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    for cls, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "text")):
        if isinstance(value, cls):
            return name
    return "json"
