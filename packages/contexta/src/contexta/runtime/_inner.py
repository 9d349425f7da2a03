"""Scopes inside a run: stages, batches, samples and operations.

A ref says where a scope belongs by name: a stage to its run, a batch to its
stage, samples and operations to their batch or stage. Scopes opened inside
others of their kind are therefore siblings by ref; `parent` keeps who opened
whom, and operations carry it as linked spans.
"""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from contexta.capture._span import emit_span, new_span_id, parent_span_id
from contexta.capture.models import SpanEmission
from contexta.contract.errors import ContextaError
from contexta.contract.models.context import BatchExecution, SampleObservation, StageExecution
from contexta.runtime._base import BaseScope
from contexta.runtime._naming import check_explicit_ref, scope_name

S = TypeVar("S", bound="InnerScope")

_REF_KINDS = {"stage": "stage", "batch": "batch", "sample": "sample", "operation": "op"}
_CONTEXT_FIELDS = {
    "stage": "stage_execution_ref",
    "batch": "batch_execution_ref",
    "sample": "sample_observation_ref",
    "operation": "operation_context_ref",
}
_SPAN_STATUS = {"completed": "ok", "failed": "error", "cancelled": "cancelled"}


def open_inner(
    cls: type[S],
    opener: BaseScope,
    owner: BaseScope,
    name: str,
    *,
    explicit_ref: Any = None,
    metadata: Mapping[str, Any] | None = None,
    **extra: Any,
) -> S:
    """Open a scope of `cls` for `opener`, named under `owner`.

    Raises:
        ClosedScopeError: `opener` or `owner` is closed.
        LifecycleError: a name that is no text, or an explicit ref of another place.
    """
    kind = cls.scope_kind
    session = opener._session
    display = session.redactor.text(scope_name(f"{kind}_name", name))
    with opener._lock:
        opener._target()
        base = owner._target()
        component = owner._names.take(kind, display)
        ref = f"{_REF_KINDS[kind]}:{owner.ref.partition(':')[2]}.{component}"
        if opener.scope_kind in ("sample", "operation"):
            # What is done for a sample or inside an operation stays attributed to it.
            base = opener._context
        try:
            check_explicit_ref(f"{kind}_ref", explicit_ref, _REF_KINDS[kind], ref)
            scope = cls(
                session,
                opener,
                ref=ref,
                component=component,
                display_name=display,
                context=base._replace(**{_CONTEXT_FIELDS[kind]: ref}),
                metadata=session.clean_metadata(metadata),
                order_index=owner._next_order(kind),
                **extra,
            )
            scope._name_owner = owner
            # A row that the contract refuses is refused here, before the scope is in the tree.
            scope._row()
        except ContextaError:
            owner._names.release(kind, component)
            raise
    scope._begin()
    try:
        scope._persist_open()
    except ContextaError:  # mode `raise`
        scope._discard()
        raise
    return scope


