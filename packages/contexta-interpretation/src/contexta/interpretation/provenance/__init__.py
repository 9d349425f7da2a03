"""Could somebody run this again, and what differs between two environments.

A repository that knows no environments raises ``ProvenanceError``.
"""

from contexta.interpretation.provenance.errors import ProvenanceError
from contexta.interpretation.provenance.models import (
    EnvironmentDiff,
    EnvironmentValueChange,
    ReproducibilityAudit,
)
from contexta.interpretation.provenance.service import ProvenanceService

__all__ = [
    "EnvironmentDiff",
    "EnvironmentValueChange",
    "ProvenanceError",
    "ProvenanceService",
    "ReproducibilityAudit",
]
