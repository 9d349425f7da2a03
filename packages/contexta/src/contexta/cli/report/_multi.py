"""``contexta report multi``: a document about several runs."""

from collections.abc import Sequence

import click

from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("multi")
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@document_options
@click.pass_obj
def multi(state: State, run_ids: Sequence[str], render: str, output: str | None) -> None:
    """Report on several runs in one table."""
    show_report(state, state.open().build_multi_run_report(run_ids), render, output)
