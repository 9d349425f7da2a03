"""Hand payloads to the sinks, in order, and say what became of each.

A sink that raises, returns nothing or returns a FAILURE receipt has failed.
Only `Exception` is caught: Ctrl-C during a slow sink reaches the caller.
What happens next is `capture.dispatch_failure_mode`: `outbox` queues the
payload on disk for `contexta.recovery.replay_outbox`; `raise` raises
`DispatchError` when every sink that wanted the payload failed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from contexta._redaction import redactor_of
from contexta.capture._outbox import Outbox
from contexta.capture.results import (
    BatchCaptureResult,
    CaptureResult,
    Delivery,
    DeliveryStatus,
    PayloadFamily,
    ResultStatus,
)
from contexta.capture.sinks import LocalJsonlSink, Sink
from contexta.common.results import FailureInfo, enum_member
from contexta.contract.errors import ContextaError, DispatchError

if TYPE_CHECKING:
    from contexta._redaction import Redactor
    from contexta.config import UnifiedConfig

__all__ = ["CaptureDispatcher", "dispatch_batch_capture_result", "dispatch_capture_result"]

_log = logging.getLogger("contexta.capture")


@dataclass(slots=True)
class _Outcome:
    """What the sinks made of one payload."""

    deliveries: list[Delivery]
    reasons: list[str]
    warnings: list[str]
    replay_refs: list[str]
    outbox_errors: list[str]

    @property
    def eligible(self) -> list[Delivery]:
        return [item for item in self.deliveries if item.status is not DeliveryStatus.SKIPPED]

    @property
    def all_failed(self) -> bool:
        eligible = self.eligible
        return bool(eligible) and all(i.status is DeliveryStatus.FAILURE for i in eligible)


class CaptureDispatcher:
    """Deliver payloads to a fixed sequence of sinks.

    Args:
        config: read for retries, failure mode, outbox folder, and what is a secret.
        sinks: called in this order, from the caller's thread.
        redactor: in place of the one that `config` describes.
    """

    def __init__(
        self,
        config: UnifiedConfig,
        sinks: Iterable[Sink] = (),
        *,
        redactor: Redactor | None = None,
    ) -> None:
        self.config = config
        self.sinks: tuple[Sink, ...] = tuple(sinks)
        self.raises = config.capture.dispatch_failure_mode == "raise"
        outbox_root = config.recovery.outbox_root
        self._outbox = (
            None
            if outbox_root is None
            else Outbox(
                outbox_root,
                redactor=redactor or redactor_of(config.security),
                durable=config.capture.durability_mode == "fsync",
            )
        )

    @classmethod
    def with_default_local_sink(
        cls, *, config: UnifiedConfig, sinks: Iterable[Sink] | None = None
    ) -> Self:
        """Build a dispatcher; without `sinks` it gets one `LocalJsonlSink` in the cache."""
        if sinks is not None:
            return cls(config, sinks)
        return cls(config, (LocalJsonlSink(_cache_folder(config)),))

    def dispatch_capture(self, result: CaptureResult) -> CaptureResult:
        """Deliver the payload of `result` and return the combined outcome.

        A FAILURE input comes back untouched; existing deliveries are kept.

        Raises:
            DispatchError: mode `raise`, and every sink that wanted it failed.
        """
        if result.failed:
            return result
        outcome = self._deliver(result.family, result.payload)
        if outcome.all_failed and self.raises:
            raise _all_failed(result.family, outcome)
        return self._combine(result, outcome)

    def dispatch_after_loss(self, result: CaptureResult) -> CaptureResult:
        """Deliver the payload of a FAILURE result, whose status stays."""
        outcome = self._deliver(result.family, result.payload)
        return _changed(
            result,
            deliveries=result.deliveries + tuple(outcome.deliveries),
            recovered_to_outbox=bool(outcome.replay_refs),
            replay_refs=tuple(outcome.replay_refs),
        )

    def dispatch_batch(self, batch: BatchCaptureResult) -> BatchCaptureResult:
        """Deliver item by item and aggregate again."""
        results = [self.dispatch_capture(item) for item in batch.results]
        metadata = {**batch.metadata, "dispatch_pending": False}
        return BatchCaptureResult.aggregate(batch.family, results, metadata=metadata)

    def _deliver(self, family: PayloadFamily, payload: Any) -> _Outcome:
        outcome = _Outcome([], [], [], [], [])
        for sink in self.sinks:
            delivery = self._deliver_to(sink, family, payload)
            outcome.deliveries.append(delivery)
            if delivery.status is DeliveryStatus.DEGRADED:
                outcome.reasons.append(f"sink_degraded:{delivery.sink_name}")
            elif delivery.status is DeliveryStatus.FAILURE:
                self._handle_failure(outcome, delivery, payload)
        return outcome

    def _deliver_to(self, sink: Sink, family: PayloadFamily, payload: Any) -> Delivery:
        name = name_of(sink)
        attempts = 1 + max(0, self.config.capture.retry_attempts)
        failure = FailureInfo("unexpected_sink_error", "the sink was not called")
        for attempt in range(1, attempts + 1):
            try:
                if not sink.supports(family):
                    return Delivery(name, family, DeliveryStatus.SKIPPED, "family not supported")
                receipt = sink.capture(family=family, payload=payload)
                delivery = _delivery_of(name, family, receipt, attempt)
            except Exception as error:
                failure = _describe(error)
            else:
                if delivery.status is not DeliveryStatus.FAILURE:
                    return delivery
                failure = FailureInfo(
                    "sink_reported_failure", delivery.detail or "the sink said FAILURE"
                )
            if attempt < attempts:
                time.sleep(self.config.capture.retry_backoff_seconds * 2 ** (attempt - 1))
        metadata = {
            "error_code": failure.code,
            "error_type": failure.error_type,
            "retryable": failure.retryable,
            "attempts": attempts,
        }
        return Delivery(name, family, DeliveryStatus.FAILURE, failure.message, metadata)

    def _handle_failure(self, outcome: _Outcome, delivery: Delivery, payload: Any) -> None:
        name = delivery.sink_name
        if self.raises or self._outbox is None:
            outcome.reasons.append("capture_degraded")
            outcome.warnings.append(f"sink {name!r} failed: {delivery.detail}")
            return
        metadata = delivery.metadata or {}
        try:
            replay_ref = self._outbox.put(
                sink_name=name,
                family=delivery.family,
                payload=payload,
                error=delivery.detail,
                error_code=str(metadata.get("error_code")),
                attempts=int(metadata.get("attempts", 1)),
            )
        except (OSError, ContextaError) as error:
            outcome.reasons.append("outbox_unavailable")
            outcome.outbox_errors.append(str(error))
            outcome.warnings.append(f"sink {name!r} failed and the outbox too: {error}")
            return
        outcome.reasons.append("recovered_to_outbox")
        outcome.replay_refs.append(replay_ref)
        outcome.warnings.append(f"sink {name!r} failed; its payload waits in the outbox")

    def _combine(self, result: CaptureResult, outcome: _Outcome) -> CaptureResult:
        deliveries = result.deliveries + tuple(outcome.deliveries)
        reasons, warnings = list(outcome.reasons), list(outcome.warnings)
        if not deliveries:
            reasons.append("no_configured_sink")
            warnings.append("nothing keeps this payload: no local persistence and no sink")
        elif not result.deliveries and not outcome.eligible:
            reasons.append("no_eligible_sink")
            warnings.append(f"no sink takes {result.family.value} payloads")
        eligible = [item for item in deliveries if item.status is not DeliveryStatus.SKIPPED]
        counts = {
            f"{status.value.lower()}_delivery_count": sum(i.status is status for i in eligible)
            for status in (DeliveryStatus.SUCCESS, DeliveryStatus.DEGRADED, DeliveryStatus.FAILURE)
        }
        metadata = {
            **result.metadata,
            **counts,
            "delivery_count": len(deliveries),
            "dispatch_pending": False,
            "eligible_delivery_count": len(eligible),
        }
        if outcome.outbox_errors:
            metadata["outbox_errors"] = tuple(outcome.outbox_errors)
        reasons = list(dict.fromkeys((*result.degradation_reasons, *reasons)))
        degraded = bool(reasons) or result.degraded
        return _changed(
            result,
            status=ResultStatus.DEGRADED if degraded else ResultStatus.SUCCESS,
            deliveries=deliveries,
            degradation_reasons=tuple(reasons),
            warnings=tuple(dict.fromkeys((*result.warnings, *warnings))),
            recovered_to_outbox=bool(outcome.replay_refs),
            replay_refs=result.replay_refs + tuple(outcome.replay_refs),
            metadata=metadata,
        )


def name_of(sink: Any) -> str:
    try:
        return str(sink.name)
    except Exception:  # a sink without a name, or whose name fails, is known by its class
        return type(sink).__name__


def _delivery_of(name: str, family: PayloadFamily, receipt: Any, attempt: int) -> Delivery:
    """Read a receipt, which may be anything that a sink returned.

    Raises:
        ValueError: it is no receipt: nothing says that the payload was taken.
    """
    status = enum_member(DeliveryStatus, getattr(receipt, "status", None))
    if status is DeliveryStatus.SKIPPED:
        raise ValueError("the sink was called, so SKIPPED is no answer")
    given = getattr(receipt, "metadata", None)
    metadata = {str(key): given[key] for key in given} if isinstance(given, Mapping) else {}
    detail = str(getattr(receipt, "detail", ""))
    return Delivery(name, family, status, detail, {**metadata, "attempts": attempt})


def _describe(error: Exception) -> FailureInfo:
    try:
        return FailureInfo.from_exception(error)
    except Exception:  # its text or details fail; the type must do
        return FailureInfo("unexpected_error", type(error).__name__, False, type(error).__name__)


def _changed(result: CaptureResult, **changes: Any) -> CaptureResult:
    # Not dataclasses.replace: lazy results are built from other arguments.
    known = {item.name: getattr(result, item.name) for item in fields(CaptureResult)}
    return CaptureResult(**{**known, **changes})


def _cache_folder(config: UnifiedConfig) -> Any:
    cache = config.workspace.cache_path
    root = config.workspace.root_path
    return (root / "cache" if cache is None else cache) / "capture"


def _all_failed(family: PayloadFamily, outcome: _Outcome) -> DispatchError:
    failed = [f"{item.sink_name}: {item.detail}" for item in outcome.eligible]
    return DispatchError(
        f"all {len(failed)} sinks failed for {family.value}: {'; '.join(failed)}; "
        "use dispatch_failure_mode='outbox' to queue instead",
        code="dispatch_all_eligible_sinks_failed",
        details={"family": family.value, "failures": failed},
    )


def dispatch_capture_result(
    config: UnifiedConfig, result: CaptureResult, *, sinks: Iterable[Sink] | None = None
) -> CaptureResult:
    """Deliver one result; without `sinks` to a `LocalJsonlSink` in the cache."""
    return CaptureDispatcher.with_default_local_sink(config=config, sinks=sinks).dispatch_capture(
        result
    )


def dispatch_batch_capture_result(
    config: UnifiedConfig, batch: BatchCaptureResult, *, sinks: Iterable[Sink] | None = None
) -> BatchCaptureResult:
    """Deliver a batch item by item; without `sinks` to a `LocalJsonlSink` in the cache."""
    return CaptureDispatcher.with_default_local_sink(config=config, sinks=sinks).dispatch_batch(
        batch
    )
