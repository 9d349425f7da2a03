"""``contexta projects``: the projects of a workspace."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Pen, Styled, table
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State

_STATUSES = ("completed", "failed", "cancelled", "interrupted", "open")


@click.command("projects")
@global_options
@click.pass_obj
def projects(state: State) -> None:
    """List the projects, with the number of their runs and the newest one."""
    ctx = state.open()
    found = [_project(ctx, name) for name in ctx.list_projects()]
    show(
        state,
        {"projects": found},
        lambda: _lines(found, state.pen),
        rows=lambda: [one | {"statuses": None} for one in found],
    )


def _project(ctx: Any, name: str) -> dict[str, Any]:
    from contexta.interpretation.query import RunListQuery

    queries = ctx.query_service
    newest = ctx.list_runs(query=RunListQuery(project_name=name, sort_desc=True, limit=1))
    counts = {
        status: len(queries.list_run_ids(query=RunListQuery(project_name=name, status=status)))
        for status in _STATUSES
    }
    return {
        "project_name": name,
        "runs": len(queries.list_run_ids(name)),
        "statuses": {status: count for status, count in counts.items() if count},
        "newest_run_id": newest[0].run_id if newest else None,
        "newest_started_at": newest[0].started_at if newest else None,
    }


def _lines(found: list[dict[str, Any]], pen: Pen) -> Iterator[str]:
    if not found:
        yield "no projects: this workspace has no runs yet"
        return
    rows = [
        (
            one["project_name"],
            one["runs"],
            Styled(
                one["statuses"].get("failed", 0), "bad" if "failed" in one["statuses"] else None
            ),
            one["statuses"].get("open", 0),
            pen.when(one["newest_started_at"]),
            one["newest_run_id"],
        )
        for one in found
    ]
    columns = [
        Column("PROJECT", keep=True),
        *(Column(title, right=True) for title in ("RUNS", "FAILED", "OPEN")),
        "NEWEST",
        Column("RUN", middle=True),
    ]
    yield from table(columns, rows, pen)


def _failed(count: int) -> Styled:
    return Styled(count, "bad" if count else None)
