"""The JSON routes: address, handler, parameters. The OpenAPI description is made from this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """One parameter of a query: its name, JSON type and meaning."""

    name: str
    about: str
    type: str = "string"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """One JSON route.

    Attributes:
        path: address, with ids in braces.
        handler: ``module:function`` below ``web/api``.
        about: one sentence.
        query: the parameters that it reads.
        keys: the keys of the answer at its top.
        media: content type of the answer.
    """

    path: str
    handler: str
    about: str
    query: tuple[Query, ...] = ()
    keys: tuple[str, ...] = ()
    media: str = "application/json"


SPECS: tuple[Spec, ...] = (
    Spec("/projects", "_runs:projects", "The names of the projects.", (), ("projects",)),
)