class InnerScope(BaseScope):
    """A scope inside a run."""

    __slots__ = ("_first_started", "_name_owner")
    _name_owner: BaseScope

    def _owner_of_name(self) -> BaseScope:
        return self._name_owner

    @property
    def run_ref(self) -> str:
        """Ref of the run."""
        return str(self._context.run_ref)

    def sample(
        self,
        name: str,
        *,
        sample_ref: Any = None,
        retention_class: str | None = None,
        redaction_profile: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> SampleScope:
        """Open a sample: one observed item."""
        return open_inner(
            SampleScope,
            self,
            self._owner_of_inner(),
            name,
            explicit_ref=sample_ref,
            metadata=metadata,
            retention_class=retention_class,
            redaction_profile=redaction_profile,
        )

    def operation(
        self, name: str, *, operation_ref: Any = None, metadata: Mapping[str, Any] | None = None
    ) -> OperationScope:
        """Open an operation: a timed piece of work, stored as a span when it closes."""
        return open_inner(
            OperationScope,
            self,
            self._owner_of_inner(),
            name,
            explicit_ref=operation_ref,
            metadata=metadata,
        )

    def _owner_of_inner(self) -> BaseScope:
        """Return the scope that samples and operations opened here are named under."""
        return self

    def _row(self) -> Any:
        """Return the row of this scope in the metadata plane, or None if it has none."""
        return None

    def _persist_open(self) -> None:
        self._session.ledger.put(self.scope_kind, self._row())

    def _persist_close(self) -> None:
        if self._pid == os.getpid():  # a forked worker leaves; the row is its parent's
            self._session.ledger.put(self.scope_kind, self._row())

    def _common(self) -> dict[str, Any]:
        root: Any = self._root
        # A name that is opened again is one row: it starts with the first opening.
        started = root.first_started.setdefault(self.ref, self.started_at)
        return {
            "run_ref": self._context.run_ref,
            "status": self.status,
            "started_at": started,
            "ended_at": self.closed_at,
            "order_index": self.order_index,
            "display_name": self.display_name,
            "metadata": dict(self.metadata),
            "schema_version": self._context.schema_version,
        }


class StageScope(InnerScope):
    """A stage of a run, such as `train` or `evaluate`."""

    __slots__ = ()
    scope_kind: ClassVar[str] = "stage"

    def stage(
        self, name: str, *, stage_ref: Any = None, metadata: Mapping[str, Any] | None = None
    ) -> StageScope:
        """Open a stage inside this one; by ref both are stages of the run."""
        return open_inner(
            StageScope, self, self._root, name, explicit_ref=stage_ref, metadata=metadata
        )

    def batch(
        self, name: str, *, batch_ref: Any = None, metadata: Mapping[str, Any] | None = None
    ) -> BatchScope:
        """Open a batch of this stage."""
        return open_inner(BatchScope, self, self, name, explicit_ref=batch_ref, metadata=metadata)

    def _row(self) -> StageExecution:
        return StageExecution(
            stage_execution_ref=self.ref, stage_name=self._component, **self._common()
        )


class BatchScope(InnerScope):
    """A batch of a stage."""

    __slots__ = ()
    scope_kind: ClassVar[str] = "batch"

    def _row(self) -> BatchExecution:
        return BatchExecution(
            batch_execution_ref=self.ref,
            stage_execution_ref=self._context.stage_execution_ref,
            batch_name=self._component,
            **self._common(),
        )


class _Leaf(InnerScope):
    """A sample or operation; what it opens is named under its batch or stage."""

    __slots__ = ()

    @property
    def observed_at(self) -> str:
        """When it was observed: when it was opened."""
        return self.started_at

    def _owner_of_inner(self) -> BaseScope:
        return self._name_owner


class SampleScope(_Leaf):
    """One observed item of a stage or batch."""

    __slots__ = ("redaction_profile", "retention_class")
    scope_kind: ClassVar[str] = "sample"

    def __init__(
        self,
        *args: Any,
        retention_class: str | None = None,
        redaction_profile: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        clean = self._session.redactor.value
        self.retention_class = clean(retention_class)
        self.redaction_profile = clean(redaction_profile)

    def _row(self) -> SampleObservation:
        return SampleObservation(
            sample_observation_ref=self.ref,
            run_ref=self._context.run_ref,
            stage_execution_ref=self._context.stage_execution_ref,
            batch_execution_ref=self._context.batch_execution_ref,
            sample_name=self._component,
            observed_at=self.started_at,
            retention_class=self.retention_class,
            redaction_profile=self.redaction_profile,
            display_name=self.display_name,
            metadata=dict(self.metadata),
            schema_version=self._context.schema_version,
        )

    def _persist_close(self) -> None:
        """A sample is a point in time: its row is whole since it was opened."""


class OperationScope(_Leaf):
    """A timed piece of work. It has no row; closing stores it as a span."""

    __slots__ = ("_closing_status", "_parent_span")
    scope_kind: ClassVar[str] = "operation"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.span_id = new_span_id()
        self._parent_span = parent_span_id(self.parent)
        self._closing_status = "completed"

    def _nearest_operation(self) -> Any:
        return self

    def _persist_open(self) -> None:
        """The span is written when its end is known."""

    def _close(self, status: str) -> None:
        with self._lock:
            if self.closed_at is None:
                self._closing_status = status
        super()._close(status)

    def _before_close(self) -> None:
        if self._pid != os.getpid():
            return  # the operation goes on in the process that opened it
        emission = SpanEmission(
            self.display_name,
            self.started_at,
            max(self.started_at, _now()),
            _SPAN_STATUS[self._closing_status],
            attributes=dict(self.metadata),
        )
        emit_span(self, emission, span_id=self.span_id, parent=self._parent_span)

    def _persist_close(self) -> None:
        """The span is the operation's only trace."""


def _now() -> str:
    from contexta.contract.time import iso_utc_now

    return iso_utc_now()
