"""``contexta environment``: what a run ran on."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Pen, Styled, facts, heading, table
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._values import moment


@click.command("environment")
@click.argument("run_id", metavar="RUN")
@global_options
@click.pass_obj
def environment(state: State, run_id: str) -> None:
    """Show what a run ran on: Python, platform, packages and variables."""
    ctx = state.open()
    run = ctx.query_service.require_run(run_id)
    found = ctx.query_service.get_run_facts(run.run_id).environment
    show(
        state,
        {"run_id": run.run_id, "environment": found},
        lambda: _lines(run, found, state.pen),
        rows=lambda: [
            {"package": name, "version": version}
            for name, version in (() if found is None else found.packages.items())
        ],
    )


def _lines(run: Any, found: Any, pen: Pen) -> Iterator[str]:
    pairs = [("Run", Styled(run.run_id, "bold"))]
    if found is None:
        yield from facts(pairs, pen)
        yield pen.paint("no environment was captured", "doubt")
        return
    more = [
        ("Python", found.python_version),
        ("Platform", found.platform),
        ("Captured", moment(found.captured_at)),
        ("Snapshot", found.environment_ref),
    ]
    yield from facts([*pairs, *more], pen)
    for title, values in (
        ("Packages", found.packages),
        ("Variables", found.environment_variables),
        ("More", found.metadata),
    ):
        if values:
            yield from heading(f"{title} ({len(values)})", pen)
            yield from table(["NAME", "VALUE"], list(values.items()), pen)
