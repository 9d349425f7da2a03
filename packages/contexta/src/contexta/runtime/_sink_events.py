"""Tell sinks that want to know about the lives of runs, beside the payloads that they take.

A sink may have any of these methods; none of them is required:

- `run_opened(run)`: a run was opened, joined or continued; `run` is its row.
- `params_logged(run_ref, params)` and `tags_set(run_ref, tags)`: what was set later, redacted.
- `run_closed(run_ref, status, ended_at)`: the run ended; everything before it was delivered.
- `flush()`: the program waits until what was captured has arrived.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from contexta.capture.dispatch import name_of
from contexta.capture.sinks import CompositeSink


def tell(session: Any, event: str, *arguments: Any) -> None:
    """Call the method `event` of each sink that has it; a failure is logged, never raised."""
    for sink in _all(session.dispatcher.sinks):
        method = getattr(sink, event, None)
        if method is None:
            continue
        try:
            method(*arguments)
        except Exception as error:
            session.recorder.log.write(
                f"sink:{name_of(sink)}:{event}",
                logging.ERROR,
                f"sink {name_of(sink)!r} failed in {event}: {type(error).__name__}: {error}",
            )


def _all(sinks: Iterable[Any]) -> Iterator[Any]:
    for sink in sinks:
        yield sink
        if isinstance(sink, CompositeSink):
            yield from _all(sink.sinks)
