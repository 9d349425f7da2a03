"""Two groups of runs: do their metrics differ, by how much, how surely."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._choices import newest_runs
from contexta.web.pages._links import address
from contexta.web.pages._view import notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import ReportDocument, RunListQuery, RunRecord
    from contexta.interpretation.reports import IntervalChart, ReportChart
    from contexta.web._params import Params

METHODS = ("welch", "permutation", "bootstrap")
_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:-]*")
_STATISTICS = ("first", "last", "min", "max", "mean", "count", "nonfinite", "at")
_VALUES_OFFERED = 6
_PARAMS_OFFERED = 8
_RUNS_LOOKED_AT = 500


def compare_groups_page(ctx: Contexta, params: Params) -> PageData:
    """Show the comparison of two groups, or the form that asks for them.

    ``left`` and ``right`` are expressions over runs, or run ids with commas between them.

    Raises:
        ValidationError: an expression or a setting is wrong.
        ResolutionError: an unknown run, metric, stage or param.
        GroupError: a run is in both groups.
    """
    # The drawing of the reports; loaded here, since it brings the templates with it.
    from contexta.interpretation.reports.charts import render_chart

    left, right = params.text("left"), params.text("right")
    project = params.text("project")
    method = params.choice("method", METHODS, "welch") or "welch"
    metrics = params.words("metrics", at_most=50)
    comparison = forest = None
    if left and right:
        comparison = ctx.compare_groups(
            _selection(left, project),
            _selection(right, project),
            metrics or None,
            method=method,
            paired_by=params.text("paired_by"),
            stage_name=params.text("stage"),
        )
        forest = _forest(ctx.build_group_report(comparison))
    data = {
        **TOOLS,
        "crumbs": (("Compare", "/ui/compare/pick"), ("Groups", None)),
        "asked": params.query,
        "left": left,
        "right": right,
        "method": method,
        "methods": METHODS,
        "comparison": comparison,
        "forest": None if forest is None else render_chart(forest),
        "forest_key": "" if forest is None else ". ".join(filter(None, (forest.note, forest.key))),
        "level": f"{(1 - comparison.alpha) * 100:g} %" if comparison is not None else "",
        "offers": _offers(newest_runs(ctx, project, _RUNS_LOOKED_AT), project),
        "project": project,
        "projects": ctx.list_projects(),
        "notes": ()
        if comparison is None
        else notes(comparison.completeness_notes, comparison.completeness),
    }
    return PageData("compare_groups", "Compare groups of runs", data, "compare")


def _forest(report: ReportDocument) -> ReportChart | IntervalChart | None:
    """The chart of the report of the comparison."""
    return next((chart for section in report.sections for chart in section.charts), None)


def _selection(text: str, project: str | None) -> RunListQuery | list[str]:
    """Run ids where every part is one, else an expression."""
    from contexta.interpretation import RunListQuery

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if all(part.startswith("run:") for part in parts):
        return parts
    return RunListQuery(project_name=project, where=text, status="completed")


def _offers(
    runs: Sequence[RunRecord], project: str | None
) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Params with few values, each next to the following: the groups people ask for."""
    offers = []
    done = [run for run in runs if run.status == "completed"]
    for key in sorted({key for run in done for key in run.params}):
        counts = Counter(_literal(run.params[key]) for run in done if key in run.params)
        values = sorted(value for value, count in counts.items() if value and count > 1)
        if not 2 <= len(values) <= _VALUES_OFFERED:
            continue
        field = _field(key)
        links = [
            (
                one,
                two,
                address(
                    "/ui/compare/groups",
                    left=f"{field} = {one}",
                    right=f"{field} = {two}",
                    project=project,
                ),
            )
            for one, two in pairwise(values)
        ]
        offers.append((key, links))
    return offers[:_PARAMS_OFFERED]


def _field(key: str) -> str:
    """The param in the language of expressions."""
    last = key.rpartition(".")[2]
    if _BARE.fullmatch(key) and last not in _STATISTICS:
        return f"params.{key}"
    return f"params.{json.dumps(key, ensure_ascii=False)}"


def _literal(value: Any) -> str:
    """A value in the language of expressions; empty for one that has no literal there."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str) and value.isprintable() and len(value) <= 60:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return ""
