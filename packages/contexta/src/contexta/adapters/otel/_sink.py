"""The OpenTelemetry sink."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contexta.adapters.otel._events import send_degraded, send_event
from contexta.adapters.otel._metrics import Instruments
from contexta.adapters.otel._scope import Scope
from contexta.adapters.otel._spans import send_span
from contexta.capture.results import PayloadFamily
from contexta.capture.sinks import BaseSink, SinkCaptureReceipt
from contexta.common.results import enum_member
from contexta.contract.models.records import (
    DegradedRecord,
    MetricRecord,
    StructuredEventRecord,
    TraceSpanRecord,
)


class OTelSink(BaseSink):
    """Send records to OpenTelemetry, with the times at which things happened.

    Spans keep their start, end, status, parent and trace. Trace ids of 32 hex digits and
    span ids of 16 are kept; others become a digest, which the attributes
    `contexta.trace_id` and `contexta.span_id` go with. A span of the program that is active
    during capture is linked. `linked_refs` become links with the attribute `contexta.ref`.

    Metrics become gauges: the last value counts. The metrics API takes no time, so a value
    carries the time of its export.

    Events and degraded records are added to the program's active span. Without one they
    become log records when `logger_provider` is given, else spans without duration.

    Receipts are degraded where nobody listens, or where something was left out. Calls may
    come from any thread.

    Args:
        service_name: name of the instrumentation scope.
        tracer_provider: default is the global one, looked up when it is first needed.
        meter_provider: default is the global one.
        name: shown in deliveries and logs.
        logger_provider: takes events without an active span as log records.
        histograms: keys of metrics to send as histograms, for example durations.
        metric_labels: attributes of metrics: `project`, `run_ref`, `stage`, `stage_ref`,
            `aggregation_scope`, `value_type`, or names of tags. Each distinct combination
            is a series that a back end keeps, so the default is only `stage`.
        max_series: label sets kept per metric.

    Raises:
        DependencyError: code `otel_api_not_ready`: the API is not installed.
        ValueError: `max_series` is no positive number.
    """

    def __init__(
        self,
        *,
        service_name: str = "contexta",
        tracer_provider: Any = None,
        meter_provider: Any = None,
        name: str = "otel",
        logger_provider: Any = None,
        histograms: Iterable[str] = (),
        metric_labels: Iterable[str] = ("stage",),
        max_series: int = 1_000,
    ) -> None:
        super().__init__(name=name, supported_families=(PayloadFamily.RECORD,))
        if max_series < 1:
            raise ValueError(f"max_series must be positive, got {max_series!r}")
        self._scope = Scope(service_name, tracer_provider, meter_provider, logger_provider)
        self._instruments = Instruments(self._scope, histograms, metric_labels, max_series)

    def capture(self, *, family: PayloadFamily | str, payload: Any) -> SinkCaptureReceipt:
        """Send one record; payloads of other kinds are left alone."""
        if enum_member(PayloadFamily, family) is PayloadFamily.RECORD:
            if isinstance(payload, TraceSpanRecord):
                return send_span(self._scope, payload)
            if isinstance(payload, MetricRecord):
                return self._instruments.send(payload)
            if isinstance(payload, StructuredEventRecord):
                return send_event(self._scope, payload)
            if isinstance(payload, DegradedRecord):
                return send_degraded(self._scope, payload)
        return SinkCaptureReceipt.success(detail="OpenTelemetry has no form for this payload")

    def flush(self, *, timeout_seconds: float = 30.0) -> bool:
        """Have the providers export what they hold; say whether they did in time."""
        return self._scope.flush(int(timeout_seconds * 1000))

    def close(self) -> None:
        """Flush. The providers belong to the program and stay up."""
        self.flush()

    def run_closed(self, run_ref: str, status: str, ended_at: str) -> None:
        """Flush when a run ends, so that its records arrive with it."""
        del run_ref, status, ended_at
        self.flush(timeout_seconds=5.0)
