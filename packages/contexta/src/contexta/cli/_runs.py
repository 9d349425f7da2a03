"""``contexta runs``: list the runs of a workspace."""

import click

from contexta.cli._group import global_options
from contexta.cli._output import show_json, show_lines
from contexta.cli._state import State
from contexta.cli._text import table


@click.command("runs")
@click.option("--project", metavar="NAME", help="Only runs of this project.")
@click.option("--status", metavar="STATUS", help="Only runs with this status.")
@click.option("--limit", type=int, metavar="N", help="At most this many.")
@click.option("--desc", is_flag=True, help="Newest first instead of oldest first.")
@global_options
@click.pass_obj
def runs(
    state: State, project: str | None, status: str | None, limit: int | None, desc: bool
) -> None:
    """List the runs, oldest first."""
    query = None
    if status is not None or limit is not None or desc:
        from contexta.interpretation.query import RunListQuery

        query = RunListQuery(status=status, limit=limit, sort_desc=desc)
    found = state.open().list_runs(project, query=query)
    if state.wants_json:
        show_json({"runs": found})
        return
    if not found:
        show_lines(["no runs"])
        return
    rows = [(run.run_id, run.status, run.started_at, run.project_name, run.name) for run in found]
    show_lines(table(("RUN", "STATUS", "STARTED", "PROJECT", "NAME"), rows))
