"""How trends behave."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import Result
from contexta.interpretation.query.metrics import check_aggregation

__all__ = ["TrendPolicy", "check_aggregation"]


def check_max_points(value: object) -> None:
    """Refuse what is no number of points.

    Raises:
        ValidationError: ``trend_invalid_max_points``.
    """
    if type(value) is not int or value < 2:
        raise ValidationError(
            f"max_points is {value!r}; a curve keeps its two ends, so it must be a whole number "
            "of at least 2",
            code="trend_invalid_max_points",
            details={"value": str(value)},
        )


@dataclass(frozen=True, slots=True)
class TrendPolicy(Result):
    """Settings of ``TrendService``: how many of the newest runs, and which value of each.

    Raises:
        ValidationError: ``trend_invalid_window_runs``, ``trend_invalid_metric_aggregation``.
    """

    default_window_runs: int = 20
    metric_aggregation: str = "latest"

    def __post_init__(self) -> None:
        """Check both."""
        if type(self.default_window_runs) is not int or self.default_window_runs <= 0:
            raise ValidationError(
                f"default_window_runs is {self.default_window_runs!r}; it must be a whole number "
                "above 0",
                code="trend_invalid_window_runs",
                details={"value": str(self.default_window_runs)},
            )
        check_aggregation(self.metric_aggregation)
