"""Keep a number when only what was said about it cannot be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contexta.capture.models import MetricEmission
from contexta.capture.results import CaptureResult
from contexta.contract.errors import ContextaError

_ESSENTIAL = frozenset({"key", "value"})


def without_bad_parts(
    key: Any, value: Any, said: dict[str, Any], error: ContextaError
) -> MetricEmission | None:
    """Return the emission without the parts that `error` names; None when the number is bad."""
    problems = (error.details or {}).get("problems", ())
    bad = {str(problem["field_name"]).partition(".")[0] for problem in problems}
    if not bad or bad & _ESSENTIAL:
        return None
    kept = {name: part for name, part in said.items() if name not in bad and part is not None}
    try:
        return MetricEmission(key, value, **kept)
    except ContextaError:
        return None  # the parts were bad in more ways than were named


def degraded_result(stored: CaptureResult, tell: Callable[[], CaptureResult]) -> CaptureResult:
    """Return the stored point as a degraded result, after the loss was told."""
    if stored.failed:
        return stored
    told = tell()
    return CaptureResult.with_degradation(
        stored.family,
        payload=stored.payload,
        deliveries=stored.deliveries,
        warnings=told.warnings,
        degradation_reasons=told.degradation_reasons,
        degradation_emitted=told.degradation_emitted,
        degradation_payload=told.degradation_payload,
        metadata=stored.metadata,
    )
