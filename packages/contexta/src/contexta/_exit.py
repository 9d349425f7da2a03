"""Close the runs that a program left open when the interpreter exits."""

from __future__ import annotations

import atexit
import logging
import os
import sys

from contexta.capture._status import exit_status
from contexta.contract.errors import ContextaError

_log = logging.getLogger("contexta")


def close_runs_at_exit() -> None:
    """Have open runs closed at interpreter exit.

    Called when a run opens, so after the stores have registered their own exit
    functions: those run in reverse order, and the runs must end first. The
    stores then close themselves, without loading pyarrow that late.
    """
    atexit.unregister(_close_all)
    atexit.register(_close_all)


def _close_all() -> None:
    """Close with the status that the end of the program means."""
    from contexta.runtime._base import OPEN_ROOTS  # loaded by the first run, not by readers

    # Set by the interpreter when it printed an exception that nobody caught.
    status = exit_status(getattr(sys, "last_value", None))
    own = [root for root in list(OPEN_ROOTS) if root._pid == os.getpid()]  # noqa: SLF001 - as opened
    for session in {root._session for root in own}:  # noqa: SLF001 - as opened
        try:
            session.close_all(status)
        except ContextaError as error:
            _log.error("runs of %s were not closed cleanly: %s", session.project_name, error)
        if session.planes is not None:
            session.planes.join()
