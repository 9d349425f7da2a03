"""``contexta backup prune``: keep what a rule keeps, remove the rest."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._confirm import confirm, show_plan, yes_option
from contexta.cli._draw import size
from contexta.cli._following import following
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.backup._refs import outcome_lines

_COUNT = click.IntRange(min=0)


@click.command("prune")
@click.option("--keep-last", type=_COUNT, default=0, metavar="N", help="So many of the newest.")
@click.option("--keep-daily", type=_COUNT, default=0, metavar="N", help="One of so many days.")
@click.option("--keep-weekly", type=_COUNT, default=0, metavar="N", help="One of so many weeks.")
@click.option("--keep-monthly", type=_COUNT, default=0, metavar="N", help="One of so many months.")
@click.option("--label", metavar="TEXT", help="Look at backups with this label only.")
@click.option("--remove-unreadable", is_flag=True, help="Also those without a usable manifest.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@yes_option
@global_options
@click.pass_obj
def prune(state: State, /, dry_run: bool, yes: bool, **rule: Any) -> None:
    """Remove the backups that a rule does not keep.

    Each backup is read before. The newest that verifies stays, whatever the rule says.
    """
    from contexta.recovery import prune_backups

    if not any(rule[name] for name in rule if name.startswith("keep_")):
        raise click.UsageError("say what to keep, such as --keep-last 3 --keep-daily 14")
    with following(state, "reading backups") as tell:
        plan = prune_backups(state.config, dry_run=True, progress=tell, **rule)
    lines = list(_lines(plan, "Would remove"))
    if dry_run or not plan.removed:
        show(state, plan, lambda: lines)
        return
    show_plan(state, lines)
    names = [one.backup_ref for one in plan.removed]
    confirm(state, f"Remove {counted(len(names), 'backup')} for good?", yes=yes, plan=names)
    with following(state, "pruning") as tell:
        done = prune_backups(state.config, progress=tell, **rule)
    show(state, done, lambda: [_sum(done, "Removed"), *outcome_lines(done)])


def _sum(result: Any, verb: str) -> str:
    return (
        f"{verb} {len(result.removed)} of "
        f"{counted(len(result.kept) + len(result.removed), 'backup')}, "
        f"{size(result.freed_bytes)} freed"
    )


def _lines(result: Any, verb: str) -> Iterator[str]:
    for one in result.kept:
        yield f"  keep    {printable(one.backup_ref)}  {', '.join(map(printable, one.reasons))}"
    for one in result.removed:
        yield f"  remove  {printable(one.backup_ref)}"
    yield _sum(result, verb)
    yield from outcome_lines(result)
