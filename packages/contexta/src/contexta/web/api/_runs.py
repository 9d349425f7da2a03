"""Routes of projects and lists of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params


def projects(ctx: Contexta, _params: Params) -> dict[str, Any]:
    """Return the names of the projects, sorted."""
    return {"projects": list(ctx.list_projects())}
