"""``contexta report group``: a document about two groups of runs."""

import click

from contexta.cli._sides import GroupOptions, group_options
from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("group")
@group_options
@document_options
@click.pass_obj
def group(state: State, asked: GroupOptions, render: str, output: str | None) -> None:
    """Report on whether two groups of runs differ.

    \b
    contexta report group --left-where 'params.optimizer == "adam"' \\
                          --right-where 'params.optimizer == "sgd"' --metric accuracy
    """  # noqa: D301 - click takes the backspace for the mark of lines to keep
    ctx = state.open()
    show_report(state, ctx.build_group_report(asked.compare(ctx)), render, output)
