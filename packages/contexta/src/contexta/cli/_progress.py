"""Progress of long work, on stderr, for people only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contexta.cli._state import State
from contexta.cli._text import one_line


class Progress:
    """What a piece of work tells of itself; without a terminal, nothing is shown."""

    def __init__(self, bar: Any = None, task: Any = None) -> None:
        self._bar = bar
        self._task = task

    def advance(self, amount: float = 1) -> None:
        """Say that ``amount`` more is done."""
        if self._bar is not None:
            self._bar.advance(self._task, amount)

    def update(self, completed: float, total: float | None = None) -> None:
        """Say how much is done, of how much."""
        if self._bar is not None:
            self._bar.update(self._task, completed=completed, total=total)

    def describe(self, text: object) -> None:
        """Say what is done at the moment."""
        if self._bar is not None:
            from rich.markup import escape

            self._bar.update(self._task, description=escape(one_line(text, 60)))


@contextmanager
def progress(
    state: State, title: str, total: float | None = None, *, unit: str = "items"
) -> Iterator[Progress]:
    """Show a bar while the block runs, if stderr is a terminal and not ``--quiet``.

    Args:
        state: the options of the call.
        title: what is done.
        total: how much there is to do; ``None`` when nobody knows.
        unit: what is counted; ``bytes`` are shown in binary units.
    """
    if state.quiet or sys.stderr is None or not sys.stderr.isatty():
        yield Progress()
        return
    from rich import progress as bars
    from rich.console import Console

    count = bars.DownloadColumn(binary_units=True) if unit == "bytes" else bars.MofNCompleteColumn()
    console = Console(stderr=True, no_color=state.no_color or None)
    bar = bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        count,
        bars.TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        yield Progress(bar, bar.add_task(one_line(title, 60), total=total))
