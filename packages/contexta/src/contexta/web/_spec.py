"""What a JSON route is described by: address, handler, parameters, keys of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Query:
    """One parameter of a query: its name, meaning and JSON type."""

    name: str
    about: str
    type: str = "string"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """One JSON route; the OpenAPI description is made from these.

    Attributes:
        path: address, with ids in braces.
        handler: ``module:function`` below ``web/api``.
        about: one sentence.
        query: the parameters that it reads.
        keys: the keys of the answer at its top, as 1.0 had them or more.
        media: content type of the answer.
    """

    path: str
    handler: str
    about: str
    query: tuple[Query, ...] = ()
    keys: tuple[str, ...] = ()
    media: str = "application/json"


@cache
def all_specs() -> tuple[Spec, ...]:
    """Return every JSON route, in the order of the description."""
    from contexta.web._spec_answers import ANSWERS
    from contexta.web._spec_runs import RUNS

    return (*RUNS, *ANSWERS)
