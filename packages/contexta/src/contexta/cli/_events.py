"""``contexta events``: what happened in a run."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import Column, Pen, Styled, table
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._values import moment

_LEVELS = ("debug", "info", "warning", "error", "critical")
_STYLES = {"warning": "doubt", "error": "bad", "critical": "bad", "debug": "dim"}


@click.command("events")
@click.argument("run_id", metavar="RUN")
@click.option("--stage", metavar="NAME", help="Only those of this stage.")
@click.option("--level", type=click.Choice(_LEVELS), help="Only of this level or graver.")
@click.option("--key", metavar="KEY", help="Only those with this key.")
@click.option("--tail", type=click.IntRange(min=1), metavar="N", help="Only the last N.")
@global_options
@click.pass_obj
def events(
    state: State,
    run_id: str,
    stage: str | None,
    level: str | None,
    key: str | None,
    tail: int | None,
) -> None:
    """List the events of a run, with those that say that something is missing.

    In the order in which they were stored.
    """
    ctx = state.open()
    run = ctx.query_service.require_run(run_id)
    graver = _LEVELS[_LEVELS.index(level) :] if level else _LEVELS
    records = ctx.repository.list_records(run_id=run.run_id, stage_id=stage, record_type="event")
    lost = ctx.repository.list_records(run_id=run.run_id, stage_id=stage, record_type="degraded")
    found = [
        one
        for one in (*records, *lost)
        if key in (None, one.key) and (level is None or _level(one) in graver)
    ]
    found.sort(key=lambda one: one.observed_at)
    found = found[-tail:] if tail else found
    show(
        state,
        lambda: {"run_id": run.run_id, "events": [one.to_dict() for one in found]},
        lambda: _lines(found, state.pen),
        rows=lambda: [_flat(one) for one in found],
    )


def _level(record: Any) -> str:
    word = record.payload.get("level") or record.payload.get("severity") or "info"
    return str(word)


def _stage(record: Any) -> str | None:
    return None if record.stage_id is None else str(record.stage_id).rsplit(".", 1)[-1]


def _message(record: Any) -> str:
    return str(record.message or record.payload.get("summary") or "")


def _flat(record: Any) -> dict[str, Any]:
    return {
        "observed_at": record.observed_at,
        "level": _level(record),
        "stage_name": _stage(record),
        "key": record.key,
        "message": _message(record),
        "record_type": record.record_type,
        "record_id": record.record_id,
    }


def _lines(found: Sequence[Any], pen: Pen) -> Iterator[str]:
    if not found:
        yield "no events"
        return
    rows = [
        (
            moment(one.observed_at)[11:] if pen.relative else pen.when(one.observed_at),
            Styled(_level(one), _STYLES.get(_level(one))),
            _stage(one),
            one.key,
            _message(one),
        )
        for one in found
    ]
    if pen.relative:
        yield pen.paint(f"{found[0].observed_at[:10]} UTC", "dim")
    yield from table(["TIME", "LEVEL", "STAGE", "KEY", Column("MESSAGE", wrap=True)], rows, pen)
