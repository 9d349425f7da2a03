"""What is known to be missing or doubtful beside a number.

``completeness_of`` counts it for any runs over any repository; results carry it as their last
field. All counts at zero mean that nothing recorded says that something is missing; what left
no trace cannot be counted.
"""

from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.completeness.service import completeness_of

__all__ = ["Completeness", "completeness_of"]
