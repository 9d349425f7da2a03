"""Capture: what happens in a run, on its way to the workspace and to sinks.

Scopes (`Contexta.run(...)` and what they open) have the emit methods. Each
returns a `CaptureResult`; none raises for a bad value or a failing disk,
unless `capture.dispatch_failure_mode` is `raise`. Using a closed scope raises
`ClosedScopeError`; sinks that fail leave their payload in the outbox.
`propagate` carries the active scope into worker threads.

Names load on first use: who only reads a workspace does not load what captures.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.capture._propagate import propagate
    from contexta.capture.dispatch import (
        CaptureDispatcher,
        dispatch_batch_capture_result,
        dispatch_capture_result,
    )
    from contexta.capture.models import (
        ArtifactRegistrationEmission,
        EventEmission,
        MetricEmission,
        SpanEmission,
    )
    from contexta.capture.results import (
        BatchCaptureResult,
        CaptureResult,
        Delivery,
        DeliveryStatus,
        PayloadFamily,
        ResultStatus,
    )
    from contexta.capture.sinks import (
        CompositeSink,
        InMemorySink,
        LocalJsonlSink,
        Sink,
        SinkCaptureReceipt,
        SinkCaptureRequest,
    )
    from contexta.runtime.scopes import OperationScope, RunScope, StageScope

__all__ = [
    "ArtifactRegistrationEmission",
    "BatchCaptureResult",
    "CaptureDispatcher",
    "CaptureResult",
    "CompositeSink",
    "Delivery",
    "DeliveryStatus",
    "EventEmission",
    "InMemorySink",
    "LocalJsonlSink",
    "MetricEmission",
    "OperationScope",
    "PayloadFamily",
    "ResultStatus",
    "RunScope",
    "Sink",
    "SinkCaptureReceipt",
    "SinkCaptureRequest",
    "SpanEmission",
    "StageScope",
    "dispatch_batch_capture_result",
    "dispatch_capture_result",
    "propagate",
]

_PARTS = {
    "capture._propagate": "propagate",
    "capture.dispatch": ("CaptureDispatcher dispatch_batch_capture_result dispatch_capture_result"),
    "capture.models": "ArtifactRegistrationEmission EventEmission MetricEmission SpanEmission",
    "capture.results": (
        "BatchCaptureResult CaptureResult Delivery DeliveryStatus PayloadFamily ResultStatus"
    ),
    "capture.sinks": (
        "CompositeSink InMemorySink LocalJsonlSink Sink SinkCaptureReceipt SinkCaptureRequest"
    ),
    "runtime.scopes": "OperationScope RunScope StageScope",
}
_HOME = {name: part for part, names in _PARTS.items() for name in names.split()}
_MODULES = ("artifacts", "dispatch", "models", "results", "sinks")


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"contexta.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
