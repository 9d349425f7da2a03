"""``contexta report alert``: a document about the alert rules of one run."""

import click

from contexta.cli._alert_rules import AlertRules, alert_rule_options
from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("alert")
@click.argument("run_id", metavar="RUN")
@alert_rule_options
@document_options
@click.pass_obj
def alert(state: State, run_id: str, rules: AlertRules, render: str, output: str | None) -> None:
    """Report on which alert rules a run triggers.

    \b
    contexta report alert nightly --rule 'loss > 2' --rule 'accuracy@eval < 0.9'
    """  # noqa: D301 - click takes the backspace for the mark of lines to keep
    chosen = rules.read()
    show_report(state, state.open().build_alert_report(run_id, chosen), render, output)
