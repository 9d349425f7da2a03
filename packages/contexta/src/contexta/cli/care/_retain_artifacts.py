"""``contexta retain artifacts``: remove old or too many artifacts."""

from datetime import timedelta
from typing import Any

import click

from contexta.cli._confirm import confirm, show_plan, yes_option
from contexta.cli._draw import size
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.care._ages import AGE

_MOST = 30


@click.command("artifacts")
@click.option("--older-than", type=AGE, metavar="AGE", help="Stored so long ago, such as 365d.")
@click.option(
    "--keep-last",
    type=click.IntRange(min=0),
    metavar="N",
    help="Not the newest N of each run and kind.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=0),
    metavar="N",
    help="The oldest, until no more than this is stored.",
)
@click.option("--protect", metavar="REF", multiple=True, help="Not this one.  Repeatable.")
@click.option("--apply", "do_it", is_flag=True, help="Remove them; asks before.")
@yes_option
@global_options
@click.pass_obj
def artifacts(
    state: State,
    older_than: timedelta | None,
    keep_last: int | None,
    max_bytes: int | None,
    protect: tuple[str, ...],
    do_it: bool,
    yes: bool,
) -> None:  # fmt: skip
    """Remove old or too many artifacts; what lineage, deployments or open runs need stays.

    The bytes are freed by `contexta artifact gc`.
    """
    from contexta.store.artifacts import RemovalPolicy

    if older_than is None and keep_last is None and max_bytes is None:
        raise click.UsageError("say which are too many: --older-than, --keep-last or --max-bytes")
    policy = RemovalPolicy(
        older_than=older_than,
        keep_last=keep_last,
        max_total_bytes=max_bytes,
        protected_refs=protect,
    )
    ctx = state.open()
    plan = ctx.artifact_store.plan_removal(policy, metadata_store=ctx.metadata_store)
    lines = _lines(plan)
    facts = _facts(plan)
    if not do_it or not plan.remove:
        hint = ["Nothing was changed. Do it: --apply"] if plan.remove else []
        show(state, facts, lambda: [*lines, *hint])
        return
    show_plan(state, lines)
    confirm(state, f"Remove {counted(len(plan.remove), 'artifact')}?", yes=yes, plan=lines)
    writable = state.open(write=True)
    report = writable.artifact_store.apply_removal_plan(
        plan, dry_run=False, metadata_store=writable.metadata_store
    )
    facts |= {
        "applied": True,
        "removed_refs": list(report.removed_refs),
        "skipped": [list(pair) for pair in report.skipped],
    }
    show(state, facts, lambda: _done(report))


def _facts(plan: Any) -> dict[str, Any]:
    return {
        "remove": [
            {"artifact_ref": one.artifact_ref, "reason": one.reason, "size_bytes": one.size_bytes}
            for one in plan.remove
        ],
        "protected": [
            {"artifact_ref": one.artifact_ref, "protected_by": list(one.protected_by)}
            for one in plan.protected
        ],
        "freed_bytes": plan.freed_bytes,
        "applied": False,
    }


def _done(report: Any) -> list[str]:
    return [
        f"Removed {counted(len(report.removed_refs), 'artifact')}",
        "The bytes go with: contexta artifact gc",
        *(f"Left: {printable(ref)}: {printable(why)}" for ref, why in report.skipped),
    ]


def _lines(plan: Any) -> list[str]:
    lines = [f"  - {printable(one.artifact_ref)}: {printable(one.reason)}"
             for one in plan.remove[:_MOST]]  # fmt: skip
    if len(plan.remove) > _MOST:
        lines.append(f"  and {len(plan.remove) - _MOST} more; --format json has all")
    for one in plan.protected[:_MOST]:
        why = ", ".join(map(printable, one.protected_by))
        lines.append(f"  keep {printable(one.artifact_ref)}: {why}")
    if len(plan.protected) > _MOST:
        lines.append(f"  and {len(plan.protected) - _MOST} more are kept")
    head = (
        f"{counted(len(plan.remove), 'artifact')} to remove, {len(plan.protected):,} stay, "
        f"{size(plan.freed_bytes)} to free"
    )
    return [head, *lines]
