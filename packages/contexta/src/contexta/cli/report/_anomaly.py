"""``contexta report anomaly``: a document about a run beside the runs before it."""

import click

from contexta.cli._runq import Asked, run_query
from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("anomaly")
@click.argument("run_id", metavar="RUN")
@run_query
@document_options
@click.pass_obj
def anomaly(state: State, run_id: str, asked: Asked, render: str, output: str | None) -> None:
    """Report on how a run compares with those before it.

    The options choose those runs; by default they are the completed runs of its project.
    """
    document = state.open().build_anomaly_report(run_id, baseline_query=asked.query())
    show_report(state, document, render, output)
