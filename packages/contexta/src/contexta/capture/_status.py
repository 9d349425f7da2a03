"""Which final status an exception means."""

from __future__ import annotations

import sys

from contexta.contract.errors import LifecycleError

TERMINAL_STATUSES = ("completed", "failed", "cancelled")


def exit_status(exc: BaseException | None) -> str:
    """Return the status of a block that ended with `exc`.

    Ctrl-C, a cancelled task and a closed generator mean `cancelled`;
    `sys.exit()` and `sys.exit(0)` mean `completed`; all else `failed`.
    """
    if exc is None:
        return "completed"
    if isinstance(exc, SystemExit):
        return "completed" if exc.code in (None, 0) else "failed"
    if isinstance(exc, KeyboardInterrupt | GeneratorExit) or _is_cancelled(exc):
        return "cancelled"
    return "failed"


def _is_cancelled(exc: BaseException) -> bool:
    # asyncio costs tens of milliseconds to import; an exception of its kind has it loaded.
    module = sys.modules.get("asyncio.exceptions")
    return module is not None and isinstance(exc, module.CancelledError)


def close_status(status: object) -> str:
    """Return a status that a scope may be closed with, in normal form.

    Raises:
        LifecycleError: `runtime_invalid_value` or `runtime_invalid_close_status`.
    """
    if not isinstance(status, str):
        raise LifecycleError(
            f"status must be text, got {status!r}; use one of {', '.join(TERMINAL_STATUSES)}",
            code="runtime_invalid_value",
            details={"field_name": "status", "type": type(status).__name__},
        )
    name = status.strip().lower()
    if name not in TERMINAL_STATUSES:
        raise LifecycleError(
            f"a scope cannot be closed as {status!r}; use one of {', '.join(TERMINAL_STATUSES)}",
            code="runtime_invalid_close_status",
            details={"status": name, "allowed": TERMINAL_STATUSES},
        )
    return name
