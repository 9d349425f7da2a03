"""``contexta report compare``: a document about two runs."""

import click

from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("compare")
@click.argument("left_run_id", metavar="LEFT")
@click.argument("right_run_id", metavar="RIGHT")
@document_options
@click.pass_obj
def compare(
    state: State, left_run_id: str, right_run_id: str, render: str, output: str | None
) -> None:
    """Report on what changed from LEFT to RIGHT."""
    document = state.open().build_run_report(left_run_id, right_run_id)
    show_report(state, document, render, output)
