"""Close what a program left open when the interpreter exits."""

from __future__ import annotations

import atexit
import logging
import sys
import weakref
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError
from contexta.runtime._status import exit_status

if TYPE_CHECKING:
    from contexta.client import Contexta

_log = logging.getLogger("contexta")
_open: weakref.WeakSet[Contexta] = weakref.WeakSet()


def close_at_exit(client: Contexta) -> None:
    """Have `client` closed at interpreter exit, unless it is gone by then."""
    if not _open:
        # Registered again by the first client: exit functions run in reverse order, and the
        # stores register theirs when they are loaded.
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    _open.add(client)


def _close_all() -> None:
    """Close with the status that the end of the program means."""
    # Set by the interpreter when it printed an exception that nobody caught.
    uncaught = getattr(sys, "last_value", None)
    for client in list(_open):
        try:
            client.close(status=exit_status(uncaught))
        except ContextaError as error:
            _log.error("workspace %s was not closed cleanly: %s", client.workspace, error)
