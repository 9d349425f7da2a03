"""Spans: timed blocks, decorated functions, and spans with given times."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

import functools
import inspect
import itertools
import os
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from contexta.capture import _build as build
from contexta.capture._checks import shown, storable
from contexta.capture._ids import random_hex
from contexta.capture._point import LazyResult
from contexta.capture._recorder import now_us
from contexta.capture._status import exit_status
from contexta.capture.models import SpanEmission
from contexta.capture.results import CaptureResult
from contexta.contract.coerce import coerce_json
from contexta.contract.errors import ContextaError, LifecycleError, ValidationError
from contexta.contract.models.records import TraceSpanPayload
from contexta.contract.time import from_epoch_us, to_epoch_us

_AROUND = "\0around"

F = TypeVar("F", bound=Callable[..., Any])

opening_order = itertools.count(1)
"""Tells which of a span and an operation scope was opened later."""

_active: ContextVar[Span | None] = ContextVar("contexta_active_span", default=None)


def new_span_id() -> str:
    """Return a fresh span id."""
    return f"span-{random_hex(6)}"


def parent_span_id(scope: Any) -> str | None:
    """Return the id of the innermost open span or operation around the caller in `scope`."""
    span = _active.get()
    while span is not None and (span._state.done or span._state.root is not scope._root):
        span = span._state.outer
    operation = scope._nearest_operation()
    if span is None:
        return None if operation is None else str(operation.span_id)
    if operation is not None and operation.order > span._state.order:
        return str(operation.span_id)
    return str(span._state.span_id)


def emit_span(
    scope: Any,
    emission: SpanEmission,
    *,
    span_id: str | None = None,
    parent: str | None = _AROUND,
    attributes: dict[str, Any] | None = None,
) -> CaptureResult:
    """Store a span with the times of `emission`; missing ones mean now.

    `parent` is the parent's span id or None; by default the span around the caller.
    """
    context = scope._target()
    now = now_us()
    started = now if emission.started_at is None else to_epoch_us(emission.started_at)
    ended = started if emission.ended_at is None else to_epoch_us(emission.ended_at)
    redactor = scope._recorder.redactor
    try:
        payload = TraceSpanPayload(
            span_id=span_id or new_span_id(),
            trace_id=context.trace_id or f"trace-{random_hex(8)}",
            parent_span_id=redactor.text(emission.parent_span_id)
            if emission.parent_span_id
            else (parent_span_id(scope) if parent == _AROUND else parent),
            span_name=redactor.text(emission.name),
            started_at=from_epoch_us(started),
            ended_at=from_epoch_us(max(started, ended)),
            status=emission.status,
            span_kind=emission.span_kind,
            attributes=redactor.mapping(
                {**(emission.attributes or {}), **_plain(attributes or {})}
            ),
            linked_refs=emission.linked_refs,
        )
        record = build.span_record(context, now, started_us=started, payload=payload)
    except ValidationError as error:
        rejected: CaptureResult = scope._recorder.rejected(context, "span", emission.name, error)
        return rejected
    result: CaptureResult = scope._recorder.record(context, "span", record)
    return result


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return late attributes as JSON data; what has no such form is shown as text.

    Conversion comes before redaction, which sees into plain data only.
    """
    plain = {}
    for key, value in attributes.items():
        try:
            plain[storable(key)] = coerce_json(value)
        except ContextaError:
            plain[storable(key)] = storable(value if isinstance(value, str) else shown(value))
    return plain


class _State:
    """What a span knows while it runs."""

    __slots__ = (
        "attributes", "clock", "done", "emission", "entered", "finish", "name", "order", "outer",
        "parent", "pid", "result", "root", "scope", "span_id", "started_us", "token",
    )  # fmt: skip

    def __init__(self, scope: Any, name: Any, emission: SpanEmission | ContextaError) -> None:
        self.scope = scope
        self.root = scope._root
        self.name = name
        self.emission = emission
        self.attributes: dict[str, Any] = {}
        self.span_id = new_span_id()
        self.parent = parent_span_id(scope)
        self.outer = _active.get()
        self.order = next(opening_order)
        self.started_us = now_us()
        self.clock = 0
        self.entered = False
        self.done = False
        self.pid = os.getpid()
        self.result: CaptureResult | None = None
        self.token: Any = None

    def emit(self, status: str | None, ended_us: int) -> CaptureResult:
        """Store the span once; later calls return the first outcome."""
        if self.result is not None:
            return self.result
        self.done = True
        emission = self.emission
        recorder = self.scope._recorder
        if isinstance(emission, ContextaError):
            self.result = recorder.rejected(self.scope._context, "span", self.name, emission)
            return self.result
        started = (
            self.started_us if emission.started_at is None else to_epoch_us(emission.started_at)
        )
        ended = ended_us if emission.ended_at is None else to_epoch_us(emission.ended_at)
        finished = SpanEmission(
            emission.name,
            from_epoch_us(started),
            from_epoch_us(max(started, ended)),
            status or emission.status,
            emission.span_kind,
            emission.attributes,
            emission.linked_refs,
            emission.parent_span_id,
        )
        self.result = emit_span(
            self.scope,
            finished,
            span_id=self.span_id,
            parent=self.parent,
            attributes=self.attributes,
        )
        return self.result


