"""What is wrong with a run, by what it recorded.

A failed or interrupted run, error events, NaN in a metric, degraded records, damage that was met,
artifacts without their bodies, stages, batches and deployments that did not complete. What was
never recorded gives no issue.
"""

from contexta.interpretation.diagnostics.errors import DiagnosticsError
from contexta.interpretation.diagnostics.models import DiagnosticsIssue, DiagnosticsResult
from contexta.interpretation.diagnostics.policy import DiagnosticsPolicy
from contexta.interpretation.diagnostics.service import DiagnosticsService

__all__ = [
    "DiagnosticsError",
    "DiagnosticsIssue",
    "DiagnosticsPolicy",
    "DiagnosticsResult",
    "DiagnosticsService",
]
