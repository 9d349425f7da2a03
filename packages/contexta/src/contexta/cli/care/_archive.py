"""``contexta archive`` and ``contexta unarchive``: hide runs from lists, and bring them back."""

import click

from contexta.cli._confirm import require_document
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable


@click.command("archive")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@global_options
@click.pass_obj
def archive(state: State, runs: tuple[str, ...]) -> None:
    """Mark runs as archived. Nothing of them is removed."""
    require_document(state)
    ctx = state.open(write=True)
    refs = [ctx.query_service.require_run(text).run_id for text in runs]
    changed = ctx.metadata_store.archive(refs)
    show(state, {"archived": list(changed)}, lambda: _lines(refs, changed, "archived"))


@click.command("unarchive")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@global_options
@click.pass_obj
def unarchive(state: State, runs: tuple[str, ...]) -> None:
    """Take the mark of archived runs away."""
    require_document(state)
    ctx = state.open(write=True)
    refs = [ctx.query_service.require_run(text).run_id for text in runs]
    changed = ctx.metadata_store.unarchive(refs)
    show(state, {"unarchived": list(changed)}, lambda: _lines(refs, changed, "back"))


def _lines(refs: list[str], changed: tuple[str, ...], word: str) -> list[str]:
    return [
        f"{printable(ref)}: {word}" if ref in changed else f"{printable(ref)}: was so already"
        for ref in refs
    ]
