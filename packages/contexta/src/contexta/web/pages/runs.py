"""The list of runs: filter, sort, choose columns, choose runs to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from contexta.contract.entities import RUN_STAGE_STATUSES
from contexta.contract.errors import ValidationError
from contexta.web._page import PageData
from contexta.web._params import Params
from contexta.web._totals import count_runs
from contexta.web.pages._links import address, project_url, with_query
from contexta.web.pages._run_columns import Column, Table, choose, run_table
from contexta.web.pages._view import frame, known_keys, pager

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import RunRecord
    from contexta.interpretation.query import RunListQuery, UnknownKey

PATH = "/ui/runs"
PAGE_SIZES = (25, 50, 100, 200)
_DEFAULT_SIZE = 50
# Kind of a column: its name, and where its keys are.
_KINDS = {
    "metrics": ("Metrics", "metrics"),
    "params": ("Params", "params"),
    "tags": ("Tags", "tags"),
    "curves": ("Curves", "metrics"),
}
_FILTERS = ("project", "status", "where", "after", "before")
_SHOWN = (*_FILTERS, "limit")


def start_page(ctx: Contexta, _params: Params) -> PageData:
    """Show the newest runs, whatever the query says."""
    return runs_page(ctx, Params())


def runs_page(ctx: Contexta, params: Params) -> PageData:
    """Show a page of runs, newest first unless ``sort`` and ``desc`` say otherwise.

    An expression that is wrong is shown with its place marked, status 400.

    Raises:
        HttpError: 400, a number that is none.
        ValidationError: a filter other than the expression that cannot be.
    """
    project = params.text("project")
    where = params.text("where")
    refused: ValidationError | None = None
    try:
        query = params.run_query(limit=_DEFAULT_SIZE)
    except ValidationError as error:
        if where is None or not error.code.startswith("query_") or "expression" not in error.code:
            raise
        refused = error
        query = Params({"limit": params.text("limit") or ""}).run_query(limit=_DEFAULT_SIZE)
    total = 0 if refused else count_runs(ctx, query)
    shown = () if refused else ctx.list_runs(query=query)
    unknown = _unknown_order(ctx, query) if shown else ()
    columns = _columns(ctx, params, shown, () if unknown else _order_column(query))
    table = run_table(ctx, shown, columns, params.query, PATH, query)
    limit = query.limit or _DEFAULT_SIZE
    data = frame(
        ctx,
        project,
        live=None if refused else address("/live/runs", project=project),
        asked={name: params.text(name) for name in _FILTERS},
        keep=[(k, v) for k, v in params.query.items() if k not in (*_FILTERS, "offset")],
        query=query,
        sizes=_sizes(params, limit) if total > PAGE_SIZES[0] else (),
        statuses=RUN_STAGE_STATUSES,
        refused=None if refused is None else _refusal(where or "", refused),
        hints=[] if refused or total else _hints(ctx, project, where),
        order_hints=[one.text for one in unknown],
        filters=_active(params),
        empty_workspace=not total and not refused and not ctx.list_projects(),
        total=total,
        table=table,
        chooser=_chooser(ctx, params, table) if refused is None else None,
        pager=pager(PATH, params.query, offset=query.offset, limit=limit, total=total),
        exports=_export(params),
    )
    data["project_href"] = None if project is None else project_url(project)
    return PageData("runs", "Runs", data, "runs", 400 if refused else 200)


def _columns(
    ctx: Contexta, params: Params, shown: Sequence[RunRecord], order: Sequence[Column]
) -> list[Column]:
    """The columns that the address names (``show.metrics.loss=1``), else those that tell most."""
    named = [
        Column(kind, key)
        for name in params.query
        if name.startswith("show.")
        for _, kind, key in [[*name.split(".", 2), "", ""][:3]]
        if kind in _KINDS and key
    ]
    if named or params.flag("columns"):
        return named
    chosen = choose(ctx, shown)
    return [*(column for column in order if shown and column not in chosen), *chosen]


def _order_column(query: RunListQuery) -> list[Column]:
    """The column that runs are sorted by, if it is one of params or metrics."""
    keys = {"params": query.sort_param, "metrics": query.sort_metric}
    return [Column(kind, key) for kind, key in keys.items() if key is not None]


def _chooser(ctx: Contexta, params: Params, table: Table) -> Mapping[str, Any]:
    """Every key that could be a column, and what the form of the choice keeps."""
    chosen = {(column.kind, column.key) for column in table.chosen}
    keys = {source: known_keys(ctx, source) for _, source in _KINDS.values()}
    groups = [
        (label, kind, [(key, (kind, key) in chosen) for key in keys[source]])
        for kind, (label, source) in _KINDS.items()
    ]
    return {
        "groups": [group for group in groups if group[2]],
        "kept": [(k, v) for k, v in params.query.items() if k != "columns" and k[:5] != "show."],
        "reset": _without({k: v for k, v in params.query.items() if k[:5] != "show."}, "columns")
        if params.flag("columns")
        else None,
    }


def _active(params: Params) -> list[tuple[str, str, str]]:
    """Filters that are set: label, value, and the address without it."""
    labels = {"after": "Started after", "before": "Started before", "where": "Expression"}
    kept = {k: v for k, v in params.query.items() if k != "offset"}
    return [
        (
            labels.get(name, name.capitalize()),
            kept[name],
            _without(kept, name),
        )
        for name in _SHOWN
        if name in kept
    ]


def _sizes(params: Params, limit: int) -> list[tuple[int, str, bool]]:
    """How many runs a page may hold, the address of each, and which one this is."""
    kept = [(k, v) for k, v in params.query.items() if k not in ("limit", "offset")]
    return [
        (size, with_query(PATH, [*kept, ("limit", size)]), size == limit) for size in PAGE_SIZES
    ]


def _without(values: Mapping[str, str], name: str) -> str:
    return with_query(PATH, [(k, v) for k, v in values.items() if k != name])


def _refusal(where: str, error: ValidationError) -> Mapping[str, Any]:
    """Why an expression is refused: the reason, and its text with a caret below the place."""
    reason, _, drawing = str(error.message).partition("\n")
    return {"reason": reason, "drawing": drawing, "details": error.details or {}}


def _hints(ctx: Contexta, project: str | None, where: str | None) -> list[str]:
    """Say which names of the filters nothing has, with the nearest ones."""
    found = [] if where is None else [one.text for one in ctx.query_service.unknown_keys(where)]
    known = ctx.list_projects()
    if project is not None and project not in known:
        near = get_close_matches(project, known, n=5, cutoff=0.4)
        meant = f"; nearest: {', '.join(near)}" if near else ""
        found.insert(0, f"there is no project {project[:80]!r}{meant}")
    return found


def _unknown_order(ctx: Contexta, query: RunListQuery) -> tuple[UnknownKey, ...]:
    """The key that the runs are sorted by, if no run has it."""
    return ctx.query_service.unknown_keys(replace(query, where=None))


def _export(params: Params) -> list[tuple[str, str]]:
    keep = {"project", "status", "after", "before", "where", "sort", "desc"}
    kept = [(key, value) for key, value in params.query.items() if key in keep]
    return [("CSV", with_query("/export/runs.csv", kept)), ("JSON", with_query("/runs", kept))]
