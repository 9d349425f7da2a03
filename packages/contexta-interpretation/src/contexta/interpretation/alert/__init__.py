"""Thresholds on metrics, for one run or a fleet of runs.

A faulty rule raises ``ValidationError``; a run without the metric gives a result with a note.
"""

from contexta.interpretation.alert.errors import AlertError
from contexta.interpretation.alert.models import AlertReport, AlertResult, AlertRule
from contexta.interpretation.alert.service import AlertService

__all__ = ["AlertError", "AlertReport", "AlertResult", "AlertRule", "AlertService"]
