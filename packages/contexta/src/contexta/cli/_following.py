"""Show how far the work of another package is, with the callback that it offers."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contexta.cli._progress import progress
from contexta.cli._state import State
from contexta.cli._text import one_line

if TYPE_CHECKING:
    from contexta.recovery import Progress

_PHASES = {
    "compare": "comparing",
    "copy": "copying",
    "fetch": "fetching",
    "inspect": "looking",
    "pack": "packing",
    "read_back": "reading back",
    "send": "sending",
    "stage": "copying",
    "sync": "bringing to disk",
    "verify": "reading back",
}


@contextmanager
def following(state: State, title: str) -> Iterator["Callable[[Progress], None]"]:
    """Show a bar in bytes for the operations of `contexta.recovery`, if stderr is a terminal."""
    with progress(state, title, unit="bytes") as bar:

        def tell(now: "Progress") -> None:
            phase = _PHASES.get(now.phase, now.phase)
            bar.describe(f"{title}: {phase}" if phase else title)
            bar.update(now.done_bytes, now.total_bytes or None)

        yield tell


@contextmanager
def sweeping(state: State, title: str) -> Iterator[Callable[[Any], None]]:
    """Show a bar for a sweep of the artifact plane."""
    with progress(state, title, unit="bytes") as bar:
        yield lambda now: bar.update(now.done_bytes, now.total_bytes)


@contextmanager
def waiting(state: State, title: str) -> Iterator[None]:
    """Show that something is being done of which nobody knows how long it takes."""
    if state.quiet or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    console = Console(stderr=True, no_color=state.no_color or None)
    with console.status(one_line(title, 60)):
        yield
