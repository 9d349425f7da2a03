"""``contexta report change``: a document about where a metric changed."""

import click

from contexta.cli._change_options import ChangeOptions, bisect_options, change_options
from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("change")
@change_options
@click.option("--bisect", is_flag=True, help="Also look for what came with the change.")
@bisect_options
@document_options
@click.pass_obj
def change(
    state: State, asked: ChangeOptions, bisect: bool, render: str, output: str | None
) -> None:
    """Report on where a metric changed over the runs."""
    ctx = state.open()
    if bisect or asked.bisects:
        document = ctx.build_bisection_report(asked.bisect(ctx))
    else:
        document = ctx.build_change_report(asked.history(ctx))
    show_report(state, document, render, output)
