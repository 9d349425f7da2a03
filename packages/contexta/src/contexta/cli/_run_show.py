"""``contexta run show``: one run with everything that a person asks first."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import (
    Column,
    Curve,
    Pen,
    Styled,
    elapsed,
    facts,
    heading,
    size,
    status,
    table,
)
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show as show_result
from contexta.cli._state import State
from contexta.cli._values import moment
from contexta.cli._words import counted

_SEVERITIES = {"error": "bad", "critical": "bad", "warning": "doubt", "info": "info"}


@click.command("show")
@click.argument("run_id", metavar="RUN")
@global_options
@click.pass_obj
def show(state: State, run_id: str) -> None:
    """Show one run.

    RUN is its id, the end of it where that is unique, or its name.
    """
    ctx = state.open()
    snapshot = ctx.get_run_snapshot(run_id)
    show_result(state, snapshot, lambda: _lines(ctx, snapshot, state.pen))


def _lines(ctx: Any, snapshot: Any, pen: Pen) -> Iterator[str]:
    yield from facts(_facts(snapshot, pen), pen)
    yield from _stages(snapshot, pen)
    yield from _metrics(snapshot, pen)
    for title, values in (("Params", snapshot.run.params), ("Tags", snapshot.run.tags)):
        if values:
            yield from heading(title, pen)
            yield from facts(values.items(), pen)
    yield from _artifacts(snapshot, pen)
    yield from _deployments(snapshot, pen)
    yield from _environment(snapshot.environment, pen)
    yield from _issues(ctx.diagnose_run(snapshot.run.run_id), pen)
    yield from limits(snapshot.completeness_notes, snapshot.completeness, pen)


def _facts(snapshot: Any, pen: Pen) -> list[tuple[str, object]]:
    run = snapshot.run
    started = moment(run.started_at) if pen.person else run.started_at
    if pen.relative and run.started_at is not None:
        started = f"{started} ({pen.when(run.started_at)})"
    records = sum(snapshot.record_counts.values()) or len(snapshot.records)
    counts = ", ".join(
        counted(count, kind, kind if kind == "degraded" else None)
        for kind, count in sorted(snapshot.record_counts.items())
        if count
    )
    return [
        ("Run", Styled(run.run_id, "bold")),
        ("Name", run.name),
        ("Project", run.project_name),
        ("Status", status(run.status, pen)),
        ("Started", started),
        ("Duration", None if run.ended_at is None else elapsed(run.started_at, run.ended_at)),
        ("Code", _code(run)),
        ("Dataset", run.dataset_ref),
        ("Description", run.description),
        ("Records", f"{records} ({counts})" if counts else records),
    ]


def _code(run: Any) -> object:
    revision: str | None = run.code_revision
    if revision is None or run.metadata.get("code_dirty") is not True:
        return revision
    return Styled(f"{revision} (files differed from the commit)", "doubt")


def _stages(snapshot: Any, pen: Pen) -> Iterator[str]:
    if not snapshot.stages:
        return
    yield from heading(f"Stages ({len(snapshot.stages)})", pen)
    rows = [
        (
            one.name,
            status(one.status, pen),
            elapsed(one.started_at, one.ended_at) if one.ended_at else None,
            pen.when(one.started_at),
        )
        for one in snapshot.stages
    ]
    yield from table(["STAGE", "STATUS", Column("DURATION", right=True), "STARTED"], rows, pen)


def _metrics(snapshot: Any, pen: Pen) -> Iterator[str]:
    if not snapshot.metrics:
        return
    curves = {(one.metric_key, one.stage_id): one.points for one in snapshot.series}
    yield from heading(f"Metrics ({len(snapshot.metrics)})", pen)
    rows: list[tuple[object, ...]] = []
    for one in snapshot.metrics:
        points = curves.get((one.metric_key, one.stage_id), ())
        rows.append(
            (
                one.metric_key,
                one.stage_name,
                _number(one.last),
                _number(one.minimum),
                _number(one.maximum),
                one.count,
                Curve([point.value for point in points]) if points else "",
                one.unit or "",
            )
        )
    columns: list[object] = [
        "METRIC",
        "STAGE",
        Column("LAST", right=True),
        Column("MIN", right=True),
        Column("MAX", right=True),
        Column("COUNT", right=True),
        "CURVE",
        "UNIT",
    ]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    yield from table(columns, rows, pen)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _artifacts(snapshot: Any, pen: Pen) -> Iterator[str]:
    if not snapshot.artifacts:
        return
    yield from heading(f"Artifacts ({len(snapshot.artifacts)})", pen)
    rows = [
        (
            one.kind,
            Styled("body missing", "bad") if one.body_missing else size(one.size_bytes),
            one.artifact_ref,
        )
        for one in snapshot.artifacts
    ]
    yield from table(["KIND", Column("SIZE", right=True), Column("REF", middle=True)], rows, pen)


def _deployments(snapshot: Any, pen: Pen) -> Iterator[str]:
    if snapshot.deployments:
        yield from heading("Deployments", pen)
        rows = [
            (one.name, status(one.status, pen), pen.when(one.started_at), one.deployment_id)
            for one in snapshot.deployments
        ]
        yield from table(["NAME", "STATUS", "STARTED", Column("REF", middle=True)], rows, pen)


def _environment(found: Any, pen: Pen) -> Iterator[str]:
    if found is None:
        return
    yield from heading("Environment", pen)
    pairs = [
        ("Python", found.python_version),
        ("Platform", found.platform),
        ("Packages", len(found.packages)),
        ("Variables", len(found.environment_variables) or None),
    ]
    yield from facts(pairs, pen)


def _issues(result: Any, pen: Pen) -> Iterator[str]:
    if not result.issues:
        return
    yield from heading(f"Issues ({len(result.issues)})", pen)
    rows = [
        (Styled(one.severity, _SEVERITIES.get(one.severity)), one.code, one.summary)
        for one in result.issues
    ]
    yield from table(["SEVERITY", "CODE", Column("SUMMARY", wrap=True)], rows, pen)
