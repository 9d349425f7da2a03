"""Where a metric changed over runs, and what came with the change.

``ChangeService.find_changes`` searches the history of completed runs for places where the values
before and after are of different populations; ``bisect`` names the first run after such a change
and ranks what sets it apart from its predecessor in code, params, packages, data, configuration and
environment. Both answer explicitly when there is nothing: why, and which shift would have been
seen.

Errors: ``ResolutionError`` for a metric, stage or run that the history has not (the nearest are
named), ``ValidationError`` for settings that cannot mean anything, ``ChangeError`` for a bad run
that does not come after the good one.
"""

from contexta.interpretation.changes.errors import ChangeError
from contexta.interpretation.changes.models import (
    Bisection,
    ChangeHistory,
    ChangePoint,
    Difference,
    HistoryPoint,
    Segment,
)
from contexta.interpretation.changes.policy import ChangePolicy
from contexta.interpretation.changes.service import ChangeService

__all__ = [
    "Bisection",
    "ChangeError",
    "ChangeHistory",
    "ChangePoint",
    "ChangePolicy",
    "ChangeService",
    "Difference",
    "HistoryPoint",
    "Segment",
]
