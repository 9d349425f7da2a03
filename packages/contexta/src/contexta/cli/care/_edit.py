"""``contexta tag`` and ``contexta rename``: change what people call a run."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._confirm import require_document
from contexta.cli._draw import facts
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli._text import printable
from contexta.contract.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.contract import Run

_TRIES = 5


@click.command("tag")
@click.argument("run_id", metavar="RUN")
@click.argument("pairs", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--remove", metavar="KEY", multiple=True, help="Take this tag away.  Repeatable.")
@global_options
@click.pass_obj
def tag(state: State, run_id: str, pairs: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Set or remove tags of a run; without any, show them."""
    require_document(state)
    wanted = dict(_pair(text) for text in pairs)
    both = sorted(set(wanted) & set(remove))
    if both:
        raise click.UsageError(f"set or removed, not both: {', '.join(both)}")
    changes = bool(wanted or remove)
    ctx = state.open(write=changes)
    ref = ctx.query_service.require_run(run_id).run_id
    if not changes:
        tags = dict(ctx.metadata_store.runs.get_run(ref).tags)
    else:
        tags = dict(_changed(ctx, ref, lambda run: {"tags": _tags(run, wanted, remove)}).tags)
    result = {"run_id": ref, "tags": tags}
    show(state, result, lambda: facts(sorted(tags.items()), state.pen) if tags else ["no tags"])


@click.command("rename")
@click.argument("run_id", metavar="RUN")
@click.argument("name", metavar="NAME")
@global_options
@click.pass_obj
def rename(state: State, run_id: str, name: str) -> None:
    """Give a run another name. Its id stays, and so does what refers to it."""
    require_document(state)
    if not name.strip():
        raise click.UsageError("NAME is blank; a name has at least one visible character")
    ctx = state.open(write=True)
    ref = ctx.query_service.require_run(run_id).run_id
    before = ctx.metadata_store.runs.get_run(ref).name
    run = _changed(ctx, ref, lambda _run: {"name": name})
    result = {"run_id": ref, "name": run.name, "former_name": before}
    show(
        state,
        result,
        lambda: [f"{printable(ref)}: {printable(before)} -> {printable(run.name)}"],
    )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"{text!r} is no tag; write KEY=VALUE")
    return key.strip(), value


def _tags(run: "Run", wanted: dict[str, str], remove: Sequence[str]) -> dict[str, str]:
    missing = [key for key in remove if key not in run.tags]
    if missing:
        raise NotFoundError(
            f"{run.run_ref} has no tag {', '.join(missing)}; it has "
            f"{', '.join(sorted(run.tags)) or 'none'}",
            code="tag_not_found",
            details={"tags": missing, "known": sorted(run.tags)},
        )
    kept = {key: value for key, value in run.tags.items() if key not in remove}
    return kept | wanted


def _changed(ctx: "Contexta", ref: str, change: Callable[["Run"], dict[str, Any]]) -> "Run":
    """Change a run as it is now; whoever changes it at the same time loses nothing."""
    runs = ctx.metadata_store.runs
    for left in reversed(range(_TRIES)):
        revision = runs.get_revision(ref)
        run = runs.get_run(ref)
        changed = type(run).model_validate({**run.to_dict(), **change(run)})
        try:
            return runs.put_run(changed, expected_revision=revision)
        except ConflictError:
            if not left:
                raise
    raise AssertionError  # the last try returns or raises
