"""What a thing rests on, and what rests on it.

``LineageEdge`` here is an edge of a traversal, not the stored relation of that name in
``contexta.contract``. A bad direction or depth raises ``LineageError``.
"""

from contexta.interpretation.lineage.errors import LineageError
from contexta.interpretation.lineage.models import LineageEdge, LineageTraversal
from contexta.interpretation.lineage.policy import LineagePolicy
from contexta.interpretation.lineage.service import LineageService

__all__ = ["LineageEdge", "LineageError", "LineagePolicy", "LineageService", "LineageTraversal"]
