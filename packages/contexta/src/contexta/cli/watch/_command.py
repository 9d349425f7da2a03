"""``contexta watch``: look at a run until it is over."""

import json
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._options import global_options
from contexta.cli._output import show_json, show_lines
from contexta.cli._state import State

if TYPE_CHECKING:
    from contexta.cli.watch._look import Watcher

_SHARE = 4.0
_FOOT = "Ctrl-C ends the view; the run goes on."


@click.command("watch")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look; rarer for runs that take long to read.",
)
@click.option("--once", is_flag=True, help="Look once.")
@global_options
@click.pass_obj
def watch(state: State, run_id: str | None, interval: float, once: bool) -> None:
    """Watch a run while it goes on.

    Shows its stages, last values with their curves, and events.  Without RUN the newest open
    run.  Ends with the run, or with Ctrl-C.  A pipe gets one line for each change, with
    --format json one JSON object a line.
    """
    from contexta.cli.watch._look import Watcher, newest_open

    ctx = state.open()
    chosen = run_id or newest_open(ctx)
    if chosen is None:
        raise click.UsageError("no run is open; name the RUN to look at")
    watcher = Watcher(ctx, chosen)
    if once:
        _once(state, watcher)
        return
    try:
        if sys.stdout.isatty() and state.form == "text":
            _live(state, watcher, interval)
        else:
            _plain(state, watcher, interval)
    except KeyboardInterrupt:
        return  # the way to end it, so no failure


def _once(state: State, watcher: "Watcher") -> None:
    look = watcher.look(curves=state.form == "text")
    if state.form == "text":
        from contexta.cli.watch._view import lines

        show_lines(lines(look, state.pen))
    elif state.form == "json":
        show_json(look)
    else:
        _plain(state, watcher, 0.0, once=True)


def _plain(state: State, watcher: "Watcher", interval: float, *, once: bool = False) -> None:
    """Print one line per change until the run is over."""
    from contexta.cli.watch._changes import changes, line_of

    before = None
    while True:
        look = watcher.look(curves=False)
        for change in changes(before, look):
            if state.form == "text":
                click.echo(line_of(change))
            else:
                click.echo(json.dumps(change, sort_keys=True, allow_nan=False))
        sys.stdout.flush()
        if once or look.over:
            return
        before = look
        _pause(watcher, interval)


def _live(state: State, watcher: "Watcher", interval: float) -> None:
    """Draw over the last drawing until the run is over; the last one stays."""
    from rich.console import Console
    from rich.live import Live

    from contexta.cli.watch._view import lines

    console = Console(no_color=not state.pen.color or None, highlight=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            look = watcher.look()
            width, height = console.size
            pen = replace(state.pen, width=max(width - 1, 40), now=time.time())
            drawn = lines(look, pen, height - 2)
            if not look.over:
                drawn += ["", pen.paint(_FOOT, "dim")]
            live.update(_text(drawn), refresh=True)
            if look.over:
                return
            _pause(watcher, interval)


def _text(drawn: list[str]) -> Any:
    from rich.text import Text

    # Lines are printable and colored by us already; rich only puts them in their place.
    text = Text.from_ansi("\n".join(drawn), no_wrap=True, overflow="crop", end="")
    text.append("\n")
    return text


def _pause(watcher: "Watcher", interval: float) -> None:
    """Wait; looking takes at most a fifth of the time."""
    time.sleep(max(interval, _SHARE * watcher.cost))
