"""Emit methods of facade and session: they go to the innermost active scope."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.capture._span import Span
    from contexta.capture.results import BatchCaptureResult, CaptureResult
    from contexta.contract.refs import StableRef
    from contexta.runtime._base import BaseScope


class EmitDelegates:
    """Capture into whatever scope is active in the current thread or task.

    Raises (every method):
        LifecycleError: `runtime_capture_requires_run` when none is active.
    """

    __slots__ = ()

    def _scope(self) -> BaseScope:
        raise NotImplementedError

    def metric(self, key: str, value: Any, **options: Any) -> CaptureResult:
        """Capture one number; options as in `RunScope.metric`."""
        return self._scope().metric(key, value, **options)

    def log(
        self,
        values: Mapping[str, Any],
        *,
        step: int | None = None,
        epoch: float | None = None,
        timestamp: str | datetime | None = None,
    ) -> BatchCaptureResult:
        """Capture several values of one step."""
        return self._scope().log(values, step=step, epoch=epoch, timestamp=timestamp)

    def event(
        self,
        key: str,
        *,
        message: str,
        level: str = "info",
        attributes: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> CaptureResult:
        """Capture something that happened."""
        return self._scope().event(
            key, message=message, level=level, attributes=attributes, tags=tags
        )

    def span(
        self,
        name: str,
        *,
        started_at: str | datetime | None = None,
        ended_at: str | datetime | None = None,
        status: str = "ok",
        span_kind: str = "operation",
        attributes: Mapping[str, Any] | None = None,
        linked_refs: Iterable[StableRef | str] | None = None,
        parent_span_id: str | None = None,
    ) -> Span:
        """Capture a stretch of time, or time a block or function."""
        return self._scope().span(
            name,
            started_at=started_at,
            ended_at=ended_at,
            status=status,
            span_kind=span_kind,
            attributes=attributes,
            linked_refs=linked_refs,
            parent_span_id=parent_span_id,
        )

    def degraded(
        self,
        issue_key: str,
        summary: str,
        *,
        category: str = "capture",
        severity: str = "warning",
        attributes: Mapping[str, Any] | None = None,
    ) -> CaptureResult:
        """Capture that something is missing or wrong."""
        return self._scope().degraded(
            issue_key, summary, category=category, severity=severity, attributes=attributes
        )

    def register_artifact(
        self,
        artifact_kind: str,
        path: str | os.PathLike[str],
        *,
        artifact_ref: StableRef | str | None = None,
        attributes: Mapping[str, Any] | None = None,
        compute_hash: bool = True,
        allow_missing: bool = False,
        mode: str | None = None,
        wait: bool = True,
    ) -> CaptureResult:
        """Copy a file or folder into the workspace."""
        return self._scope().register_artifact(
            artifact_kind,
            path,
            artifact_ref=artifact_ref,
            attributes=attributes,
            compute_hash=compute_hash,
            allow_missing=allow_missing,
            mode=mode,
            wait=wait,
        )

    def emit_events(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Capture several events."""
        return self._scope().emit_events(emissions)

    def emit_metrics(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Capture several metrics."""
        return self._scope().emit_metrics(emissions)

    def emit_spans(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Capture several spans."""
        return self._scope().emit_spans(emissions)

    def register_artifacts(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Register several artifacts."""
        return self._scope().register_artifacts(emissions)
