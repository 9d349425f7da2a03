"""One repository per entity of the metadata plane.

Reached as attributes of a `MetadataStore`: `store.runs`, `store.stages` and so on. Each `put` is
one transaction: the entity with all that belongs to it, or nothing.
"""

from __future__ import annotations

from contexta.store.metadata.repositories._executions import (
    BatchRepository,
    DeploymentRepository,
    StageRepository,
)
from contexta.store.metadata.repositories._observations import (
    EnvironmentRepository,
    SampleRepository,
)
from contexta.store.metadata.repositories._projects import ProjectRepository
from contexta.store.metadata.repositories._provenance import ProvenanceRepository
from contexta.store.metadata.repositories._relations import RelationRepository
from contexta.store.metadata.repositories._runs import RunRepository

__all__ = [
    "BatchRepository",
    "DeploymentRepository",
    "EnvironmentRepository",
    "ProjectRepository",
    "ProvenanceRepository",
    "RelationRepository",
    "RunRepository",
    "SampleRepository",
    "StageRepository",
]
