"""A page that was asked about a project that is not there says so, on every page alike."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from contexta.web.pages._links import segment, with_query

if TYPE_CHECKING:
    from contexta.web._page import PageData
    from contexta.web._params import Params
    from contexta.web._routes import Match

_SAYS_IT_ITSELF = frozenset({"runs"})  # with what else of its filters nothing has


def with_nearest_project(page: PageData, match: Match, params: Params) -> PageData:
    """Add the projects that were probably meant, each with the address of the same page for it.

    A page that knows no projects, or whose project is there, is returned as it is.
    """
    project, known = params.text("project"), page.data.get("projects")
    if project is None or known is None or project in known or page.template in _SAYS_IT_ITSELF:
        return page
    path = match.path
    for name, value in match.ids.items():
        path = path.replace(f"{{{name}}}", segment(value))
    near = get_close_matches(project, known, n=5, cutoff=0.4) or known[:5]
    links = [(name, with_query(path, {**params.query, "project": name}.items())) for name in near]
    return replace(page, data={**page.data, "lost_project": (project, links)})
