"""How comparing behaves."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import Result
from contexta.interpretation.query.metrics import AGGREGATIONS

SEVERITIES = ("info", "warning", "error")


@dataclass(frozen=True, slots=True)
class ComparisonPolicy(Result):
    """Settings of ``CompareService``.

    ``metric_selection`` says which value stands for a run: latest, max, min or mean.
    Values closer than ``relative_tolerance`` (relative to the larger) count as unchanged.

    Raises:
        ValidationError: ``compare_invalid_metric_selection``,
            ``compare_invalid_missing_stage_severity``.
    """

    metric_selection: str = "latest"
    include_unchanged_metrics: bool = False
    missing_stage_severity: str = "warning"
    relative_tolerance: float = 1e-12

    def __post_init__(self) -> None:
        """Check the choices."""
        if self.metric_selection not in AGGREGATIONS:
            raise ValidationError(
                f"metric_selection {self.metric_selection!r} is unknown; use one of "
                f"{', '.join(AGGREGATIONS)}",
                code="compare_invalid_metric_selection",
                details={"value": str(self.metric_selection), "allowed": list(AGGREGATIONS)},
            )
        if self.missing_stage_severity not in SEVERITIES:
            raise ValidationError(
                f"missing_stage_severity {self.missing_stage_severity!r} is unknown; use one of "
                f"{', '.join(SEVERITIES)}",
                code="compare_invalid_missing_stage_severity",
                details={"value": str(self.missing_stage_severity), "allowed": list(SEVERITIES)},
            )
