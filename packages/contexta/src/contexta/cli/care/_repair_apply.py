"""``contexta repair apply``: mend what can be mended."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._confirm import confirm, require_document, show_plan, yes_option
from contexta.cli._following import waiting
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.care._planes import NAMES, open_planes
from contexta.cli.care._repair_plan import RepairPlans, plan_lines, plane_option, repair_plans


@click.command("apply")
@plane_option
@click.option(
    "--action",
    "actions",
    metavar="NAME",
    multiple=True,
    help="Also this action of the ledger that loses something, by its name in the plan.",
)
@yes_option
@global_options
@click.pass_obj
def apply(state: State, chosen: tuple[str, ...], actions: tuple[str, ...], yes: bool) -> int:
    """Mend what can be mended.

    Every file that changes is copied first, damaged files are put aside and never deleted, and
    a ledger is copied as a whole. The exit code is 1 when something is left.
    """
    require_document(state)
    wanted = chosen or NAMES
    with waiting(state, "reading every byte"):
        plan = repair_plans(open_planes(state.open(), wanted))
    if not plan.steps:
        show(state, {"plan": plan, "changed": False}, lambda: plan_lines(plan))
        return 0 if plan.is_clean else 1
    lines = list(plan.lines())
    show_plan(state, lines)
    confirm(state, f"Do {counted(plan.steps, 'repair')}?", yes=yes, plan=lines)
    stores = open_planes(state.open(write=True), wanted).stores
    done = _apply(stores, plan, actions)
    left = repair_plans(open_planes(state.open(write=True), wanted))
    rest = not left.is_clean
    result = {"plan": plan, "changed": True, "done": done, "left": left}
    show(state, result, lambda: _lines(done, left, rest=rest))
    return 1 if rest else 0


def _apply(stores: dict[str, Any], plan: RepairPlans, actions: tuple[str, ...]) -> dict[str, Any]:
    done: dict[str, Any] = {}
    if "records" in stores and plan.record_steps:
        report = stores["records"].apply_repairs(plan.records, dry_run=False)
        done["records"] = {
            "notes": list(report.notes),
            "warnings": list(report.warnings),
            "quarantined_paths": list(report.quarantined_paths),
        }
    if "metadata" in stores and plan.candidates:
        # Named actions are done alone, so the harmless ones come in a call of their own.
        ledger = stores["metadata"]
        reports = [ledger.apply_repairs(plan.metadata, dry_run=False)]
        if actions:
            again = ledger.plan_repairs()
            reports.append(ledger.apply_repairs(again, dry_run=False, actions=actions))
        done["metadata"] = {
            "repair_ids": [one.repair_id for one in reports if one.repair_id],
            "changes": sum(len(one.changes) for one in reports),
            "skipped": [
                {"action": one.action, "ref": one.ref, "reason": one.reason}
                for one in reports[-1].skipped
            ],
            "backup_path": next(
                (str(one.backup_path) for one in reports if one.backup_path is not None), None
            ),
        }
    if "artifacts" in stores and plan.actions:
        applied = stores["artifacts"].apply_repair_plan(plan.artifacts, dry_run=False)
        done["artifacts"] = {
            "applied": list(applied.applied),
            "skipped": [{"action": what, "reason": why} for what, why in applied.skipped],
        }
    return done


def _lines(done: dict[str, Any], left: RepairPlans, *, rest: bool) -> Iterator[str]:
    for note in done.get("records", {}).get("notes", ()):
        yield f"records    {printable(note)}"
    for line in done.get("records", {}).get("warnings", ()):
        yield f"records    warning: {printable(line)}"
    ledger = done.get("metadata")
    if ledger is not None:
        yield f"metadata   {counted(ledger['changes'], 'change')}"
        for one in ledger["skipped"]:
            yield f"metadata   left alone: {printable(one['action'])}: {printable(one['reason'])}"
        for repair_id in ledger["repair_ids"]:
            yield f"metadata   taken back by: contexta repair undo {printable(repair_id)}"
        if ledger["backup_path"]:
            yield f"metadata   the ledger before: {printable(ledger['backup_path'])}"
    for action in done.get("artifacts", {}).get("applied", ()):
        yield f"artifacts  {printable(action)}"
    for one in done.get("artifacts", {}).get("skipped", ()):
        yield f"artifacts  left alone: {printable(one['action'])}: {printable(one['reason'])}"
    yield ""
    if rest:
        yield "Still damaged:"
        yield from left.lines()
    else:
        yield "Everything is mended."
