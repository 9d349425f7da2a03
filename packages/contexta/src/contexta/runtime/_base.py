"""What all scopes share: place, lifetime, context and capture."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from contexta.capture._emit import EmitMixin
from contexta.capture._span import opening_order
from contexta.capture._status import close_status, exit_status
from contexta.common.results import ReadOnlyMapping, read_only
from contexta.contract.errors import ClosedScopeError, ContextaError, LifecycleError
from contexta.contract.time import iso_utc_now
from contexta.runtime._exceptions import tell_exception
from contexta.runtime._naming import NameTable

if TYPE_CHECKING:
    from contexta.runtime.session import RuntimeSession
    from contexta.store.records import SeriesContext


OPEN_ROOTS: set[BaseScope] = set()
"""Open runs and deployments: kept alive until closed, so that exit can close forgotten ones."""


class BaseScope(EmitMixin):
    """A named stretch of work that records belong to.

    Opening makes the scope active in the current thread or task; use it as a
    context manager, or call `close`. All methods work from any thread, task
    or forked worker. Closing closes the children, is idempotent, and never
    replaces the exception of the block.
    """

    __slots__ = (
        "__weakref__", "_append", "_children", "_component", "_context", "_floats", "_ints",
        "_lock", "_names", "_orders", "_pid", "_previous", "_recorder", "_root",
        "_session", "_spans", "closed_at", "display_name", "metadata",
        "name", "order", "order_index", "parent", "ref", "span_id", "started_at", "status",
    )  # fmt: skip
    scope_kind: ClassVar[str] = ""
    status: str
    closed_at: str | None

    def __init__(
        self,
        session: RuntimeSession,
        parent: BaseScope | None,
        *,
        ref: str,
        component: str,
        display_name: str,
        context: SeriesContext,
        metadata: Mapping[str, Any] | None = None,
        order_index: int = 0,
    ) -> None:
        self._session = session
        self._recorder = session.recorder
        self.parent = parent
        self._root: BaseScope = self if parent is None else parent._root
        # One lock per tree, so that closing a parent cannot deadlock with a child.
        self._lock: Any = threading.RLock() if parent is None else self._root._lock
        self.ref = ref
        self._component = component
        self.name = component
        self.display_name = display_name
        self._context = context
        self.metadata: ReadOnlyMapping = read_only(metadata)
        self.order_index = order_index
        self.order = next(opening_order)
        self.span_id: str | None = None
        self.started_at = iso_utc_now()
        self.closed_at = None
        self.status = "open"
        self._pid = os.getpid()
        self._children: dict[int, BaseScope] = {}
        self._names = NameTable()
        self._orders: dict[str, Iterator[int]] = {}
        self._spans: weakref.WeakSet[Any] = weakref.WeakSet()
        self._floats: dict[Any, tuple[Any, int]] = {}
        self._ints: dict[Any, tuple[Any, int]] = {}
        self._append: Any = None
        self._previous: Any = None

    # -- state -------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        """Whether the scope takes nothing any more."""
        return self.closed_at is not None

    def _target(self) -> SeriesContext:
        if self.closed_at is not None:
            self._raise_closed()
        return self._context

    def _raise_closed(self) -> None:
        raise ClosedScopeError(
            f"{self.scope_kind} {self.ref} was closed at {self.closed_at}; open a new one",
            code="runtime_scope_closed",
            details={"scope_kind": self.scope_kind, "ref": self.ref},
        )

    def _nearest_operation(self) -> Any:
        """Return the innermost operation scope around this one, itself included, or None."""
        return None if self.parent is None else self.parent._nearest_operation()

    # -- opening and closing ----------------------------------------------

    def _begin(self) -> None:
        """Enter the tree and become active in this context."""
        if self.parent is not None:
            with self._lock:
                self.parent._target()
                self.parent._children[id(self)] = self
        else:
            OPEN_ROOTS.add(self)
        self._previous = self._session.state.innermost()
        self._session.state.enter(self)
        self._session.live.add(self)

    def _next_order(self, kind: str) -> int:
        return next(self._orders.setdefault(kind, itertools.count()))

    def close(self, *, status: str = "completed") -> None:
        """Close the scope and its children; does nothing when it is closed.

        Args:
            status: `completed`, `failed` or `cancelled`.

        Raises:
            LifecycleError: another status.
        """
        final = close_status(status)
        if self.closed_at is None:
            self._close(final)

    def _close(self, status: str) -> None:
        if self.parent is None:
            # Joined outside the lock: background work captures into this scope.
            self._session.join_background(self)
        with self._lock:
            if self.closed_at is not None:
                return
            for child in list(self._children.values()):
                child._close(status)
            for span in members_of(self._spans):
                span._settle(status)
            self._before_close()
            # The wall clock may have been set back; an end never lies before its start.
            self.closed_at = max(self.started_at, iso_utc_now())
            self.status = status
            self._shut_fast()
            OPEN_ROOTS.discard(self)
            if self.parent is not None:
                self.parent._children.pop(id(self), None)
                self._owner_of_name()._names.release(self.scope_kind, self._component)
        self._persist_close()

    def _discard(self) -> None:
        """Leave the tree without a trace: opening failed."""
        with self._lock:
            self.closed_at, self.status = self.started_at, "failed"
            OPEN_ROOTS.discard(self)
            if self.parent is not None:
                self.parent._children.pop(id(self), None)
                self._owner_of_name()._names.release(self.scope_kind, self._component)

    def _owner_of_name(self) -> BaseScope:
        """Return the scope under which this one's name is unique."""
        return self._root

    def _before_close(self) -> None:
        """Do what needs the scope open for the last time."""

    def _persist_close(self) -> None:
        """Write the final state; failures are logged and retried, never raised."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.closed_at is not None:
            return
        status = exit_status(exc)
        try:
            if exc is not None and status == "failed":
                tell_exception(self, exc)
            self._close(status)
        except ContextaError:
            if exc is None:  # mode `raise`; the user's own exception always wins
                raise

    @contextmanager
    def attach(self) -> Iterator[Self]:
        """Make the scope active in the current thread or task for the block.

        Threads start without an active scope; attach the one to work for.

        Raises:
            ClosedScopeError: the scope is closed.
        """
        self._target()
        state = self._session.state
        outer = state.innermost()
        state.enter(self)
        try:
            yield self
        finally:
            state.enter(outer)

    # -- the fast path of metric() ----------------------------------------

    def _open_fast(self, append: Any, is_float: bool, name: Any, identity: int) -> None:
        with self._lock:
            if self.closed_at is not None or self._recorder.losses.pending:
                return
            if self._append != append:  # bound methods are equal, not identical
                # Series ids belong to one writer; another one starts a new table.
                self._floats, self._ints = {}, {}
                self._append = append
            (self._floats if is_float else self._ints)[name] = (append, identity)

    def _shut_fast(self) -> None:
        self._floats, self._ints = {}, {}
        self._append = None

    def _remember_span(self, span: Any) -> None:
        self._spans.add(span)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ref} {self.status}>"

    def __reduce__(self) -> Any:
        raise LifecycleError(
            f"{self.scope_kind} {self.ref} cannot be pickled or copied: it belongs to this "
            "process. Forked workers and threads use it as it is; in a spawned worker open the "
            "workspace and join the run with ctx.run(name, run_id=..., resume=True)",
            code="runtime_scope_not_picklable",
            details={"scope_kind": self.scope_kind, "ref": self.ref},
        )


def members_of(weak: weakref.WeakSet[Any]) -> list[Any]:
    """Return what a weak set holds now, while other threads may add to it.

    Iterating a WeakSet fails as soon as its size changes; copying the
    underlying set of references is one step of the interpreter.
    """
    found = [reference() for reference in vars(weak)["data"].copy()]
    return [item for item in found if item is not None]


def after_fork_in_child(scopes: list[BaseScope]) -> None:
    """Make inherited scopes usable in a forked child: fresh locks, no inherited writer."""
    for scope in scopes:
        if scope.parent is None:
            scope._lock = threading.RLock()
    for scope in scopes:
        scope._lock = scope._root._lock
        scope._shut_fast()
