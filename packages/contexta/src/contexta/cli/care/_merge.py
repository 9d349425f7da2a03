"""``contexta merge``: take another workspace into this one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._following import waiting
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State, require_workspace
from contexta.cli._text import printable
from contexta.contract.errors import ConfigurationError


@click.command("merge")
@click.argument("source", metavar="SOURCE")
@click.option(
    "--project", "projects", metavar="NAME", multiple=True, help="Only this one.  Repeatable."
)
@click.option(
    "--no-rename",
    is_flag=True,
    help="Refuse the merge when a ref is taken by something else, instead of renaming.",
)
@click.option("--include-deleted", is_flag=True, help="Also what was deleted here.")
@click.option("--dry-run", is_flag=True, help="Only say what would come.")
@global_options
@click.pass_obj
def merge(
    state: State,
    source: str,
    projects: tuple[str, ...],
    no_rename: bool,
    include_deleted: bool,
    dry_run: bool,
) -> int:
    """Take everything of the workspace SOURCE that this one lacks.

    SOURCE is only read. Nothing here is removed or set back. Killed at any moment, merging again
    completes it; merging twice takes nothing twice. The exit code is 1 when something of SOURCE
    could not be read.
    """
    require_document(state)
    from contexta.store.merge import merge_workspaces

    target = state.root()
    _require_inside(state.config, target)
    given = Path(source)
    inside = given / ".contexta"
    if not (given / "workspace.json").exists() and (inside / "workspace.json").exists():
        given = inside  # the folder of the project was named, not that of the workspace
    require_workspace(given)
    with waiting(state, "looking" if dry_run else "merge"):
        report = merge_workspaces(
            given,
            target,
            dry_run=dry_run,
            rename=not no_rename,
            include_deleted=include_deleted,
            projects=projects or None,
            target_ledger=_ledger_elsewhere(state.config, target),
        )
    show(state, report, lambda: _lines(report))
    return 1 if report.damage else 0


def _require_inside(config: Any, target: Path) -> None:
    """Refuse a workspace whose records or artifacts lie elsewhere: they would not be found."""
    outside = [
        name
        for name in ("records", "artifacts")
        if not Path(getattr(config, name).root_path).resolve().is_relative_to(target.resolve())
    ]
    if outside:
        raise ConfigurationError(
            f"the settings place {' and '.join(outside)} outside of {target}, where a merge does "
            "not find them; move them into the workspace, or merge with Python",
            code="merge_planes_elsewhere",
            details={"planes": outside, "workspace": str(target)},
        )


def _ledger_elsewhere(config: Any, target: Path) -> Any:
    """Return the settings of a ledger that is not in the folder, else None."""
    ledger = config.metadata
    if getattr(ledger, "url", None) is not None:
        return ledger
    inside = Path(ledger.database_path).resolve().is_relative_to(target.resolve())
    return None if inside else ledger


def _lines(report: Any) -> Iterator[str]:
    yield from map(printable, report.lines())
    if report.dry_run and not report.is_empty:
        yield "Nothing was changed. Do it: the same without --dry-run"
