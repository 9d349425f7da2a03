"""Scopes and the session that opens them. Internal: use `contexta` and `contexta.capture`."""

from contexta.runtime.session import ActiveContext, ContextState, RuntimeSession

__all__ = ["ActiveContext", "ContextState", "RuntimeSession"]
