"""Statistics over runs: of one metric, of all metrics by stage, and of statuses.

Each run counts once. A statistic of nothing is ``None``, never zero.
"""

from contexta.interpretation.aggregation.errors import AggregationError
from contexta.interpretation.aggregation.models import (
    MetricAggregate,
    RunStatusDistribution,
    RunSummaryTable,
    StageAggregate,
    StatusCount,
)
from contexta.interpretation.aggregation.service import AggregationService

__all__ = [
    "AggregationError",
    "AggregationService",
    "MetricAggregate",
    "RunStatusDistribution",
    "RunSummaryTable",
    "StageAggregate",
    "StatusCount",
]
