"""Pick the runs to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._choices import newest_runs
from contexta.web.pages._links import address

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import RunRecord
    from contexta.web._params import Params


def pick_page(ctx: Contexta, params: Params) -> PageData:
    """Offer the newest runs: two of them, or more."""
    return picker(ctx, params)


def picker(ctx: Contexta, params: Params, *, status: int = 200, told: str = "") -> PageData:
    """Return the picker; ``told`` says what an address that led here lacks."""
    project = params.text("project")
    left, right = params.text("left"), params.text("right")
    chosen = left or right
    known = _run_of(ctx, chosen)
    if known is not None:
        chosen, project = known.run_id, project or known.project_name
    # A run differs from itself in nothing.
    runs = tuple(run for run in newest_runs(ctx, project) if run.run_id != chosen)
    side, other = ("left", "right") if left else ("right", "left")
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), ("Compare", None)),
        "told": told,
        "project": project,
        "projects": ctx.list_projects(),
        "runs": runs,
        "chosen": chosen,
        "side": side,
        "left": left,
        "right": right,
        "run_ids": [run.run_id for run in runs],
        "links": {
            run.run_id: address("/ui/compare", **{side: chosen, other: run.run_id})
            for run in runs
            if chosen
        },
        "starts": {run.run_id: address("/ui/compare/pick", left=run.run_id) for run in runs},
    }
    title = "Compare: pick the other run" if chosen else "Compare: pick two runs"
    return PageData("compare_pick", title, data, "compare", status)


def _run_of(ctx: Contexta, name: str | None) -> RunRecord | None:
    """The run that was picked; ``None`` for a name that fits nothing."""
    from contexta.interpretation import ResolutionError

    if name is None:
        return None
    try:
        return ctx.query_service.require_run(name)
    except ResolutionError:
        return None