class Span(LazyResult):
    """A span to enter, to decorate with, or to read as a `CaptureResult`.

    Entering times the block; leaving stores the span with status `ok`,
    `error`, `cancelled` or `timeout` after how the block ended. Without
    entering, the span is stored as given: when a field of the result is read,
    or as soon as nobody holds this object.
    """

    __slots__ = ("__weakref__", "_state")

    def __init__(
        self, scope: Any, context: Any, name: Any, emission: SpanEmission | ContextaError
    ) -> None:
        del context
        object.__setattr__(self, "_state", _State(scope, name, emission))
        scope._remember_span(self)

    @property
    def span_id(self) -> str:
        """Id of this span; children carry it as `parent_span_id`."""
        return str(self._state.span_id)

    def set_attributes(self, **attributes: Any) -> None:
        """Add attributes; they are stored when the span ends."""
        self._state.attributes.update(attributes)

    def __enter__(self) -> Self:
        state = self._state
        if state.entered or state.result is not None:
            raise LifecycleError(
                f"span {state.name!r} was entered or captured already; call span() again",
                code="capture_span_reentered",
            )
        state.entered = True
        state.outer = _active.get()
        state.parent = parent_span_id(state.scope)
        state.order = next(opening_order)
        state.started_us = now_us()
        state.clock = time.perf_counter_ns()
        state.token = _active.set(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        state = self._state
        # A monotonic clock measures the duration; the wall clock may step back meanwhile.
        ended = state.started_us + (time.perf_counter_ns() - state.clock) // 1000
        state.done = True
        if _active.get() is self:
            _active.set(state.outer)
        if exc is not None:
            state.attributes.setdefault("error.type", type(exc).__name__)
            state.attributes.setdefault("error.message", _message_of(exc))
        if state.pid != os.getpid():
            return  # a forked worker leaves the block; the span ends in its parent
        try:
            state.emit(None if exc is None else _status_of(exc), ended)
        except ContextaError:
            if exc is None:
                raise  # the scope was closed inside the block, or mode `raise`

    def __call__(self, function: F) -> F:
        """Decorate `function`: each call is timed as a span of its own."""
        state = self._state
        state.done = True
        state.result = _DECORATOR

        def fresh() -> Span:
            return Span(state.scope, None, state.name, state.emission)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed_async(*args: Any, **kwargs: Any) -> Any:
                with fresh():
                    return await function(*args, **kwargs)

            return cast("F", timed_async)

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with fresh():
                return function(*args, **kwargs)

        return cast("F", timed)

    def _resolve(self) -> CaptureResult:
        state: _State = self._state
        if state.entered and not state.done:
            raise LifecycleError(
                f"span {state.name!r} is still open; read its result after the block",
                code="capture_span_still_open",
            )
        return state.emit(None, state.started_us)

    def _settle(self, closing: str | None = None) -> None:
        """Store a span that was called plainly and never read.

        `closing` is the status that its scope closes with: then a span that is
        still running, in another thread or task, ends here too.
        """
        state: _State = self._state
        if state.result is not None or state.pid != os.getpid():
            return
        if not state.entered:
            state.emit(None, state.started_us)
        elif closing is not None:
            ended = state.started_us + (time.perf_counter_ns() - state.clock) // 1000
            state.emit(_CLOSED_AS[closing], ended)

    def __del__(self) -> None:
        try:
            self._settle()
        except (ContextaError, AttributeError, TypeError):
            # Closed scopes settle their spans before; at interpreter exit modules may be gone.
            return

    def __repr__(self) -> str:
        return f"<Span {self._state.name!r}>"


_CLOSED_AS = {"completed": "ok", "failed": "error", "cancelled": "cancelled"}

_DECORATOR = CaptureResult.success(applied=False, metadata={"service": "span"})


def _message_of(exc: BaseException) -> str:
    try:
        return str(exc)[:1000]
    except Exception:  # a user's __str__ may do anything; it must not replace the exception
        return ""


def _status_of(exc: BaseException) -> str:
    if isinstance(exc, TimeoutError):
        return "timeout"
    return {"cancelled": "cancelled", "completed": "ok"}.get(exit_status(exc), "error")
