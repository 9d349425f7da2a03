"""``contexta report gate``: a document about a gate."""

import click

from contexta.cli._gate_rules import GateOptions, gate_options
from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("gate")
@gate_options
@document_options
@click.pass_obj
def gate(state: State, asked: GateOptions, render: str, output: str | None) -> None:
    """Report on whether runs meet rules.

    The options are those of `contexta gate`.  The exit code does not tell the verdict, that of
    `contexta gate` does.
    """
    rules = asked.rules()
    ctx = state.open()
    show_report(state, ctx.build_gate_report(asked.evaluate(ctx, rules)), render, output)
