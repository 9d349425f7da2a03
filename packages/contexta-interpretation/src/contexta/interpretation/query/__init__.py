"""Listing runs and loading one.

Ids may be refs (``run:p.r``), ``p.r``, the short id ``r``, or a name that only one run has.
A name that fits nothing or several runs raises ``ResolutionError`` (also a ``LookupError``)
whose ``details`` name the candidates. Filters are checked when they are built
(``ValidationError``), expressions (``RunListQuery.where``) too.
"""

from contexta.interpretation.query._expression_keys import UnknownKey
from contexta.interpretation.query.expression import RunExpression
from contexta.interpretation.query.filters import MetricCondition, RunListQuery, TimeRange
from contexta.interpretation.query.models import EvidenceLink, RunPage, RunSnapshot
from contexta.interpretation.query.service import QueryService

__all__ = [
    "EvidenceLink",
    "MetricCondition",
    "QueryService",
    "RunExpression",
    "RunListQuery",
    "RunPage",
    "RunSnapshot",
    "TimeRange",
    "UnknownKey",
]
