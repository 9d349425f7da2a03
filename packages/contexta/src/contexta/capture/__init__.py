"""Capture: what happens in a run, on its way to the workspace and to sinks.

Scopes (`Contexta.run(...)` and what they open) have the emit methods. Each
returns a `CaptureResult`; none raises for a bad value or a failing disk,
unless `capture.dispatch_failure_mode` is `raise`. Using a closed scope raises
`ClosedScopeError`; sinks that fail leave their payload in the outbox.
`propagate` carries the active scope into worker threads.
"""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
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

_SCOPES = ("OperationScope", "RunScope", "StageScope")


def __getattr__(name: str) -> Any:
    """Load the scope classes on first use: they import this package themselves."""
    if name in _SCOPES:
        from contexta.runtime import scopes

        return getattr(scopes, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
