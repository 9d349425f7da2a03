"""The completeness of one run whose artifacts are known already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from contexta.interpretation.completeness._records import count_records
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.protocols import CompletenessReader, CompositeRepository

if TYPE_CHECKING:
    from contexta.interpretation.repositories.records import ArtifactRecord, RunRecord


def completeness_beside(
    repository: CompositeRepository, run: RunRecord, artifacts: Iterable[ArtifactRecord]
) -> Completeness:
    """Count without listing the artifacts of the run again."""
    if not isinstance(repository, CompletenessReader):
        return count_records(repository, [run.run_id], None)
    bodies = sum(artifact.body_missing for artifact in artifacts)
    found = repository.completeness_counts([run.run_id], None)
    return found + Completeness(missing_bodies=bodies)
