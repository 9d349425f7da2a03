"""``contexta recover outbox``: deliveries to sinks that failed and wait."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import Column, Styled, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli.backup._refs import outcome_lines

_STYLES = {"SUCCESS": "good", "DEGRADED": "doubt", "SKIPPED": "doubt", "FAILURE": "bad"}
_FILES = "exports/replayed"


@click.command("list")
@global_options
@click.pass_obj
def list_(state: State) -> None:
    """List the deliveries that wait, oldest first."""
    state.root()
    rows = list(_waiting(state))
    show(state, {"pending": rows}, lambda: _waiting_lines(rows, state), rows=lambda: rows)


@click.command("replay")
@click.option(
    "--sink",
    "sinks",
    metavar="MODULE:NAME",
    multiple=True,
    help="Deliver to this sink: an object, or what makes one without arguments.  Repeatable.",
)
@click.option("--to-files", is_flag=True, help=f"Copy the payloads to {_FILES} instead.")
@click.option("--target", metavar="SINK", help="Only deliveries of the sink of this name.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("--due-only", is_flag=True, help="Leave those whose next attempt is to come.")
@click.option(
    "--mode", type=click.Choice(["strict", "tolerant"]), help="What to do with bad lines."
)
@global_options
@click.pass_obj
def replay(
    state: State,
    sinks: tuple[str, ...],
    to_files: bool,
    target: str | None,
    limit: int | None,
    due_only: bool,
    mode: Any,
) -> int:
    """Deliver what waits; what was delivered leaves the outbox.

    The command line knows no sinks by itself: name one that can be imported, or have the
    payloads copied to files. In a program, use `Contexta.replay_outbox`.
    """
    require_document(state)
    state.root()
    if bool(sinks) == to_files:
        raise click.UsageError("say where to: --sink MODULE:NAME, or --to-files")
    if to_files:
        from contexta.recovery import replay_outbox

        result = replay_outbox(
            state.config, target=target, limit=limit, due_only=due_only, mode=mode
        )
    else:
        from contexta.client import Contexta

        with Contexta(config=state.config, sinks=[_sink(text) for text in sinks]) as ctx:
            result = ctx.replay_outbox(target=target, limit=limit, due_only=due_only, mode=mode)
    show(state, result, lambda: _replayed(result, state))
    return 1 if result.status == "FAILURE" else 0


def _sink(text: str) -> Any:
    module, colon, name = text.partition(":")
    if not colon or not module or not name:
        raise click.UsageError(f"--sink {text!r} is no MODULE:NAME")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise click.UsageError(f"--sink {text!r} cannot be imported: {error}") from error
    return found if hasattr(found, "capture") and not isinstance(found, type) else found()


def _waiting(state: State) -> Iterator[dict[str, Any]]:
    from contexta.contract.errors import ContextaError
    from contexta.recovery.outbox import OutboxFile, parse_line

    root = state.config.recovery.outbox_root
    if root is None:
        return
    for line in OutboxFile(root).waiting_lines():
        try:
            entry = parse_line(line)
        except ContextaError as error:
            yield {"replay_ref": None, "family": None, "sink_name": None, "problem": error.message}
            continue
        yield {
            "replay_ref": entry.replay_ref,
            "family": entry.family,
            "sink_name": entry.sink_name,
            "attempts": entry.attempts,
            "failed_at": entry.text("failed_at"),
            "error": entry.text("last_error") or entry.text("error"),
            "next_attempt_at": entry.text("next_attempt_at"),
            "problem": None,
        }


def _waiting_lines(rows: Sequence[dict[str, Any]], state: State) -> list[str]:
    if not rows:
        return ["nothing waits"]
    pen = state.pen
    columns = [
        Column("DELIVERY"),
        Column("SINK"),
        Column("FAMILY"),
        Column("TRIES", right=True),
        Column("FAILED"),
        Column("ERROR"),
    ]
    cells = [
        (
            row["replay_ref"],
            row["sink_name"],
            row["family"],
            row.get("attempts"),
            pen.when(row.get("failed_at")),
            row["problem"] or row.get("error"),
        )
        for row in rows
    ]
    return table(columns, cells, pen)


def _replayed(result: Any, state: State) -> Iterator[str]:
    pen = state.pen
    rows = [
        (
            one.replay_ref,
            one.target,
            one.family,
            Styled(one.status.lower(), _STYLES.get(one.status)),
            one.detail,
        )
        for one in result.entries
    ]
    if rows:
        yield from table(("DELIVERY", "SINK", "FAMILY", "STATUS", "DETAIL"), rows, pen)
        yield ""
    yield (
        f"{result.acknowledged_count:,} delivered, {result.pending_count:,} left, "
        f"{result.dead_lettered_count:,} given up"
    )
    yield from outcome_lines(result)
