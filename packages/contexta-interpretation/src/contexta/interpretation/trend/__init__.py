"""One number over many runs, and one metric over the steps of a run.

The newest runs are looked at, as many as the policy says. An unknown run or stage raises
``ResolutionError``; a value that is missing gives a note, never a zero.
"""

from contexta.interpretation.trend.errors import TrendError
from contexta.interpretation.trend.models import (
    ArtifactSizePoint,
    ArtifactSizeTrend,
    DurationTrend,
    MetricTrend,
    StageDurationPoint,
    StepPoint,
    StepSeries,
    TrendPoint,
)
from contexta.interpretation.trend.policy import TrendPolicy
from contexta.interpretation.trend.service import TrendService

__all__ = [
    "ArtifactSizePoint",
    "ArtifactSizeTrend",
    "DurationTrend",
    "MetricTrend",
    "StageDurationPoint",
    "StepPoint",
    "StepSeries",
    "TrendError",
    "TrendPoint",
    "TrendPolicy",
    "TrendService",
]
