"""When a value is unusual."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import Result
from contexta.interpretation.trend.policy import check_aggregation


@dataclass(frozen=True, slots=True)
class AnomalyPolicy(Result):
    """Settings of ``AnomalyService``.

    ``robust`` measures distance from the median in units of 1.4826 times the median absolute
    deviation (Iglewicz and Hoaglin, 1993) instead of mean and sample standard deviation, so that
    one earlier outlier does not hide the next. Where more than half of the values are equal, that
    deviation is 0 and 1.2533 times the mean absolute deviation takes its place.

    Raises:
        ValidationError: ``anomaly_invalid_z_score_threshold``,
            ``anomaly_invalid_min_baseline_runs``, ``trend_invalid_metric_aggregation``.
    """

    z_score_threshold: float = 2.5
    min_baseline_runs: int = 3
    monitored_metrics: tuple[str, ...] = ()
    metric_aggregation: str = "latest"
    robust: bool = False

    _sequences = ("monitored_metrics",)

    def __post_init__(self) -> None:
        """Freeze and check."""
        object.__setattr__(self, "monitored_metrics", tuple(self.monitored_metrics))
        threshold, least = self.z_score_threshold, self.min_baseline_runs
        if (
            isinstance(threshold, bool)
            or not isinstance(threshold, (int, float))
            or not threshold > 0
        ):
            raise ValidationError(
                f"z_score_threshold is {threshold!r}; it must be a number above 0",
                code="anomaly_invalid_z_score_threshold",
                details={"value": str(threshold)},
            )
        if type(least) is not int or least < 1:
            raise ValidationError(
                f"min_baseline_runs is {least!r}; it must be a whole number of at least 1",
                code="anomaly_invalid_min_baseline_runs",
                details={"value": str(least)},
            )
        check_aggregation(self.metric_aggregation)
