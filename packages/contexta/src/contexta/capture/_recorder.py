"""Put records into the record plane and hand them to the sinks.

Nothing here raises into the caller's loop, unless
`capture.dispatch_failure_mode` is `raise`: a bad value becomes a degraded
record, a failing disk a loud log line, a counter, and a degraded record once
writing works again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contexta.capture import _build as build
from contexta.capture._checks import shown as check_shown
from contexta.capture._checks import storable
from contexta.capture._losses import Loss, LossLedger, RateLimitedLog
from contexta.capture._point import RecordResult, record_metadata, stored_metric
from contexta.capture.results import CaptureResult, Delivery, DeliveryStatus, PayloadFamily
from contexta.contract.errors import ContextaError, DispatchError, ValidationError
from contexta.contract.time import to_epoch_us

if TYPE_CHECKING:
    from contexta._redaction import Redactor
    from contexta.capture._ports import Planes
    from contexta.capture.dispatch import CaptureDispatcher
    from contexta.capture.models import EventEmission, MetricEmission
    from contexta.store.records import SeriesContext


_MOST_PLAIN = 10_000


def now_us() -> int:
    """Return the wall clock in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


class Recorder:
    """The one way of records from scopes to the record plane and the sinks.

    Args:
        planes: the truth planes, or None when local persistence is off.
        dispatcher: the sinks.
        redactor: applied to attributes and messages before anything is stored.
        on_trouble: called when the fast path must be left until writing works.
    """

    def __init__(
        self,
        *,
        planes: Planes | None,
        dispatcher: CaptureDispatcher,
        redactor: Redactor,
        durable: bool,
        on_trouble: Callable[[], None],
    ) -> None:
        self.dispatcher = dispatcher
        self.redactor = redactor
        self.log = RateLimitedLog()
        self.losses = LossLedger()
        self.planes = planes
        self._durable = durable
        self._on_trouble = on_trouble
        # Sinks and fsync need the slow path for every point.
        self.fast = planes is not None and not dispatcher.sinks and not durable
        self.plain_series: set[tuple[Any, type]] = set()
        """Names (a key, or one with a unit) and number types that took the fast path already."""

    def writer(self) -> Any:
        """Return the record writer of this process, or None without local persistence."""
        return None if self.planes is None else self.planes.records().writer()

    def remember_plain(self, name: Any, kind: type) -> None:
        """Remember a metric whose name needs no further check; a bounded number of them."""
        if len(self.plain_series) < _MOST_PLAIN:
            self.plain_series.add((name, kind))

    def after_fork(self) -> None:
        """Begin with fresh locks in a forked child; losses so far are the parent's."""
        self.log = RateLimitedLog()
        self.losses = LossLedger()

    # -- metric ------------------------------------------------------------

    def metric(
        self, context: SeriesContext, emission: MetricEmission, series: Callable[..., int]
    ) -> CaptureResult:
        """Store one checked point. `series` interns the series and returns its id."""
        observed = now_us() if emission.timestamp is None else to_epoch_us(emission.timestamp)
        point: dict[str, Any] = {
            "key": self.redactor.text(emission.key),
            "value": emission.value,
            "unit": None if emission.unit is None else self.redactor.text(emission.unit),
            "aggregation_scope": emission.aggregation_scope,
            "tags": self.redactor.mapping(dict(emission.tags or {})),
            "summary_basis": emission.summary_basis,
            "step": emission.step,
            "epoch": emission.epoch,
        }
        if self.planes is None:
            record = build.metric_record(context, None, observed, **point)
            return self.deliver(context, _pending("metric", record))
        try:
            writer = self.writer()
            identity = series(writer, point)
            sequence = writer.append_point(
                identity, observed, emission.value, emission.step, emission.epoch
            )
            if self._durable:
                self.planes.records().flush()
        except ValidationError as error:
            return self.rejected(context, "metric", emission.key, error)
        except (ContextaError, OSError) as error:
            record = build.metric_record(context, None, observed, **point)
            return self.lost(context, "metric", record, error)
        self._after_success()
        return self.deliver(context, stored_metric(context, sequence, observed, **point))

    # -- other records -----------------------------------------------------

    def event(self, context: SeriesContext, emission: EventEmission) -> CaptureResult:
        """Store one checked event. Non-empty tags become the attribute `tags`."""
        attributes = dict(emission.attributes or {})
        if emission.tags:
            # A caller's own `tags` attribute wins its name; ours moves aside.
            name = "tags" if "tags" not in attributes else "event_tags"
            attributes[name] = dict(emission.tags)
        try:
            record = build.event_record(
                context,
                now_us(),
                key=self.redactor.text(emission.key),
                message=self.redactor.text(emission.message),
                level=emission.level,
                attributes=self.redactor.mapping(attributes),
            )
        except ValidationError as error:
            return self.rejected(context, "event", emission.key, error)
        return self.record(context, "event", record)

    def degraded(
        self,
        context: SeriesContext,
        issue_key: str,
        summary: str,
        *,
        category: str = "capture",
        severity: str = "warning",
        attributes: Mapping[str, Any] | None = None,
        marker: str = "partial_failure",
    ) -> CaptureResult:
        """Store a record that says what is missing or wrong."""
        record = build.degraded_record(
            context,
            now_us(),
            issue_key=issue_key,
            summary=self.redactor.text(summary),
            category=category,
            severity=severity,
            attributes=self.redactor.mapping(dict(attributes or {})),
            marker=marker,
        )
        return self.record(context, "degraded", record)

    def degraded_quietly(self, context: SeriesContext, issue_key: str, summary: str) -> None:
        """Store a degraded record from a place that cannot raise; a failure is logged."""
        try:
            if context.run_ref:
                self.degraded(context, issue_key, storable(summary))
        except ContextaError as error:
            self.log.write(f"quiet:{issue_key}", logging.ERROR, f"not recorded: {error}")

    def record(self, context: SeriesContext, service: str, record: Any) -> CaptureResult:
        """Store one built record and hand it to the sinks."""
        if self.planes is None:
            return self.deliver(context, _pending(service, record))
        try:
            sequence = self.writer().append_record(record, durable=self._durable, derive_ref=True)
        except (ContextaError, OSError) as error:
            # A refused value is told from a failing plane; a degraded record is the last resort.
            if isinstance(error, ValidationError) and service != "degraded":
                return self.rejected(context, service, _name_of(record), error)
            return self.lost(context, service, record, error)
        self._after_success()
        return self.deliver(context, RecordResult(service, record, sequence))

    # -- trouble -----------------------------------------------------------

    def rejected(
        self, context: SeriesContext, service: str, name: object, error: ContextaError
    ) -> CaptureResult:
        """Record that a value could not be taken; the caller's loop goes on."""
        clean = self.redactor.text
        shown = clean(storable(name if isinstance(name, str) else check_shown(name)))[:80]
        why = clean(storable(error.message))[:1_000]
        reason = f"{service} {shown!r} was not stored as given: {why}"
        self.log.write(f"rejected:{service}:{shown}", logging.WARNING, reason)
        stored = self.degraded(
            context,
            f"capture.{service}_rejected",
            reason,
            severity="error",
            attributes={"name": shown, "reason": why, "code": error.code},
        )
        return CaptureResult.with_degradation(
            PayloadFamily.RECORD,
            payload=stored.payload,
            deliveries=stored.deliveries,
            degradation_reasons=(reason,),
            warnings=(reason,),
            degradation_emitted=not stored.failed,
            degradation_payload=None if stored.failed else stored.payload,
            applied=not stored.failed,
            metadata={"service": service, "rejected_key": shown, "code": error.code},
        )

    def lost(
        self, context: SeriesContext, service: str, payload: Any, error: Exception
    ) -> CaptureResult:
        """Count a payload that the local planes did not take, and say so loudly.

        Raises:
            DispatchError: mode `raise`.
        """
        self._on_trouble()
        reason = self.redactor.text(f"{type(error).__name__}: {error}")
        count = self.losses.note(context, now_us(), reason)
        self.log.write(
            f"lost:{context.run_ref}",
            logging.ERROR,
            f"capture lost {count} item(s) of {context.run_ref}: {reason}; "
            "the run goes on, a degraded record will follow once writing works",
        )
        family = PayloadFamily.ARTIFACT if service == "artifact_registration" else None
        failed = CaptureResult.failure_result(
            family or PayloadFamily.RECORD,
            error,
            payload=payload,
            deliveries=(
                Delivery("local", family or PayloadFamily.RECORD, DeliveryStatus.FAILURE, reason),
            ),
            metadata={"service": service, "dispatch_pending": False},
        )
        result = self.dispatcher.dispatch_after_loss(failed)
        if self.dispatcher.raises:
            raise DispatchError(
                f"{service} of {context.run_ref} was not stored: {reason}",
                code="capture_persistence_failed",
                details={"service": service, "result": result.to_dict()},
                retryable=bool(getattr(error, "retryable", False)),
                cause=error,
            ) from error
        return result

    def report_losses(self) -> None:
        """Write one degraded record per run that lost something; keep what fails."""
        if self.planes is None:
            return
        losses = self.losses.take()
        while losses:
            try:
                self._write_loss(losses[0])
            except (ContextaError, OSError) as error:
                self.losses.put_back(losses)
                self.log.write("loss-record", logging.ERROR, f"losses not recorded yet: {error}")
                return
            losses.pop(0)

    def _write_loss(self, loss: Loss) -> None:
        record = build.degraded_record(
            loss.context,
            now_us(),
            issue_key="capture.records_lost",
            summary=loss.summary,
            category="capture",
            severity="error",
            attributes={
                "count": loss.count,
                "first_us": loss.first_us,
                "last_us": loss.last_us,
                "reason": loss.reason,
            },
            marker="capture_gap",
        )
        self.writer().append_record(record, derive_ref=True)

    def _after_success(self) -> None:
        if self.losses.pending:
            self.report_losses()

    def deliver(self, context: SeriesContext, result: CaptureResult) -> CaptureResult:
        """Hand a built payload to the sinks; an outbox that fails is logged and recorded."""
        if not self.dispatcher.sinks and self.planes is not None:
            return result
        delivered = self.dispatcher.dispatch_capture(result)
        for error in delivered.metadata.get("outbox_errors", ()):
            self._outbox_failed(context, error)
        return delivered

    def _outbox_failed(self, context: SeriesContext, error: str) -> None:
        message = f"a failed delivery could not be queued in the outbox: {error}"
        self.log.write("outbox", logging.ERROR, message)
        if self.planes is None:
            return
        record = build.degraded_record(
            context,
            now_us(),
            issue_key="capture.outbox_unavailable",
            summary=self.redactor.text(message),
            category="capture",
            severity="error",
            attributes={},
            marker="partial_failure",
        )
        try:
            self.writer().append_record(record, derive_ref=True)
        except (ContextaError, OSError) as failure:
            self.log.write("outbox-record", logging.ERROR, f"nor recorded: {failure}")


def _name_of(record: Any) -> str:
    payload = record.payload
    return str(getattr(payload, "event_key", None) or getattr(payload, "span_name", ""))


def _pending(service: str, record: Any) -> CaptureResult:
    return CaptureResult.success(
        PayloadFamily.RECORD,
        payload=record,
        metadata=record_metadata(service, record, dispatch_pending=True),
    )
