"""Reports: what can be reported, and the documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.web._answers import Body
from contexta.web._errors import bad_request
from contexta.web._page import PageData
from contexta.web.pages._choices import metric_choices, run_choices
from contexta.web.pages._links import address, run_url, with_query

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import ReportDocument
    from contexta.web._params import Params

KINDS = ("project", "trend", "changes", "multi", "compare", "run")
FORMATS = {
    "html": ("text/html; charset=utf-8", "HTML"),
    "md": ("text/markdown; charset=utf-8", "Markdown"),
    "csv": ("text/csv; charset=utf-8", "CSV"),
    "json": ("application/json; charset=utf-8", "JSON"),
}
_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def reports_page(ctx: Contexta, params: Params) -> PageData | Body:
    """Show what can be reported; with ``kind``, the report.

    Raises:
        HttpError: 400, an unknown kind, or what it needs is missing.
    """
    kind = params.choice("kind", KINDS)
    if kind is not None:
        return _show(_document(ctx, params, kind), params, "/ui/reports", params.query)
    project = params.text("project")
    data = {
        "crumbs": (("Reports", None),),
        "projects": ctx.list_projects(),
        "project": project,
        "runs": run_choices(ctx, project),
        "metrics": [choice.key for choice in metric_choices(ctx, project)],
    }
    return PageData("reports", "Reports", data, "runs")


def run_report_page(ctx: Contexta, params: Params) -> PageData | Body:
    """Show the report of a run, or with ``against`` of its comparison with another.

    Raises:
        ResolutionError: a run is unknown or its name is ambiguous.
    """
    given = params.id("run_id")
    run = ctx.query_service.require_run(given)
    against = params.text("against")
    if against is None:
        document = ctx.build_snapshot_report(run.run_id)
    else:
        document = ctx.build_run_report(run.run_id, against)
    path = run_url(run.run_id, "report")
    return _show(document, params, path, {"against": against}, run_name=run.name, run_id=run.run_id)


def _document(ctx: Contexta, params: Params, kind: str) -> ReportDocument:
    project, stage = params.text("project"), params.text("stage")
    if kind == "project":
        return ctx.build_project_summary_report(params.require("project"))
    if kind == "trend":
        return ctx.build_trend_report(
            params.require("metric"), project_name=project, stage_name=stage
        )
    if kind == "changes":
        found = ctx.bisect(params.require("metric"), project_name=project, stage_name=stage)
        return ctx.build_bisection_report(found)
    if kind == "multi":
        return ctx.build_multi_run_report(params.words("run_ids", at_least=2, at_most=20))
    if kind == "compare":
        return ctx.build_run_report(params.require("left"), params.require("right"))
    return ctx.build_snapshot_report(params.require("run"))


def _show(
    document: ReportDocument,
    params: Params,
    path: str,
    values: dict[str, str] | dict[str, str | None],
    *,
    run_name: str = "",
    run_id: str = "",
) -> PageData | Body:
    """The document inside the frame, or as a file where ``download`` asks for one."""
    form = params.text("download")
    if form is not None:
        return _file(document, form)
    kept = {name: value for name, value in values.items() if name != "download"}
    crumbs: tuple[tuple[str, str | None], ...] = (("Reports", "/ui/reports"),)
    if run_id:
        crumbs = (("Runs", "/ui/runs"), (run_name, run_url(run_id)))
    data = {
        "crumbs": (*crumbs, ("Report", None)),
        "article": _article(document),
        "highlights": document.highlights,
        "downloads": [
            (label, with_query(path, {**kept, "download": form}.items()))
            for form, (_, label) in FORMATS.items()
        ],
        "run_id": run_id,
        "others": address("/ui/reports"),
    }
    return PageData("report", document.title, data, "runs")


def _article(document: ReportDocument) -> Markup:
    """The report as its package draws it, escaped there; the frame has its title already."""
    text = document.to_html()
    _, found, rest = text.partition("</h1>")
    return Markup(f'<article class="report">{rest}' if found else text)  # noqa: S704


def _file(document: ReportDocument, form: str) -> Body:
    if form not in FORMATS:
        raise bad_request(f"download is {form[:40]!r}; use one of {', '.join(FORMATS)}")
    from contexta.web._answers import json_bytes

    media = FORMATS[form][0]
    if form == "json":
        content = json_bytes(document.to_dict())
    elif form == "html":
        content = document.to_html(full=True).encode("utf-8", "backslashreplace")
    else:
        text = document.to_markdown() if form == "md" else document.to_csv()
        content = text.encode("utf-8", "backslashreplace")
    name = _NAME.sub("-", document.title).strip("-.")[:80] or "report"
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Body(content, media, headers=headers)
