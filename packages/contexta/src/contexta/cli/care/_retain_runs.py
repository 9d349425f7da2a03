"""``contexta retain runs``: delete finished runs by age or number, with all they left."""

from datetime import timedelta

import click

from contexta.cli._confirm import confirm, show_plan, yes_option
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._progress import progress
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.care._ages import AGE, before
from contexta.cli.care._erasure import Erasure, apply_erasure, erased_lines, plan_erasure
from contexta.cli.care._old_runs import OldRuns, old_runs

_MOST = 30


@click.command("runs")
@click.option("--older-than", type=AGE, metavar="AGE", help="Ended so long ago, such as 180d.")
@click.option("--keep-last", type=click.IntRange(min=0), metavar="N", help="Not the newest N.")
@click.option("--keep-tagged", metavar="TAG", multiple=True, help="Not those with this tag.")
@click.option("--project", metavar="NAME", help="Only runs of this project.")
@click.option("--reason", metavar="TEXT", default="retention", help="Kept in the tombstones.")
@click.option("--apply", "do_it", is_flag=True, help="Delete them; asks before.")
@yes_option
@global_options
@click.pass_obj
def runs(
    state: State,
    older_than: timedelta | None,
    keep_last: int | None,
    keep_tagged: tuple[str, ...],
    project: str | None,
    reason: str,
    do_it: bool,
    yes: bool,
) -> None:
    """Delete finished runs by age or number, with their records and artifacts.

    Open and deployed runs, and runs that others rest on, are never among them; old ones that
    stay are listed with the reason. A tombstone of each that goes stays. `contexta archive` hides
    runs instead.
    """
    if older_than is None and keep_last is None:
        raise click.UsageError("say which runs are too many: --older-than 180d, --keep-last 50")
    found = old_runs(
        state.open(),
        finished_before=before(older_than),
        keep_last=keep_last,
        keep_tagged=keep_tagged,
        project=project,
    )
    if not found.runs:
        show(state, {"applied": False, "plan": None, **found.to_dict()}, lambda: _lines(found))
        return
    plan = plan_erasure(state.open(), found.runs, erase=False)
    facts = {"applied": False, "plan": plan.to_dict(), **found.to_dict()}
    lines = [*_lines(found), _sum(plan)]
    if not do_it:
        show(state, facts, lambda: [*lines, "Nothing was changed. Do it: --apply"])
        return
    show_plan(state, lines)
    plan.require_possible()
    question = f"Delete {counted(len(found.runs), 'run')} with all they left?"
    confirm(state, question, yes=yes, plan=list(found.runs))
    writable = state.open(write=True)
    again = plan_erasure(writable, found.runs, erase=False)
    again.require_same(plan)
    with progress(state, "retain", total=3) as bar:
        result = apply_erasure(writable, again, anonymous=False, reason=reason, bar=bar)
    show(state, facts | result | {"applied": True}, lambda: erased_lines(result, "Deleted"))


def _sum(plan: Erasure) -> str:
    rows = 0 if plan.ledger is None else len(plan.ledger.rows)
    return (
        f"{counted(plan.records.rows, 'record')}, {counted(len(plan.artifact_refs), 'artifact')} "
        f"and {counted(rows, 'row')} of the ledger go with them"
    )


def _lines(found: OldRuns) -> list[str]:
    lines = [f"{counted(len(found.runs), 'run')} to delete, {len(found.kept):,} old ones stay"]
    lines += [f"  - {printable(run)}" for run in found.runs[:_MOST]]
    if len(found.runs) > _MOST:
        lines.append(f"  and {len(found.runs) - _MOST} more; --format json has all")
    kept = list(found.kept.items())
    lines += [f"  keep {printable(run)}: {printable(why)}" for run, why in kept[:_MOST]]
    if len(kept) > _MOST:
        lines.append(f"  and {len(kept) - _MOST} more are kept; --format json has all")
    return lines
