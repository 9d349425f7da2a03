"""What the library logs while a command runs: warnings like those of the command line itself."""

import logging
from traceback import format_exception
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contexta.cli._state import State

_LOG = logging.getLogger("contexta")


class _Told(logging.Handler):
    """Shows each line as a warning, not with ``--quiet``; where it happened with ``--debug``."""

    def __init__(self, state: "State") -> None:
        super().__init__(logging.WARNING)
        self._state = state

    def emit(self, record: logging.LogRecord) -> None:
        """Show one line."""
        self._state.warn(record.getMessage())
        error = record.exc_info[1] if record.exc_info else None
        if self._state.debug and error is not None:
            for line in "".join(format_exception(error)).splitlines():
                self._state.warn(line)


def tell(state: "State") -> None:
    """Show what the library logs from now on, unless the program around has handlers itself."""
    if not _LOG.hasHandlers():
        _LOG.addHandler(_Told(state))


def tell_no_more() -> None:
    """Leave the log as it was found."""
    for handler in [one for one in _LOG.handlers if isinstance(one, _Told)]:
        _LOG.removeHandler(handler)
