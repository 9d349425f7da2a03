"""Values that earlier runs make unlikely.

A constant metric that jumps is an error, as is NaN. Small baselines are said in a note.
"""

from contexta.interpretation.anomaly.errors import AnomalyError
from contexta.interpretation.anomaly.models import AnomalyResult, MetricBaseline
from contexta.interpretation.anomaly.policy import AnomalyPolicy
from contexta.interpretation.anomaly.service import AnomalyService

__all__ = ["AnomalyError", "AnomalyPolicy", "AnomalyResult", "AnomalyService", "MetricBaseline"]
