"""Routes about the server itself."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params


def health(ctx: Contexta, _params: Params) -> dict[str, Any]:
    """Return ok after a question to the workspace; a workspace that cannot be read is a 503."""
    return {"status": "ok", "projects": len(ctx.list_projects())}


def version(_ctx: Contexta, _params: Params) -> dict[str, Any]:
    """Return the versions of the program and of the workspaces that it reads."""
    from contexta.store.workspace import WORKSPACE_FORMAT_VERSION

    return {"contexta": installed("contexta"), "workspace_format": WORKSPACE_FORMAT_VERSION}


def openapi(_ctx: Contexta, _params: Params) -> dict[str, Any]:
    """Return the description of the JSON routes."""
    from contexta.web._openapi import describe

    return describe()
