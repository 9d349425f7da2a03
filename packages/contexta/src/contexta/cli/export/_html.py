"""``contexta export html``: one file to save or mail."""

from typing import TYPE_CHECKING, Any

import click

from contexta.cli._options import global_options
from contexta.cli._output import show_document
from contexta.cli._state import State

if TYPE_CHECKING:
    from contexta.interpretation import ReportDocument


@click.command("html")
@click.option("--run", "run_id", metavar="ID", help="Report on this run.")
@click.option("--left", metavar="ID", help="Compare from this run …")
@click.option("--right", metavar="ID", help="… to this one.")
@click.option("--project", metavar="NAME", help="Report on the runs of this project.")
@click.option("--trend", metavar="METRIC", help="Report on this metric over runs.")
@click.option("-o", "--output", metavar="PATH", help="Write to this file.")
@global_options
@click.pass_obj
def html(state: State, /, output: str | None, **chosen: str | None) -> None:
    """Write a report as one self-contained HTML page, with its charts.

    The page has no script, loads nothing, and follows the light or dark of its reader.
    """
    from contexta.export import ready_document

    document = ready_document(_document(state, chosen), state.config)
    facts = {"title": document.title, "render": "html"}
    show_document(state, document.to_html(full=True), output, facts)


def _document(state: State, chosen: dict[str, str | None]) -> "ReportDocument":
    given = {name: value for name, value in chosen.items() if value is not None}
    ctx: Any = state.open()
    document: ReportDocument
    if given.keys() == {"run_id"}:
        document = ctx.build_snapshot_report(given["run_id"])
    elif given.keys() == {"left", "right"}:
        document = ctx.build_run_report(given["left"], given["right"])
    elif given.keys() == {"project"}:
        document = ctx.build_project_summary_report(given["project"])
    elif given.keys() in ({"trend"}, {"trend", "project"}):
        document = ctx.build_trend_report(given["trend"], project_name=given.get("project"))
    else:
        raise _unclear(given)
    return document


def _unclear(given: dict[str, str]) -> Exception:
    from contexta.contract.errors import ValidationError

    return ValidationError(
        "say what to report on: --run ID, --left ID and --right ID, --project NAME, or "
        "--trend METRIC",
        code="export_nothing_chosen" if not given else "export_unclear_choice",
        details={"given": sorted(given)},
    )
