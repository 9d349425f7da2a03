"""``contexta report trend``: a document about a metric over runs."""

import click

from contexta.cli._runq import Asked, run_query
from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("trend")
@click.argument("metric_key", metavar="METRIC")
@click.option("--stage", metavar="NAME", help="Only values of this stage.")
@run_query
@document_options
@click.pass_obj
def trend(
    state: State, metric_key: str, stage: str | None, asked: Asked, render: str, output: str | None
) -> None:
    """Report on a metric over runs."""
    document = state.open().build_trend_report(
        metric_key, project_name=asked.project, stage_name=stage, query=asked.query()
    )
    show_report(state, document, render, output)
