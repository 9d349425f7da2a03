"""Two runs, several runs, or two reports side by side.

Run-level metrics form a group of their own (``stage_name`` ``None``). A run that is unknown or
ambiguous raises ``ResolutionError``; what cannot be compared raises ``ComparisonError``.
"""

from contexta.interpretation.compare.errors import ComparisonError
from contexta.interpretation.compare.models import (
    ArtifactChange,
    ArtifactKindCountRow,
    CompletenessNote,
    MetricDelta,
    MultiRunComparison,
    MultiRunMetricRow,
    ProvenanceComparison,
    ReportComparison,
    RunComparison,
    SectionDiff,
    StageComparison,
    ValueChange,
)
from contexta.interpretation.compare.policy import ComparisonPolicy
from contexta.interpretation.compare.service import CompareService

__all__ = [
    "ArtifactChange",
    "ArtifactKindCountRow",
    "CompareService",
    "ComparisonError",
    "ComparisonPolicy",
    "CompletenessNote",
    "MetricDelta",
    "MultiRunComparison",
    "MultiRunMetricRow",
    "ProvenanceComparison",
    "ReportComparison",
    "RunComparison",
    "SectionDiff",
    "StageComparison",
    "ValueChange",
]
