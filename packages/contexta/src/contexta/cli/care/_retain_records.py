"""``contexta retain records``: remove records by age."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._confirm import confirm, show_plan, yes_option
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.care._ages import AGE

if TYPE_CHECKING:
    from contexta.client import Contexta

_TYPES = ("event", "metric", "span", "degraded")
_DAY = 86_400.0


@click.command("records")
@click.option("--older-than", type=AGE, metavar="AGE", help="Records so old, such as 365d.")
@click.option(
    "--record-type",
    "types",
    type=click.Choice(_TYPES),
    multiple=True,
    help="Only of this type.  Repeatable.",
)
@click.option(
    "--runs-older-than", type=AGE, metavar="AGE", help="All of runs whose newest record is so old."
)
@click.option("--keep-run", "keep", metavar="RUN", multiple=True, help="Not of this run.")
@click.option(
    "--keep-runs",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Not of the newest N runs of each project.",
)
@click.option("--apply", "do_it", is_flag=True, help="Remove them; asks before.")
@yes_option
@global_options
@click.pass_obj
def records(
    state: State,
    older_than: timedelta | None,
    types: tuple[str, ...],
    runs_older_than: timedelta | None,
    keep: tuple[str, ...],
    keep_runs: int,
    do_it: bool,
    yes: bool,
) -> None:  # fmt: skip
    """Remove records by age; open and deployed runs keep everything."""
    from contexta.store.records import RetentionPolicy

    if older_than is None and runs_older_than is None:
        raise click.UsageError("say what is too old: --older-than 365d, --runs-older-than 3y")
    ctx = state.open()
    policy = RetentionPolicy(
        max_age_days=_ages(older_than, types),
        max_run_age_days=None
        if runs_older_than is None
        else runs_older_than.total_seconds() / _DAY,
        keep_runs=tuple(ctx.query_service.require_run(text).run_id for text in keep),
        min_keep_runs_per_project=keep_runs,
    )
    plan = ctx.record_store.plan_retention(policy, protected_run_refs=_protected(ctx))
    lines = [printable(line) for line in plan.lines()]
    facts: dict[str, Any] = {
        "rows": plan.rows,
        "parts": [one.path for one in plan.parts],
        "kept_runs": dict(plan.kept_runs),
        "blockers": [one.message for one in plan.blockers],
        "applied": False,
    }
    if not do_it or not plan.rows:
        hint = ["Nothing was changed. Do it: --apply"] if plan.rows else []
        show(state, facts, lambda: [*lines, *hint])
        return
    show_plan(state, lines)
    confirm(state, f"Remove {counted(plan.rows, 'record')} for good?", yes=yes, plan=lines)
    report = state.open(write=True).record_store.apply_retention(plan)
    facts |= {
        "applied": True,
        "removed_rows": report.rows,
        "skipped": [one.message for one in report.skipped],
    }
    show(
        state,
        facts,
        lambda: [
            f"Removed {counted(report.rows, 'record')}",
            *(f"Left: {printable(one.message)}" for one in report.skipped),
        ],
    )


def _ages(age: timedelta | None, types: tuple[str, ...]) -> Any:
    if age is None:
        return None
    days = age.total_seconds() / _DAY
    return dict.fromkeys(types, days) if types else days


def _protected(ctx: "Contexta") -> list[str]:
    """Return the runs that are open or deployed; the record plane knows neither."""
    ledger = ctx.metadata_store
    deployed = (one.run_ref for one in ledger.deployments.iter_deployment_executions())
    open_runs = (one.run_ref for one in ledger.runs.iter_runs(status="open"))
    return sorted({str(ref) for ref in (*deployed, *open_runs) if ref is not None})
