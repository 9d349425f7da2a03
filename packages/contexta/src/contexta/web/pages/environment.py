"""What a run ran on, and whether it can be run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS, audit_of
from contexta.web.pages._choices import run_choices
from contexta.web.pages._links import address, run_url
from contexta.web.pages._view import notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

_CHECKS = {
    "code": "Code revision is known",
    "code_committed": "Code was committed as it ran",
    "data": "Data is named",
    "configuration": "Params or configuration are recorded",
    "seed": "A seed is among the params",
    "environment": "Environment was recorded",
    "packages": "Packages were recorded",
}


def environment_page(ctx: Contexta, params: Params) -> PageData:
    """Show Python, platform, packages and variables of a run, and what else is known.

    Raises:
        ResolutionError: the run is unknown or its name is ambiguous.
    """
    given = params.id("run_id")
    facts = ctx.query_service.get_run_facts(given)
    run = facts.run
    audit = audit_of(ctx, run.run_id)
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), (run.name, run_url(run.run_id)), ("Environment", None)),
        "run": run,
        "environment": facts.environment,
        "audit": audit,
        "checks": [
            (_CHECKS.get(name, name), known)
            for name, known in (audit.checks.items() if audit else ())
        ],
        "others": [one for one in run_choices(ctx, run.project_name) if one.run_id != run.run_id],
        "notes": notes(audit.completeness_notes if audit else ()),
    }
    return PageData("environment", f"Environment: {given}", data, "runs")


def environments_diff_page(ctx: Contexta, params: Params) -> PageData:
    """Show how the environments of two runs differ; without one of them, let the reader pick.

    Raises:
        ResolutionError: a run is unknown or its name is ambiguous.
    """
    left, right = params.text("left"), params.text("right")
    if left is None or right is None:
        data = {
            **TOOLS,
            "crumbs": (("Runs", "/ui/runs"), ("Environments", None)),
            "diff": None,
            "left": left,
            "right": right,
            "others": run_choices(ctx, params.text("project")),
            "notes": (),
        }
        title = "Environments: pick two runs"
        return PageData("environments_diff", title, data, "compare", 400)
    diff = ctx.compare_environments(left, right)
    sides = [
        ctx.query_service.get_run_facts(run_id) for run_id in (diff.left_run_id, diff.right_run_id)
    ]
    changes = [
        (f"{kind}s", word, item)
        for kind in ("package", "variable")
        for word, name in (("added", "added"), ("removed", "removed"), ("changed", "changed"))
        for item in getattr(diff, f"{name}_{kind}s")
    ]
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), ("Environments", None)),
        "diff": diff,
        "left": left,
        "right": right,
        "sides": sides,
        "packages": [(word, item) for kind, word, item in changes if kind == "packages"],
        "variables": [(word, item) for kind, word, item in changes if kind == "variables"],
        "compare": address("/ui/compare", left=left, right=right),
        "others": (),
        "notes": notes(diff.completeness_notes),
    }
    return PageData("environments_diff", f"Environments: {left} vs {right}", data, "compare")
