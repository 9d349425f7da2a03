"""``contexta artifact gc``: free the bytes that no artifact needs."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._confirm import confirm, show_plan, yes_option
from contexta.cli._draw import size
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted

_MOST = 20
_HOUR = 3600.0


@click.command("gc")
@click.option(
    "--grace-hours",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    metavar="H",
    help="Files that were placed less than this ago stay.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@yes_option
@global_options
@click.pass_obj
def gc(state: State, grace_hours: float, dry_run: bool, yes: bool) -> None:
    """Free the bytes that no artifact needs.

    While a binding is damaged nothing goes, since what it needs is not known.
    """
    seconds = grace_hours * _HOUR
    plan = state.open().artifact_store.collect_garbage(grace_seconds=seconds)
    lines = list(_lines(plan, "would go"))
    if dry_run or not plan.removed_paths:
        show(state, _dict(plan), lambda: lines)
        return
    show_plan(state, lines)
    confirm(
        state,
        f"Remove {counted(len(plan.removed_paths), 'file')} for good?",
        yes=yes,
        plan=[str(path) for path in plan.removed_paths],
    )
    done = state.open(write=True).artifact_store.collect_garbage(
        grace_seconds=seconds, dry_run=False
    )
    show(state, _dict(done), lambda: list(_lines(done, "went"))[-1:])


def _dict(report: Any) -> dict[str, Any]:
    return {
        "removed_paths": [str(path) for path in report.removed_paths],
        "removed_bytes": report.removed_bytes,
        "young_paths": [str(path) for path in report.young_paths],
        "blocked_by": report.blocked_by,
        "dry_run": report.dry_run,
    }


def _lines(report: Any, verb: str) -> Iterator[str]:
    if report.blocked_by:
        yield f"Nothing may go: {printable(report.blocked_by)}"
        return
    for path in report.removed_paths[:_MOST]:
        yield f"  {printable(path)}"
    if len(report.removed_paths) > _MOST:
        yield f"  and {len(report.removed_paths) - _MOST} more"
    young = f"; {len(report.young_paths):,} too young" if report.young_paths else ""
    yield (
        f"{counted(len(report.removed_paths), 'file')}, {size(report.removed_bytes)}, {verb}{young}"
    )
