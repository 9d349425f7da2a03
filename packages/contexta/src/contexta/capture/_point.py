"""The result of the fast metric call, which builds its details only when asked."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from contexta.capture._build import metric_record, with_ref
from contexta.capture.results import (
    BatchCaptureResult,
    CaptureResult,
    Delivery,
    DeliveryStatus,
    PayloadFamily,
)

if TYPE_CHECKING:
    from contexta.store.records import SeriesContext


class LazyResult(CaptureResult):
    """A `CaptureResult` whose fields are computed on first access.

    The fields are slots that stay unset; reading an unset slot lands in
    `__getattr__`, which fills all of them at once.
    """

    __slots__ = ("_seed",)

    def __init__(self, *seed: Any) -> None:
        _set_seed(self, seed)

    def _resolve(self) -> CaptureResult:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name not in _RESULT_FIELDS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        _copy_fields(self, self._resolve(), _RESULT_FIELDS)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CaptureResult):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> Any:
        values = tuple(getattr(self, name) for name in _RESULT_FIELDS)
        return (_rebuild, (dict(zip(_RESULT_FIELDS, values, strict=True)),))


def _rebuild(values: dict[str, Any]) -> CaptureResult:
    return CaptureResult(**values)


def _copy_fields(target: object, source: object, names: tuple[str, ...]) -> None:
    for name in names:
        object.__setattr__(target, name, getattr(source, name))


_set_seed = LazyResult.__dict__["_seed"].__set__
_RESULT_FIELDS = tuple(item.name for item in fields(CaptureResult))


class PointResult(LazyResult):
    """Outcome of one stored point: context, key, value, unit, step, epoch, time, sequence."""

    __slots__ = ()

    def __repr__(self) -> str:
        _, key, value, _, step, _, _, _ = self._seed
        return f"<stored {key}={value!r}{'' if step is None else f' at step {step}'}>"

    def _resolve(self) -> CaptureResult:
        context, key, value, unit, step, epoch, observed_us, sequence = self._seed
        return stored_metric(
            context,
            sequence,
            observed_us,
            key=key,
            value=value,
            unit=unit,
            aggregation_scope="step",
            tags={},
            summary_basis="raw_observation",
            step=step,
            epoch=epoch,
        )


def stored_metric(
    context: SeriesContext, sequence: int, observed_us: int, **point: Any
) -> CaptureResult:
    """Return the SUCCESS result of a point in the record plane."""
    record = metric_record(context, sequence, observed_us, **point)
    return _stored("metric", record, sequence)


def _stored(service: str, record: Any, sequence: int) -> CaptureResult:
    return CaptureResult.success(
        PayloadFamily.RECORD,
        payload=record,
        deliveries=(LOCAL_DELIVERY,),
        metadata=record_metadata(
            service, record, dispatch_pending=False, sequence=sequence, **LOCAL_COUNTS
        ),
    )


def record_metadata(service: str, record: Any, **more: Any) -> dict[str, Any]:
    """Return what a result says about the record that it carries."""
    return {
        "service": service,
        "record_ref": str(record.envelope.record_ref),
        "record_type": record.envelope.record_type,
        **more,
    }


class RecordResult(LazyResult):
    """Outcome of one stored event, span or degraded record: service, record, sequence."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<stored {self._seed[0]}>"

    def _resolve(self) -> CaptureResult:
        service, record, sequence = self._seed
        return _stored(service, with_ref(record, sequence), sequence)


LOCAL_COUNTS = {
    "delivery_count": 1,
    "eligible_delivery_count": 1,
    "success_delivery_count": 1,
    "degraded_delivery_count": 0,
    "failure_delivery_count": 0,
}
"""What a dispatcher counts, for a record that only the workspace takes."""

LOCAL_DELIVERY = Delivery("local", PayloadFamily.RECORD, DeliveryStatus.SUCCESS)


class LazyBatch(BatchCaptureResult):
    """A batch result that is aggregated on first access."""

    __slots__ = ("_seed",)

    def __init__(self, results: tuple[CaptureResult, ...]) -> None:
        object.__setattr__(self, "_seed", results)

    def __getattr__(self, name: str) -> Any:
        if name not in _BATCH_FIELDS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        whole = BatchCaptureResult.aggregate(
            PayloadFamily.RECORD,
            self._seed,
            metadata={"service": "metric_batch", "dispatch_pending": False},
        )
        _copy_fields(self, whole, _BATCH_FIELDS)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BatchCaptureResult):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        more = ", …" if len(self._seed) > 3 else ""
        return f"<{len(self._seed)} results: {', '.join(map(repr, self._seed[:3]))}{more}>"

    def __reduce__(self) -> Any:
        values = {name: getattr(self, name) for name in _BATCH_FIELDS}
        return (_rebuild_batch, (values,))


def _rebuild_batch(values: dict[str, Any]) -> BatchCaptureResult:
    return BatchCaptureResult(**values)


_BATCH_FIELDS = tuple(item.name for item in fields(BatchCaptureResult))
