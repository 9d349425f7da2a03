"""Find runs, artifacts, metrics and projects by a part of their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web._text_search import text_search
from contexta.web._totals import count_runs
from contexta.web.pages._links import address, project_url
from contexta.web.pages._run_columns import choose, run_table
from contexta.web.pages._view import frame, known_keys, pager

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

PATH = "/ui/search"
_RUNS = 25
_ARTIFACTS = 50
_METRICS = 40
_LONGEST = 200


def search_page(ctx: Contexta, params: Params) -> PageData:
    """Show what has a text in its id, name, kind or place.

    Without ``q`` there is only the form. One run and nothing else is still a list: the reader
    sees what was found before going there.
    """
    from contexta.interpretation.query import RunListQuery

    text = (params.text("q") or "").strip()[:_LONGEST]
    wanted = text_search(ctx, params, text)
    data = frame(ctx, params.text("project"), search=text, text=text)
    data["case_sensitive"] = wanted.case_sensitive
    data["crumbs"] = (("Runs", "/ui/runs"), ("Search", None))
    if not text:
        return PageData("search", "Search", data)
    where = wanted.where("id", "name", "project")
    query = RunListQuery(
        project_name=params.text("project"),
        where=where,
        limit=_RUNS,
        offset=params.whole("offset", 0, low=0) or 0,
        sort_by="started_at",
        sort_desc=True,
    )
    runs = ctx.list_runs(query=query)
    total = count_runs(ctx, query)
    artifacts = [
        item
        for item in ctx.repository.list_artifacts()
        if wanted.matches((item.artifact_ref, item.kind, item.location))
    ]
    data |= {
        "table": run_table(ctx, runs, choose(ctx, runs), params.query, PATH, query, sorts=False),
        "total": total,
        "pager": pager(PATH, params.query, offset=query.offset, limit=_RUNS, total=total),
        "as_filter": address("/ui/runs", where=where, project=params.text("project")),
        "artifacts": artifacts[:_ARTIFACTS],
        "artifact_total": len(artifacts),
        "metrics": [
            (key, address("/ui/metrics/trend", metric=key, project=params.text("project")))
            for key in known_keys(ctx, "metrics")
            if wanted.matches([key])
        ][:_METRICS],
        "found_projects": [
            (name, project_url(name)) for name in ctx.list_projects() if wanted.matches([name])
        ],
    }
    return PageData("search", "Search", data)
