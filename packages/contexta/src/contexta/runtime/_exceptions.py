"""Write down the exception that ended a scope."""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.runtime._base import BaseScope

EVENT_KEY = "exception"
# Marked on the exception itself: its id may be that of the next one, and keeping it would
# keep every frame of the loop.
_TOLD = "_contexta_told"
_FRAMES = 8
_MAX_TEXT = 8_000


def tell_exception(scope: BaseScope, exc: BaseException) -> None:
    """Store an error event with type, message and the last frames, once for each exception.

    The scope nearest to it tells; the ones around it see the same exception pass and do not.
    What is told goes through the redactor like every event.

    Raises:
        ContextaError: mode `raise`, when the event could not be stored.
    """
    if getattr(exc, _TOLD, False):
        return
    with suppress(AttributeError, TypeError):  # a class may forbid it; it is then told twice
        setattr(exc, _TOLD, True)
    kind = type(exc).__qualname__
    try:
        message = str(exc)
    except Exception:  # a user's __str__ may do anything; the type alone is still told
        message = ""
    frames = traceback.format_exception(type(exc), exc, exc.__traceback__, limit=-_FRAMES)
    scope.event(
        EVENT_KEY,
        message=f"{kind}: {message}"[:_MAX_TEXT] if message else kind,
        level="error",
        attributes={
            "type": kind,
            "module": type(exc).__module__,
            "message": message[:_MAX_TEXT],
            "traceback": "".join(frames)[-_MAX_TEXT:],
        },
    )
