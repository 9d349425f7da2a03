"""Which scope is active in the current thread or task."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from contexta.contract.errors import LifecycleError

KINDS = ("run", "deployment", "stage", "batch", "sample", "operation")


@dataclass(frozen=True, slots=True)
class ActiveContext:
    """The active scope of each kind, innermost first; None where there is none."""

    run: Any = None
    deployment: Any = None
    stage: Any = None
    batch: Any = None
    sample: Any = None
    operation: Any = None


class ContextState:
    """The innermost active scope, one per thread or task.

    Closed scopes are skipped when reading, so that a scope closed elsewhere
    does not have to be removed from every context that inherited it.
    """

    __slots__ = ("_var",)

    def __init__(self) -> None:
        self._var: ContextVar[Any] = ContextVar("contexta_active_scope", default=None)

    def innermost(self) -> Any:
        """Return the innermost open scope of this context, or None."""
        scope = self._var.get()
        while scope is not None and scope.is_closed:
            scope = scope._previous
        return scope

    def enter(self, scope: Any) -> None:
        """Make `scope` the active one of this context."""
        self._var.set(scope)

    def active(self) -> ActiveContext:
        """Return the active scope of each kind."""
        found: dict[str, Any] = {}
        scope = self.innermost()
        while scope is not None:
            if not scope.is_closed:
                found.setdefault(scope.scope_kind, scope)
            scope = scope.parent
        return ActiveContext(**found)

    def require(self, kind: str) -> Any:
        """Return the active scope of `kind`.

        Raises:
            LifecycleError: `runtime_<kind>_required`.
        """
        scope = getattr(self.active(), kind)
        if scope is None:
            raise LifecycleError(
                f"no {kind} is active in this thread or task; open one, "
                f"or bring one here with scope.attach() or contexta.capture.propagate",
                code=f"runtime_{kind}_required",
            )
        return scope
