"""Columns of lists of runs: facts of a run, its params, tags, and values of its metrics."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from contexta.cli._draw import Column, Pen, Styled, elapsed, status

_AGGREGATES = {"last": "latest", "min": "min", "max": "max", "mean": "mean"}
_FACTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "run": ("RUN", lambda run: run.run_id),
    "status": ("STATUS", lambda run: run.status),
    "started": ("STARTED", lambda run: run.started_at),
    "ended": ("ENDED", lambda run: run.ended_at),
    "duration": ("DURATION", lambda run: elapsed(run.started_at, run.ended_at)),
    "project": ("PROJECT", lambda run: run.project_name),
    "name": ("NAME", lambda run: run.name),
    "code": ("CODE", lambda run: run.code_revision),
    "dataset": ("DATASET", lambda run: run.dataset_ref),
}
_DEFAULT = ("run", "status", "started", "duration", "project", "name")
_TIMES = frozenset({"started", "ended"})


def column_names(texts: Sequence[str]) -> tuple[str, ...]:
    """The columns that ``--columns`` names, the run first; the usual ones without any.

    Params, tags and metrics alone are shown beside the run and its status.

    Raises:
        UsageError: what is no column.
    """
    names = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if not names:
        return _DEFAULT
    for name in names:
        if name not in _FACTS and not _key_of(name):
            raise click.UsageError(
                f"--columns: {name!r} is no column; use {', '.join(_FACTS)}, params.KEY, "
                "tags.KEY, metrics.KEY, or metrics.KEY.min, .max, .mean, .last"
            )
    start = ("run",) if any(name in _FACTS for name in names) else ("run", "status")
    return tuple(dict.fromkeys((*start, *names)))


def column_values(ctx: Any, runs: Sequence[Any], names: Sequence[str]) -> dict[str, list[Any]]:
    """The values of each column, in the order of the runs; ``None`` where a run has none."""
    return {name: _values(ctx, runs, name) for name in names}


def drawn(names: Sequence[str], values: dict[str, list[Any]], pen: Pen) -> Any:
    """The columns and rows of the table."""
    columns = [_column(name, values[name]) for name in names]
    made = [[_shown(name, value, pen) for value in values[name]] for name in names]
    return columns, list(zip(*made, strict=True))


def _column(name: str, values: Sequence[Any]) -> Column:
    title = _FACTS[name][0] if name in _FACTS else name.partition(".")[2]
    known = [value for value in values if value is not None]
    numeric = bool(known) and all(isinstance(value, (int, float)) for value in known)
    return Column(
        title,
        right=(numeric and name not in _FACTS) or name == "duration",
        middle=name == "run",
    )


def _shown(name: str, value: Any, pen: Pen) -> Any:
    if name == "status":
        return status(value, pen)
    if name in _TIMES:
        return pen.when(value)
    if name == "project":
        return Styled(value, "dim")
    return value


def _values(ctx: Any, runs: Sequence[Any], name: str) -> list[Any]:
    if name in _FACTS:
        return [_FACTS[name][1](run) for run in runs]
    field, _, key = name.partition(".")
    if field in ("params", "param"):
        return [run.params.get(key) for run in runs]
    if field in ("tags", "tag"):
        return [run.tags.get(key) for run in runs]
    found = _metric(ctx, runs, key, "latest")
    base, _, word = key.rpartition(".")
    if base and word in _AGGREGATES and not found:
        found = _metric(ctx, runs, base, _AGGREGATES[word])
    return [found.get(run.run_id) for run in runs]


def _metric(ctx: Any, runs: Sequence[Any], key: str, aggregation: str) -> dict[str, float]:
    ids = [run.run_id for run in runs]
    found: dict[str, float] = ctx.query_service.run_values(
        key, run_ids=ids, aggregation=aggregation
    )
    return found


def _key_of(name: str) -> str:
    field, _, key = name.partition(".")
    return key if field in ("params", "param", "tags", "tag", "metrics", "metric") else ""
