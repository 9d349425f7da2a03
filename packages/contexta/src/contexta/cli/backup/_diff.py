"""``contexta backup diff``: what lies between two backups."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import Column, size, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli.backup._refs import backup_ref, key_option, nearest_named, outcome_lines

_MOST = 10


@click.command("diff")
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
@key_option
@global_options
@click.pass_obj
def diff(state: State, before: str, after: str, key_file: str | None) -> None:
    """Show how backup AFTER differs from backup BEFORE: runs, counts and files."""
    from contexta.recovery import diff_backups

    with nearest_named(state, before if not _known(state, before) else after):
        found = diff_backups(state.config, backup_ref(before), backup_ref(after), key_file=key_file)
    show(state, found, lambda: _lines(found, state))


def _known(state: State, text: str) -> bool:
    from pathlib import Path

    from contexta.recovery import list_backups

    ref = backup_ref(text)
    if isinstance(ref, Path):
        return ref.exists()
    return any(one.backup_ref == text for one in list_backups(state.config))


def _lines(found: Any, state: State) -> Iterator[str]:
    yield f"{printable(found.before_ref)} -> {printable(found.after_ref)}"
    if found.is_same:
        yield "Both hold the same files."
    for name in sorted({*(found.counts_before or {}), *(found.counts_after or {})}):
        old = (found.counts_before or {}).get(name, 0)
        new = (found.counts_after or {}).get(name, 0)
        yield f"  {printable(name)}: {old:,} -> {new:,} ({new - old:+,})"
    yield from _runs("Runs that came", found.runs_added)
    yield from _runs("Runs that went", found.runs_removed)
    yield from _runs("Runs that changed", found.runs_changed)
    rows = [
        (
            one.section,
            len(one.added),
            len(one.removed),
            len(one.changed),
            one.unchanged_count,
            size(one.new_bytes),
        )
        for one in found.sections
    ]
    if rows:
        names = ("ADDED", "REMOVED", "CHANGED", "SAME", "NEW BYTES")
        columns = [Column("SECTION"), *(Column(name, right=True) for name in names)]
        yield ""
        yield from table(columns, rows, state.pen)
    yield from outcome_lines(found)


def _runs(title: str, refs: Sequence[str]) -> Iterator[str]:
    if refs:
        yield f"{title} ({len(refs)}):"
        yield from (f"  {printable(ref)}" for ref in refs[:_MOST])
        if len(refs) > _MOST:
            yield f"  and {len(refs) - _MOST} more; --format json has all"
