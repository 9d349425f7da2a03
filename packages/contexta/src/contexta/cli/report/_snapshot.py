"""``contexta report snapshot``: a document about one run."""

import click

from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("snapshot")
@click.argument("run_id", metavar="RUN")
@document_options
@click.pass_obj
def snapshot(state: State, run_id: str, render: str, output: str | None) -> None:
    """Report on one run.

    Its stages, metrics with their curves, artifacts, findings and what is missing.
    """
    show_report(state, state.open().build_snapshot_report(run_id), render, output)
