"""Routes of curves: points by step, gaps as null with a list of what stood there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.web._payloads import nonfinite_name, to_jsonable

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import StepSeries
    from contexta.web._params import Params

_POINTS, _MOST_POINTS = 2000, 100_000
_MOST_CURVES = 50


def series(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return one curve of one run."""
    return _curve(_asked(ctx, params.id("run_id"), params))


def many(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return one metric of several runs; runs without it are named in ``missing``."""
    params.require("run_ids")
    run_ids = params.words("run_ids", at_least=1, at_most=_MOST_CURVES)
    # All of them together as many points as one curve may have alone.
    most = _MOST_POINTS // len(run_ids)
    found = [_asked(ctx, run_id, params, most) for run_id in run_ids]
    return {
        "metric_key": params.require("metric"),
        "series": [_curve(one) for one in found if one.points],
        "missing": [one.run_id for one in found if not one.points],
    }


def _asked(ctx: Contexta, run_id: str, params: Params, most: int = _MOST_POINTS) -> StepSeries:
    return ctx.trend_service.get_step_series(
        run_id,
        params.require("metric"),
        stage_name=params.text("stage"),
        max_points=params.whole("points", _POINTS, low=2, high=most),
    )


def _curve(found: StepSeries) -> dict[str, Any]:
    """Columns instead of points: a third of the bytes, and what drawing libraries take."""
    values = [point.value for point in found.points]
    marks = [
        {"index": index, "step": found.points[index].step, "value": marker}
        for index, value in enumerate(values)
        if (marker := nonfinite_name(value)) is not None
    ]
    return {
        "run_id": found.run_id,
        "metric_key": found.metric_key,
        "stage_id": found.stage_id,
        "unit": found.unit,
        "steps": [point.step for point in found.points],
        "values": to_jsonable(values),
        "observed_at": [point.observed_at for point in found.points],
        "epochs": _epochs(found),
        "marks": marks,
        "total_points": found.total_points,
        "thinned": found.total_points > len(found.points),
        "thinning": "extremes and ends of each stretch are kept",
        "completeness_notes": to_jsonable(found.completeness_notes),
        "completeness": to_jsonable(found.completeness),
    }


def _epochs(found: StepSeries) -> Any:
    """The epoch of each point; ``None`` where none was logged, as for most curves."""
    epochs = [point.epoch for point in found.points]
    return to_jsonable(epochs) if any(epoch is not None for epoch in epochs) else None
