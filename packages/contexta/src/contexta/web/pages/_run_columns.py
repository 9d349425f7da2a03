"""Tables of runs: which columns, what is in their cells, how they sort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contexta.interpretation.instants import seconds_between
from contexta.web.pages._charts import spark
from contexta.web.pages._links import with_query
from contexta.web.pages._view import column, summaries

if TYPE_CHECKING:
    from markupsafe import Markup

    from contexta.client import Contexta
    from contexta.interpretation import RunRecord
    from contexta.interpretation.query import RunListQuery

_PARAMS_CHOSEN = 4
_METRICS_CHOSEN = 4
_QUALITY = ("acc", "f1", "auc", "error", "score", "reward", "rmse", "mae", "perplexity")
_CURVES, _CURVE_POINTS = 100, 60
_LONGEST_KEY = 60  # a longer one is a column only where somebody asks for it


@dataclass(frozen=True, slots=True)
class Column:
    """One column that people choose: ``kind`` is params, metrics, tags, or curves of metrics."""

    kind: str
    key: str

    @property
    def order(self) -> str | None:
        """What sorts by it, if anything does."""
        return f"{self.kind[:-1]}:{self.key}" if self.kind in ("params", "metrics") else None


@dataclass(frozen=True, slots=True)
class Row:
    """One run: ``cells`` are the values of the chosen columns, ``None`` where it has none."""

    run: RunRecord
    seconds: float | None
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What ``_run_table.html.jinja`` draws.

    ``sorted`` is the place among the chosen columns of the one that the runs are sorted by: a
    narrow screen, where that column is far to the right, shows its value below the run.
    """

    columns: tuple[Mapping[str, Any], ...]
    chosen: tuple[Column, ...]
    rows: tuple[Row, ...]
    several_projects: bool
    sorted: int | None = None


def choose(ctx: Contexta, runs: Sequence[RunRecord]) -> list[Column]:
    """Return what tells these runs apart: params that differ, metrics that most have."""
    if not runs:
        return []
    differing = [
        key
        for key, values in _param_values(runs).items()
        if len(set(values)) > 1 and len(values) * 2 > len(runs) and len(key) <= _LONGEST_KEY
    ]
    counts = Counter(
        key
        for row in summaries(ctx, [run.run_id for run in runs])
        for key in {row.metric_key}
        if len(key) <= _LONGEST_KEY
    )
    half = len(runs) / 2
    common = sorted(counts, key=lambda k: (counts[k] < half, metric_rank(k), -counts[k], k))
    return [
        *(Column("params", key) for key in differing[:_PARAMS_CHOSEN]),
        *(Column("metrics", key) for key in common[:_METRICS_CHOSEN]),
    ]


def metric_rank(key: str) -> int:
    """Return 0 for what runs are usually judged by, 1 for other measures of quality, else 2."""
    text = key.lower()
    if "loss" in text or "accuracy" in text:
        return 0
    return 1 if any(part in text for part in _QUALITY) else 2


def _param_values(runs: Sequence[RunRecord]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for run in runs:
        for key, value in run.params.items():
            found.setdefault(key, []).append(repr(value))
    return dict(sorted(found.items()))


def run_table(
    ctx: Contexta,
    runs: Sequence[RunRecord],
    chosen: Sequence[Column],
    values: Mapping[str, str],
    path: str,
    query: RunListQuery,
    *,
    sorts: bool = True,
) -> Table:
    """Return the table of some runs.

    Args:
        ctx: the workspace.
        runs: in the order of the table.
        chosen: columns beside those of every run.
        values: parameters of the address, which the links of the heading keep.
        path: address of the page.
        query: how the runs are ordered.
        sorts: whether the headings are links that sort.
    """
    ids = [run.run_id for run in runs]
    metrics = {
        one.key: ctx.query_service.run_values(one.key, run_ids=ids)
        for one in chosen
        if one.kind == "metrics"
    }
    curves = {one.key: _curves(ctx, ids, one.key) for one in chosen if one.kind == "curves"}
    rows = tuple(
        Row(
            run,
            seconds_between(run.started_at, run.ended_at),
            tuple(_cell(run, one, metrics, curves) for one in chosen),
        )
        for run in runs
    )
    several = len({run.project_name for run in runs}) > 1
    head = _head(chosen, values, path, query, several, sorts=sorts)
    orders = [one.order for one in chosen]
    place = orders.index(query.sort_by) if query.sort_by in orders else None
    return Table(tuple(head), tuple(chosen), rows, several, place)


def _cell(
    run: RunRecord,
    one: Column,
    metrics: Mapping[str, Mapping[str, float]],
    curves: Mapping[str, Mapping[str, Markup]],
) -> Any:
    if one.kind == "metrics":
        return metrics[one.key].get(run.run_id)
    if one.kind == "curves":
        return curves[one.key].get(run.run_id)
    return (run.params if one.kind == "params" else run.tags).get(one.key)


def _curves(ctx: Contexta, run_ids: Sequence[str], key: str) -> dict[str, Markup]:
    """Draw a metric of each run as small as a word; a millisecond or two for each.

    Only where somebody asks for the column, and of the first runs of a long page.
    """
    from contexta.interpretation.query.metrics import (
        by_run,
        metric_summaries,
        pick_summary,
        points_of,
        thin,
    )

    ids = run_ids[:_CURVES]
    found = {}
    for run_id, rows in by_run(metric_summaries(ctx.repository, ids, [key])).items():
        row = pick_summary(rows, None)
        if row is not None and row.count > 1:
            points = thin(points_of(ctx.repository, run_id, key, row.stage_id), _CURVE_POINTS)
            found[run_id] = spark([point.value for point in points])
    return found


def _head(
    chosen: Sequence[Column],
    values: Mapping[str, str],
    path: str,
    query: RunListQuery,
    several: bool,
    *,
    sorts: bool,
) -> list[Mapping[str, Any]]:
    def sortable(label: str, by: str, *, num: bool = False, title: str | None = None) -> Any:
        current = query.sort_by == by
        turned = ("desc" if query.sort_desc else "asc") if current else None
        if not sorts:
            return column(label, num=num, dir=turned, title=title)
        # What is looked for is last by time, largest, or in trouble; names and settings are read
        # from their beginning.
        first = by != "name" and not by.startswith("param:")
        desc = not query.sort_desc if current else first
        kept = [(k, v) for k, v in values.items() if k not in ("sort", "desc", "offset")]
        href = with_query(path, [*kept, ("sort", by), ("desc", 1 if desc else 0)])
        return column(label, num=num, sort=href, dir=turned, title=title)

    head: list[Mapping[str, Any]] = [column("", title="Choose to compare"), column("Run ID")]
    head.append(sortable("Name", "name"))
    if several:
        head.append(column("Project"))
    head += [sortable("Status", "status"), sortable("Started", "started_at")]
    head.append(sortable("Duration", "duration", num=True))
    for one in chosen:
        if one.kind == "metrics":
            title = f"metric {one.key}, latest value"
            head.append(sortable(one.key, str(one.order), num=True, title=title))
        elif one.kind == "params":
            head.append(sortable(one.key, str(one.order), title=f"param {one.key}"))
        else:
            title = f"{'curve of' if one.kind == 'curves' else 'tag'} {one.key}"
            head.append(column(one.key, title=title))
    return head
