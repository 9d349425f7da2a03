"""``contexta deployments``, ``batches`` and ``samples``: the parts of runs, as lists."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from contexta.cli._draw import Column, Pen, elapsed, status, table
from contexta.cli._notes import project_hint
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State

_Row = Callable[[Any, Pen], Sequence[object]]


@click.command("deployments")
@click.option("--project", metavar="NAME", help="Only those of this project.")
@click.option("--run", "run_id", metavar="RUN", help="Only those that serve this run.")
@global_options
@click.pass_obj
def deployments(state: State, project: str | None, run_id: str | None) -> None:
    """List the deployments, with the run and the artifact that each serves."""
    ctx = state.open()
    run = None if run_id is None else ctx.query_service.require_run(run_id).run_id
    columns = [
        Column("NAME", keep=True),
        "STATUS",
        "STARTED",
        Column("RUN", middle=True),
        Column("ARTIFACT", middle=True),
        "PROJECT",
    ]
    found = ctx.list_deployments(project, run)
    hints = [] if found else project_hint(ctx, project)
    _show(state, "deployments", found, columns, _deployment, hints)


@click.command("batches")
@click.argument("run_id", metavar="RUN")
@click.option("--stage", metavar="NAME", help="Only those of this stage.")
@global_options
@click.pass_obj
def batches(state: State, run_id: str, stage: str | None) -> None:
    """List the batches of a run."""
    ctx = state.open()
    run = ctx.query_service.require_run(run_id)
    columns = [
        Column("NAME", keep=True),
        "STAGE",
        "STATUS",
        Column("DURATION", right=True),
        "STARTED",
        Column("REF", middle=True),
    ]
    _show(state, "batches", ctx.list_batches(run.run_id, stage), columns, _batch)


@click.command("samples")
@click.argument("run_id", metavar="RUN")
@click.option("--stage", metavar="NAME", help="Only those of this stage.")
@click.option("--batch", metavar="NAME", help="Only those of this batch.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most this many.")
@global_options
@click.pass_obj
def samples(
    state: State, run_id: str, stage: str | None, batch: str | None, limit: int | None
) -> None:
    """List the samples of a run."""
    ctx = state.open()
    run = ctx.query_service.require_run(run_id)
    found = ctx.list_samples(run.run_id, stage, batch)
    columns = [
        Column("NAME", keep=True),
        "STAGE",
        "BATCH",
        "OBSERVED",
        Column("REF", middle=True),
    ]
    _show(state, "samples", found[:limit], columns, _sample)


def _show(
    state: State,
    name: str,
    found: Iterable[Any],
    columns: Sequence[object],
    row: _Row,
    hints: Sequence[str] = (),
) -> None:
    listed = list(found)
    show(
        state,
        {name: listed},
        lambda: (
            table(columns, [row(one, state.pen) for one in listed], state.pen)
            if listed
            else [f"no {name}", *hints]
        ),
        rows=lambda: [_flat(one.to_dict()) for one in listed],
    )


def _flat(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if not isinstance(value, dict)}


def _deployment(one: Any, pen: Pen) -> Sequence[object]:
    started = pen.when(one.started_at)
    return (
        one.name,
        status(one.status, pen),
        started,
        one.run_id,
        one.artifact_ref,
        one.project_name,
    )


def _batch(one: Any, pen: Pen) -> Sequence[object]:
    return (
        one.name,
        _last(one.stage_id),
        status(one.status, pen),
        elapsed(one.started_at, one.ended_at),
        pen.when(one.started_at),
        one.batch_id,
    )


def _sample(one: Any, pen: Pen) -> Sequence[object]:
    return (
        one.name,
        _last(one.stage_id),
        _last(one.batch_id),
        pen.when(one.observed_at),
        one.sample_id,
    )


def _last(ref: str | None) -> str | None:
    return None if ref is None else ref.rsplit(".", 1)[-1]
