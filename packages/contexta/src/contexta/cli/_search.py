"""``contexta search``: runs and artifacts by a piece of their names."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Pen, size, status, table
from contexta.cli._notes import project_hint
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State

_LIMIT = 20
_PAGE = 500


@click.command("runs")
@click.argument("text", metavar="TEXT")
@click.option("--project", metavar="NAME", help="Only runs of this project.")
@click.option("--status", "run_status", metavar="STATUS", help="Only runs with this status.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most this many hits.")
@global_options
@click.pass_obj
def search_runs(
    state: State, text: str, project: str | None, run_status: str | None, limit: int | None
) -> None:
    """Find runs by a piece of their id, name or project, the newest first."""
    ctx = state.open()
    most = limit or _default_limit(ctx)
    found: list[Any] = []
    matches = _matcher(ctx, text)
    for run in _newest(ctx, project, run_status):
        if matches((run.run_id, run.name, run.project_name, *_more_fields(ctx, run))):
            found.append(run)
            if len(found) > most:
                break
    show(
        state,
        lambda: {"runs": found[:most]},
        lambda: (
            _run_lines(found, most, state.pen)
            if found
            else ["(empty)", *project_hint(ctx, project)]
        ),
        rows=lambda: [_flat(run) for run in found[:most]],
    )


@click.command("artifacts")
@click.argument("text", metavar="TEXT")
@click.option("--kind", metavar="KIND", help="Only artifacts of this kind.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most this many hits.")
@global_options
@click.pass_obj
def search_artifacts(state: State, text: str, kind: str | None, limit: int | None) -> None:
    """Find artifacts by a piece of their ref, kind or file name."""
    ctx = state.open()
    most = limit or _default_limit(ctx)
    matches = _matcher(ctx, text)
    found = [
        one
        for one in ctx.repository.list_artifacts()
        if kind in (None, one.kind) and matches((one.artifact_ref, one.kind, one.location))
    ]
    show(
        state,
        lambda: {"artifacts": found[:most]},
        lambda: _artifact_lines(found, most, state.pen),
        rows=lambda: [_flat(one) for one in found[:most]],
    )


def _newest(ctx: Any, project: str | None, run_status: str | None) -> Iterator[Any]:
    from contexta.interpretation.query import RunListQuery

    query = RunListQuery(project_name=project, status=run_status, sort_desc=True)
    cursor = None
    while True:
        page = ctx.page_runs(query, after=cursor, limit=_PAGE)
        yield from page.runs
        cursor = page.next_cursor
        if cursor is None:
            return


def _matcher(ctx: Any, text: str) -> Callable[[Iterable[str | None]], bool]:
    exact = ctx.config.interpretation.search.case_sensitive
    wanted = text if exact else text.casefold()

    def matches(fields: Iterable[str | None]) -> bool:
        known = (field for field in fields if field is not None)
        return any(wanted in (field if exact else field.casefold()) for field in known)

    return matches


def _more_fields(ctx: Any, run: Any) -> tuple[str, ...]:
    """What else of a run is searched, where somebody configured it."""
    if not _is_configured(ctx, "text_match_fields"):
        return ()
    fields = ctx.config.interpretation.search.text_match_fields
    found = [str(getattr(run, name)) for name in ("status", "description") if name in fields]
    for name in ("tags", "params"):
        if name in fields:
            found += [f"{key}={value}" for key, value in getattr(run, name).items()]
    return tuple(found)


def _default_limit(ctx: Any) -> int:
    """The configured number of hits, where somebody configured one."""
    if _is_configured(ctx, "default_limit"):
        return int(ctx.config.interpretation.search.default_limit)
    return _LIMIT


def _is_configured(ctx: Any, name: str) -> bool:
    return f"interpretation.search.{name}" in ctx.config.tracked_sources


def _flat(found: Any) -> dict[str, Any]:
    shown = found.to_dict()
    return {name: value for name, value in shown.items() if not isinstance(value, dict)}


def _run_lines(found: list[Any], most: int, pen: Pen) -> Iterator[str]:
    rows = [
        (run.run_id, status(run.status, pen), pen.when(run.started_at), run.project_name, run.name)
        for run in found[:most]
    ]
    columns = [Column("RUN", middle=True), "STATUS", "STARTED", "PROJECT", "NAME"]
    yield from table(columns, rows, pen)
    yield from _more(found, most, pen)


def _artifact_lines(found: list[Any], most: int, pen: Pen) -> Iterator[str]:
    if not found:
        yield "(empty)"
        return
    rows = [
        (one.artifact_ref, one.kind, size(one.size_bytes), one.run_id, pen.when(one.created_at))
        for one in found[:most]
    ]
    columns = [
        Column("ARTIFACT", middle=True, keep=True),
        "KIND",
        Column("SIZE", right=True),
        Column("RUN", middle=True),
        "CREATED",
    ]
    yield from table(columns, rows, pen)
    yield from _more(found, most, pen)


def _more(found: list[Any], most: int, pen: Pen) -> Iterator[str]:
    if len(found) > most:
        yield pen.paint(f"(there are more; --limit {most * 5} shows more)", "dim")
