"""``contexta report project``: a document about the runs of a project."""

import click

from contexta.cli._state import State
from contexta.cli.report._document import document_options, show_report


@click.command("project")
@click.argument("project_name", metavar="PROJECT")
@document_options
@click.pass_obj
def project(state: State, project_name: str, render: str, output: str | None) -> None:
    """Report on the runs of a project."""
    document = state.open().build_project_summary_report(project_name)
    show_report(state, document, render, output)
