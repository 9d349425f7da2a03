"""``contexta report snapshot``: a document about one run."""

import click

from contexta.cli._group import global_options
from contexta.cli._output import json_text, show_document, show_json
from contexta.cli._state import State


@click.command("snapshot")
@click.argument("run_id", metavar="RUN")
@click.option(
    "--render",
    type=click.Choice(["markdown", "html", "json"]),
    default="markdown",
    show_default=True,
    help="Form of the document.",
)
@click.option("--output", metavar="PATH", help="Write to this file instead of the terminal.")
@global_options
@click.pass_obj
def snapshot(state: State, run_id: str, render: str, output: str | None) -> None:
    """Report on one run: its stages, metrics, artifacts and findings."""
    document = state.open().build_snapshot_report(run_id)
    if render == "json" and output is None:
        show_json(document)
        return
    if render == "json":
        text = json_text(document)
    else:
        text = document.to_html(full=True) if render == "html" else document.to_markdown()
    show_document(state, text, output, {"title": document.title, "render": render})
