"""What all reports share: the form, the file, and how both are printed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._options import global_options
from contexta.cli._output import json_text, show_document, show_json
from contexta.cli._state import State

if TYPE_CHECKING:
    from contexta.interpretation import ReportDocument

RENDERS = ("markdown", "json", "html", "csv")


def document_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--render``, ``--output`` and the global options."""
    render = click.option(
        "--render",
        type=click.Choice(RENDERS),
        default="markdown",
        show_default=True,
        help="Form of the document; html is one page to save or mail.",
    )
    output = click.option(
        "-o", "--output", metavar="PATH", help="Write to this file instead of the terminal."
    )
    return render(output(global_options(command)))


def show_report(state: State, document: "ReportDocument", render: str, output: str | None) -> None:
    """Print a report, or write it into a file.

    With ``--format json`` the whole report is printed as data: title, sections, and for another
    form than json also the text under ``content``.  A file holds the rendered text in any case,
    and what is printed says where it is.
    """
    from contexta.export import ready_document

    document = ready_document(document, state.config)
    text = rendered(document, render)
    if output is None and state.wants_json:
        whole = document.to_dict()
        show_json(whole if render == "json" else {**whole, "render": render, "content": text})
    else:
        show_document(state, text, output, {"title": document.title, "render": render})


def rendered(document: "ReportDocument", render: str) -> str:
    """The text of a report in one of ``RENDERS``."""
    if render == "json":
        return json_text(document)
    if render == "html":
        return document.to_html(full=True)
    return document.to_csv() if render == "csv" else document.to_markdown()
