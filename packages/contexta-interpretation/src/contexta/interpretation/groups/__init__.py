"""Groups of runs that repeat each other, and whether two groups differ.

``GroupService.compare_groups`` gives one row per metric with a verdict and its reason; too few
runs, or runs that do not vary, give "cannot tell", never an error. Faulty arguments raise
``ValidationError``, names that fit nothing ``ResolutionError`` (a ``LookupError``; ``details``
name the nearest), and groups that share a run ``GroupError``.
"""

from contexta.interpretation.groups._members import Selection
from contexta.interpretation.groups.errors import GroupError
from contexta.interpretation.groups.models import (
    GroupComparison,
    GroupMetric,
    GroupSide,
    ReplicateGroup,
    ReplicateGroups,
)
from contexta.interpretation.groups.policy import GroupPolicy
from contexta.interpretation.groups.service import GroupService

__all__ = [
    "GroupComparison",
    "GroupError",
    "GroupMetric",
    "GroupPolicy",
    "GroupService",
    "GroupSide",
    "ReplicateGroup",
    "ReplicateGroups",
    "Selection",
]
