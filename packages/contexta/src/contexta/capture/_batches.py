"""Capture several emissions in one call, each with its own outcome."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contexta.capture._checks import shown
from contexta.capture.models import (
    ArtifactRegistrationEmission,
    EventEmission,
    MetricEmission,
    SpanEmission,
)
from contexta.capture.results import BatchCaptureResult, CaptureResult, PayloadFamily
from contexta.contract.errors import ContextaError, DispatchError, ValidationError


def emit_batch(
    scope: Any,
    service: str,
    model: type,
    emissions: Iterable[Any],
    *,
    family: PayloadFamily = PayloadFamily.RECORD,
) -> BatchCaptureResult:
    """Capture each item; a bad one becomes a FAILURE item and stops no other."""
    context = scope._target()
    results = []
    items: Any = emissions if isinstance(emissions, Iterable) else (emissions,)
    for item in (items,) if isinstance(items, Mapping | str | bytes) else items:
        try:
            results.append(_emit_one(scope, service, _as_emission(model, item)))
        except DispatchError:
            raise
        except ContextaError as error:
            if error.code not in _CALLERS_BUSINESS:
                scope._recorder.rejected(context, service, _name_of(item), error)
            results.append(
                CaptureResult.failure_result(family, error, metadata={"service": service})
            )
    return BatchCaptureResult.aggregate(
        family, results, metadata={"service": f"{service}_batch", "dispatch_pending": False}
    )


_CALLERS_BUSINESS = ("artifact_source_missing", "runtime_scope_closed")
"""Refusals that the caller reads from the result; all else is logged and recorded too."""


def _name_of(item: Any) -> str:
    if isinstance(item, Mapping):
        item = item.get("key", item.get("name", item.get("artifact_kind", item)))
    return item if isinstance(item, str) else shown(item)


def _as_emission(model: type, item: Any) -> Any:
    if isinstance(item, model):
        return item
    if not isinstance(item, Mapping):
        raise ValidationError(
            f"expected a {model.__name__} or a mapping, got {type(item).__name__}",
            code="capture_model_invalid_mapping",
            details={"type": type(item).__name__},
        )
    try:
        return model(**item)
    except TypeError as error:
        raise ValidationError(
            f"{model.__name__} cannot be built from keys {sorted(map(str, item))}: {error}",
            code="capture_model_invalid_mapping",
            cause=error,
        ) from error


def _emit_one(scope: Any, service: str, emission: Any) -> CaptureResult:
    from contexta.capture._ingest import register
    from contexta.capture._span import emit_span

    result: CaptureResult
    if service == "metric":
        result = scope._emit_metric(emission)
    elif service == "event":
        result = scope._recorder.event(scope._target(), emission)
    elif service == "span":
        result = emit_span(scope, emission)
    else:
        result = register(scope, emission)
    return result


class BatchEmitMixin:
    """Emit several things in one call."""

    __slots__ = ()

    def emit_events(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Capture events given as emissions or mappings; each has its own outcome."""
        return emit_batch(self, "event", EventEmission, emissions)

    def emit_metrics(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Capture metrics given as emissions or mappings; each has its own outcome."""
        return emit_batch(self, "metric", MetricEmission, emissions)

    def emit_spans(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Capture spans given as emissions or mappings; each has its own outcome."""
        return emit_batch(self, "span", SpanEmission, emissions)

    def register_artifacts(self, emissions: Iterable[Any]) -> BatchCaptureResult:
        """Register artifacts given as emissions or mappings; each has its own outcome."""
        return emit_batch(
            self,
            "artifact_registration",
            ArtifactRegistrationEmission,
            emissions,
            family=PayloadFamily.ARTIFACT,
        )
