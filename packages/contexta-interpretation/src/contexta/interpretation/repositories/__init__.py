"""Projections of the three planes, and the repository that reads them.

``CompositeStoreRepository`` is the only class of this package that knows the stores.
Everything else asks the protocols of :mod:`contexta.interpretation.protocols`.
"""

from contexta.interpretation.repositories.composite import CompositeStoreRepository
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    BatchRecord,
    DeploymentRecord,
    EnvironmentRecord,
    MetricPoint,
    MetricSeries,
    MetricSummaryRecord,
    ObservationRecord,
    PointStatistics,
    ProvenanceView,
    RelationRecord,
    RunRecord,
    SampleRecord,
    StageRecord,
)

__all__ = [
    "ArtifactRecord",
    "BatchRecord",
    "CompositeStoreRepository",
    "DeploymentRecord",
    "EnvironmentRecord",
    "MetricPoint",
    "MetricSeries",
    "MetricSummaryRecord",
    "ObservationRecord",
    "PointStatistics",
    "ProvenanceView",
    "RelationRecord",
    "RunRecord",
    "SampleRecord",
    "StageRecord",
]
