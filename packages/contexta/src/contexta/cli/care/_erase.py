"""``contexta erase``: take runs out of every file of the workspace, for good."""

import click

from contexta.cli._confirm import confirm, show_plan, yes_option
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._progress import progress
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.artifact._refs import run_ref
from contexta.cli.care._erasure import apply_erasure, erased_lines, plan_erasure
from contexta.contract.errors import NotFoundError


@click.command("erase")
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option(
    "--sample", "samples", metavar="REF", multiple=True, help="A sample instead.  Repeatable."
)
@click.option(
    "--include-mentions", is_flag=True, help="Also records of others that name one of them."
)
@click.option("--anonymous", is_flag=True, help="Leave salted hashes instead of names behind.")
@click.option("--reason", metavar="TEXT", help="Why; kept with the note that is left.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@yes_option
@global_options
@click.pass_obj
def erase(
    state: State,
    runs: tuple[str, ...],
    samples: tuple[str, ...],
    include_mentions: bool,
    anonymous: bool,
    reason: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take runs out of every file of the workspace, for good.

    Records, artifacts and rows of the ledger go, with the bytes that they had. A note stays that
    something was erased, so that no check calls it damage. Backups, exports and copies elsewhere
    are not reached: erase them there, too.
    """
    if not (runs or samples):
        raise click.UsageError("name a run, or a sample with --sample")
    ctx = state.open()
    refs = [run_ref(ctx, text) for text in runs]
    try:
        plan = plan_erasure(ctx, refs, samples, include_mentions=include_mentions)
    except NotFoundError:
        for text in runs:
            ctx.query_service.require_run(text)  # names the nearest
        raise
    lines = list(plan.lines())
    if dry_run:
        show(state, plan, lambda: [*map(printable, lines), "Nothing was changed."])
        return
    show_plan(state, lines)
    plan.require_possible()
    subjects = counted(len(refs), "run") if refs else counted(len(samples), "sample")
    confirm(state, f"Erase {subjects} for good?", yes=yes, plan=lines)
    writable = state.open(write=True)
    again = plan_erasure(writable, refs, samples, include_mentions=include_mentions)
    again.require_same(plan)
    with progress(state, "erase", total=3) as bar:
        result = apply_erasure(writable, again, anonymous=anonymous, reason=reason, bar=bar)
    result["erased"] = [*refs, *samples]
    show(state, result, lambda: erased_lines(result, "Erased"))
