"""``contexta compact``: merge small files of the record plane into large ones."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import duration, size
from contexta.cli._following import waiting
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted


@click.command("compact")
@click.option("--full", is_flag=True, help="Merge whatever is not large yet.")
@click.option(
    "--max-bytes", type=click.IntRange(min=1), metavar="N", help="Read at most so many bytes."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be merged.")
@global_options
@click.pass_obj
def compact(state: State, full: bool, max_bytes: int | None, dry_run: bool) -> int:
    """Merge small files of the record plane into large ones.

    No record changes. Writers and readers go on meanwhile, each merge is read back and compared
    before it counts, and a kill at any moment leaves the old files or the new ones. The exit
    code is 1 when a damaged file was left as it is.
    """
    require_document(state)
    if dry_run:
        plan = state.open().record_store.plan_compaction(full=full)
        show(state, _plan(plan), lambda: map(printable, plan.lines()))
        return 0
    store = state.open(write=True).record_store
    with waiting(state, "compact"):
        report = store.compact(full=full, max_bytes=max_bytes)
    show(state, _report(report), lambda: _lines(report))
    return 1 if report.skipped else 0


def _plan(plan: Any) -> dict[str, Any]:
    groups = [
        {
            "record_type": one.record_type,
            "project": one.project,
            "paths": list(one.paths),
            "rows": one.rows,
            "size": one.size,
        }
        for one in plan.groups
    ]
    return {"parts": plan.parts, "size": plan.size, "full": plan.full, "groups": groups}


def _report(report: Any) -> dict[str, Any]:
    names = ("status", "parts_before", "parts_after", "size_before", "size_after", "merged")
    return {name: getattr(report, name) for name in (*names, "written", "rows", "seconds")} | {
        "skipped": [{"path": one.path, "reason": one.reason} for one in report.skipped]
    }


def _lines(report: Any) -> Iterator[str]:
    if report.status == "busy":
        yield "Another process compacts this workspace; nothing was done."
        return
    yield (
        f"{counted(report.parts_before, 'part')}, {size(report.size_before)} -> "
        f"{counted(report.parts_after, 'part')}, {size(report.size_after)}"
    )
    if report.merged:
        yield (
            f"Merged {counted(report.merged, 'part')} with {counted(report.rows, 'record')} "
            f"into {report.written:,} in {duration(report.seconds)}"
        )
    else:
        yield "Nothing to merge; --full merges whatever is not large yet."
    for one in report.skipped:
        yield f"Left as it is: {printable(one.path)}: {printable(one.reason)}"
