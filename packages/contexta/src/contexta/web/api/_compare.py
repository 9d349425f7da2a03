"""Routes that put runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

_MOST_RUNS = 200


def compare(ctx: Contexta, params: Params) -> Any:
    """Return what changed from one run to another."""
    return ctx.compare_runs(params.require("left"), params.require("right"))


def multi(ctx: Contexta, params: Params) -> Any:
    """Return two or more runs in one table."""
    params.require("run_ids")
    return ctx.compare_multiple_runs(params.words("run_ids", at_least=2, at_most=_MOST_RUNS))
