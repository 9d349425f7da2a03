"""Scopes and the session that opens them. Internal: use `contexta` and `contexta.capture`.

The session loads on first use: who only reads a workspace does not load what captures.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.runtime.session import ActiveContext, ContextState, RuntimeSession

__all__ = ["ActiveContext", "ContextState", "RuntimeSession"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from contexta.runtime import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
