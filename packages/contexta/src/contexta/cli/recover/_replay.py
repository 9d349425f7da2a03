"""``contexta recover replay``: read the stored records and what is known to be missing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._draw import Column, Styled, facts, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable

if TYPE_CHECKING:
    from contexta.client import Contexta

_TYPES = ("event", "metric", "span", "degraded")
_MOST = 20
_STATES = {"HEALTHY": "good", "DEGRADED": "doubt", "CORRUPTED": "bad"}


@click.command("replay")
@click.option(
    "--mode",
    type=click.Choice(["strict", "tolerant"]),
    default="tolerant",
    show_default=True,
    help="Strict fails at the first damage; tolerant lists the gaps.",
)
@click.option("--run", "run_id", metavar="RUN", help="Only records of this run.")
@click.option("--stage", metavar="STAGE", help="Only records of this stage: its ref, or its name.")
@click.option("--record-type", type=click.Choice(_TYPES), help="Only records of this type.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many records.")
@click.option("--no-records", is_flag=True, help="JSON without the records themselves.")
@global_options
@click.pass_obj
def replay(
    state: State,
    mode: str,
    run_id: str | None,
    stage: str | None,
    record_type: str | None,
    limit: int | None,
    no_records: bool,
) -> None:
    """Read the stored records and say what is known to be missing.

    Nothing is changed. The way to deliver what sinks refused is `contexta recover outbox`.
    """
    from contexta.store.records import ScanFilter

    ctx = state.open()
    run = None if run_id is None else _run_ref(ctx, run_id)
    wanted = ScanFilter(
        run_ref=run,
        stage_execution_ref=_stage_ref(stage, run),
        record_type=record_type,
        limit=limit,
    )
    result = ctx.record_store.replay(wanted, mode=mode)
    show(
        state,
        _result(result, records=not no_records),
        lambda: _lines(result, state),
        rows=lambda: [_row(one) for one in result.records],
    )


def _run_ref(ctx: "Contexta", text: str) -> str:
    """Return the full ref; one that is written out counts even when the ledger lost the run."""
    if text.startswith("run:"):
        from contexta.contract.refs import StableRef

        return StableRef.parse(text).text
    return ctx.query_service.require_run(text).run_id


def _stage_ref(text: str | None, run: str | None) -> str | None:
    if text is None or text.startswith("stage:"):
        return text
    if run is None:
        raise click.UsageError(f"--stage {text!r} is a name; say whose with --run, or pass its ref")
    return f"stage:{run.partition(':')[2]}.{text}"


def _result(result: Any, *, records: bool) -> dict[str, Any]:
    known = {
        "mode": result.mode.value,
        "record_count": result.record_count,
        "integrity_state": result.integrity_state.value,
        "warnings": list(result.warnings),
        "known_gaps": [_plain(one) for one in result.known_gaps],
    }
    return known | ({"records": [_row(one) for one in result.records]} if records else {})


def _row(stored: Any) -> dict[str, Any]:
    return {name: value for name, value in _plain(stored).items() if name != "record"} | {
        "record": _record(stored.record)
    }


def _record(record: Any) -> Any:
    from contexta.contract.serialization import to_payload

    return to_payload(record)


def _plain(one: Any) -> dict[str, Any]:
    values = {field.name: getattr(one, field.name) for field in fields(one)}
    return {
        name: value.value
        if isinstance(value, Enum)
        else dict(value)
        if hasattr(value, "keys")
        else value
        for name, value in values.items()
    }


def _lines(result: Any, state: State) -> Iterator[str]:
    pen = state.pen
    integrity = result.integrity_state.value
    pairs = [
        ("Mode", result.mode.value),
        ("Records", f"{result.record_count:,}"),
        ("Integrity", Styled(integrity, _STATES.get(integrity))),
        ("Warnings", len(result.warnings)),
        ("Gaps", len(result.known_gaps)),
    ]
    yield from facts(pairs, pen)
    kinds = Counter(str(one.record.envelope.record_type) for one in result.records)
    if kinds:
        yield ""
        columns = [Column("RECORD TYPE"), Column("COUNT", right=True)]
        yield from table(columns, sorted(kinds.items()), pen)
    for line in result.warnings[:_MOST]:
        yield pen.paint(f"Warning: {printable(line)}", "doubt")
    for gap in result.known_gaps[:_MOST]:
        where = ""
        if gap.start_sequence is not None:
            where = f" {gap.start_sequence} to {gap.end_sequence}"
        yield pen.paint(f"Gap{where}: {printable(gap.code)}: {printable(gap.message)}", "bad")
    left = max(len(result.warnings) - _MOST, 0) + max(len(result.known_gaps) - _MOST, 0)
    if left:
        yield f"and {left} more; --format json has all"
