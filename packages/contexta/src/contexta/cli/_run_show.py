"""``contexta run show``: one run with its stages, metrics and artifacts."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._group import global_options
from contexta.cli._output import show_json, show_lines
from contexta.cli._state import State
from contexta.cli._text import number, printable, table


@click.command("show")
@click.argument("run_id", metavar="RUN")
@global_options
@click.pass_obj
def show(state: State, run_id: str) -> None:
    """Show one run: RUN is its id, or the end of it where that is unique."""
    snapshot = state.open().get_run_snapshot(run_id)
    if state.wants_json:
        show_json(snapshot)
    else:
        show_lines(_lines(snapshot))


def _lines(snapshot: Any) -> Iterator[str]:
    run = snapshot.run
    facts = [
        ("Run", run.run_id),
        ("Name", run.name),
        ("Project", run.project_name),
        ("Status", run.status),
        ("Started", run.started_at),
        ("Ended", run.ended_at),
        ("Code", _code(run)),
        ("Dataset", run.dataset_ref),
        ("Stages", len(snapshot.stages)),
        ("Artifacts", len(snapshot.artifacts)),
        ("Records", sum(snapshot.record_counts.values()) or len(snapshot.records)),
        *((f"Tag {key}", value) for key, value in run.tags.items()),
        *((f"Param {key}", value) for key, value in run.params.items()),
    ]
    for label, value in facts:
        if value is not None:
            yield f"{printable(label)}: {printable(value)}"
    yield from _section(
        ("STAGE", "STATUS", "STARTED", "ENDED"),
        [(one.name, one.status, one.started_at, one.ended_at) for one in snapshot.stages],
    )
    yield from _section(
        ("METRIC", "STAGE", "COUNT", "LAST", "MIN", "MAX", "UNIT"),
        [
            (
                one.metric_key,
                one.stage_name,
                one.count,
                number(one.last),
                number(one.minimum),
                number(one.maximum),
                one.unit,
            )
            for one in snapshot.metrics
        ],
    )
    yield from _section(
        ("ARTIFACT", "KIND", "BYTES"),
        [(one.artifact_ref, one.kind, one.size_bytes) for one in snapshot.artifacts],
    )
    for note in snapshot.completeness_notes:
        yield f"Note: {printable(note)}"


def _code(run: Any) -> str | None:
    revision: str | None = run.code_revision
    if revision is None or run.metadata.get("code_dirty") is not True:
        return revision
    return f"{revision} (files differed from the commit)"


def _section(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Iterator[str]:
    if rows:
        yield ""
        yield from table(header, rows)
