"""What looks wrong with one run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._links import run_url
from contexta.web.pages._view import notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

_ORDER = {"error": 0, "warning": 1, "info": 2}


def diagnostics_page(ctx: Contexta, params: Params) -> PageData:
    """Show the issues of a run, the gravest first.

    Raises:
        ResolutionError: the run is unknown or its name is ambiguous.
    """
    given = params.id("run_id")
    found = ctx.diagnose_run(given)
    run = ctx.query_service.require_run(found.run_id)
    issues = sorted(found.issues, key=lambda issue: _ORDER.get(issue.severity, 3))
    counts = Counter(issue.severity for issue in issues)
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), (run.name, run_url(run.run_id)), ("Diagnostics", None)),
        "run": run,
        "issues": issues,
        "counts": sorted(counts.items(), key=lambda pair: _ORDER.get(pair[0], 3)),
        "notes": notes(found.completeness_notes, found.completeness),
    }
    return PageData("diagnostics", f"Diagnostics: {given}", data, "runs")
