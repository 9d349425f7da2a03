"""``contexta artifact verify``: read every byte of artifacts."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import Column, Styled, table
from contexta.cli._following import sweeping
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.cli._words import counted
from contexta.cli.artifact._refs import artifact_ref

_MOST = 50


@click.command("verify")
@click.argument("artifacts", metavar="[ARTIFACT]...", nargs=-1)
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="Read so many at once.")
@global_options
@click.pass_obj
def verify(state: State, artifacts: tuple[str, ...], workers: int | None) -> int:
    """Read every byte of artifacts and compare it with what was stored.

    Without ARTIFACT, all of them. The exit code is 1 when one is missing or damaged.
    """
    ctx = state.open()
    sweep = None
    if artifacts:
        records = [
            ctx.artifact_store.verify_artifact(artifact_ref(ctx, text)).to_record()
            for text in artifacts
        ]
    else:
        with sweeping(state, "verify artifacts") as tell:
            sweep = ctx.artifact_store.verify_all(workers=workers, progress=tell)
        records = list(sweep.verification_records)
    bad = [one for one in records if one.status.value != "verified"]
    orphans = [] if sweep is None else [str(path) for path in sweep.orphan_paths]
    unreadable = [] if sweep is None else [str(path) for path in sweep.damaged_bindings]
    result = {
        "ok": not bad and not unreadable,
        "artifacts": [_row(one) for one in records],
        "orphan_paths": orphans,
        "damaged_bindings": unreadable,
    }
    show(
        state,
        result,
        lambda: _lines(records, bad, orphans, unreadable, state),
        rows=lambda: [_row(one) for one in records],
    )
    return 0 if result["ok"] else 1


def _row(record: Any) -> dict[str, Any]:
    return {
        "artifact_ref": record.artifact_ref,
        "status": record.status.value,
        "checked_at": record.checked_at,
        "message": record.message,
    }


def _lines(
    records: Sequence[Any],
    bad: Sequence[Any],
    orphans: Sequence[str],
    unreadable: Sequence[str],
    state: State,
) -> Iterator[str]:
    pen = state.pen
    if bad:
        columns = [Column("ARTIFACT", middle=True), Column("STATUS"), Column("WHAT")]
        rows = [
            (one.artifact_ref, Styled(one.status.value, "bad"), one.message) for one in bad[:_MOST]
        ]
        yield from table(columns, rows, pen)
        if len(bad) > _MOST:
            yield f"and {len(bad) - _MOST} more; --format json has all"
        yield ""
    for path in unreadable:
        yield pen.paint(f"Unreadable: {printable(path)}", "bad")
    right = len(records) - len(bad)
    yield f"{counted(len(records), 'artifact')}: {right:,} verified, {len(bad):,} not"
    if orphans:
        loose = counted(len(orphans), "file")
        yield f"{loose} without an artifact; `contexta artifact gc` frees them"
    if bad or unreadable:
        yield "See `contexta repair`; a put or an import of the right bytes mends an artifact."
