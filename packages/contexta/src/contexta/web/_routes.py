"""Every address of the server: pages first, then the JSON routes with what they take.

A page is one line of ``PAGES``: its address and ``module:function`` below ``web/pages``. The
function gets ``(ctx, params)`` and returns a ``PageData``. What is in braces is an id, decoded
once, from ``params.id(name)``. Words win over ids: ``/ui/runs/new`` is found before
``/ui/runs/{run_id}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from contexta.web._errors import bad_request, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.web._spec import Spec

PAGES: dict[str, str] = {
    "/ui": "runs:start_page",
    "/ui/runs": "runs:runs_page",
    "/ui/runs/{run_id}": "run:run_page",
    "/ui/runs/{run_id}/series": "series:series_page",
    "/ui/search": "search:search_page",
    "/ui/projects": "projects:projects_page",
    "/ui/projects/{name}": "projects:project_page",
    "/ui/compare": "compare:compare_page",
    "/ui/compare/pick": "compare_pick:pick_page",
    "/ui/compare/multi": "compare_many:compare_many_page",
    "/ui/compare/groups": "compare_groups:compare_groups_page",
    "/ui/metrics": "metrics:metrics_page",
    "/ui/metrics/trend": "trend:trend_page",
    "/ui/metrics/aggregate": "aggregate:aggregate_page",
    "/ui/changes": "changes:changes_page",
    "/ui/alerts": "alerts:alerts_page",
    "/ui/runs/{run_id}/anomalies": "anomalies:anomalies_page",
    "/ui/runs/{run_id}/diagnostics": "diagnostics:diagnostics_page",
    "/ui/runs/{run_id}/lineage": "lineage:lineage_page",
    "/ui/runs/{run_id}/environment": "environment:environment_page",
    "/ui/environments/diff": "environment:environments_diff_page",
    "/ui/deployments": "deployments:deployments_page",
    "/ui/deployments/{ref}": "deployments:deployment_page",
    "/ui/reports": "reports:reports_page",
    "/ui/runs/{run_id}/report": "reports:run_report_page",
    "/ui/dashboard": "dashboard:dashboard_page",
}

_MOST_SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and the ids that a path holds for it."""

    path: str
    handler: str
    ids: Mapping[str, str]
    spec: Spec | None = None

    @property
    def is_download(self) -> bool:
        """Whether the answer is read while it is sent."""
        return self.handler.endswith(":download")

    def load(self) -> Callable[..., Any]:
        """Import the function that answers."""
        module, _, name = self.handler.partition(":")
        function: Callable[..., Any] = getattr(import_module(f"contexta.web.{module}"), name)
        return function


def segments_of(raw_path: bytes) -> tuple[str, ...]:
    """Return the parts of a path, each decoded once, so that ``%2F`` stays within a part.

    Raises:
        HttpError: 400, the path is no UTF-8, has control characters, or tries to climb.
    """
    inner = raw_path.removeprefix(b"/").removesuffix(b"/")
    parts = inner.split(b"/") if inner else []
    if len(parts) > _MOST_SEGMENTS:
        raise not_found(f"an address has at most {_MOST_SEGMENTS} parts")
    return tuple(_decoded(part) for part in parts)


def _decoded(part: bytes) -> str:
    try:
        text = unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_request("the address is no UTF-8") from error
    if text in ("", ".", "..") or any(sign < " " or sign == "\x7f" for sign in text):
        raise bad_request("the address has an empty part, dots as a part, or control characters")
    return text


def find(segments: tuple[str, ...]) -> Match:
    """Return the route of a path.

    Raises:
        HttpError: 404 ``http_not_found``; 400 for an unknown page or part of a run.
    """
    for path, pattern, handler, spec in _table().get(len(segments), ()):
        ids = _ids(pattern, segments)
        if ids is not None:
            return Match(path, handler, ids, spec)
    shown = "/" + "/".join(segments)
    shown = shown if len(shown) <= 120 else shown[:119] + "…"
    if segments[:1] in (("ui",), ("runs",)) and len(segments) > 1:
        # 1.0 answered unknown pages and unknown parts of a run so; scripts compare it.
        raise bad_request(f"there is nothing at {shown}; /ui/runs is the start page")
    raise not_found(
        f"there is nothing at {shown}; /ui/runs is the start page, /openapi.json lists the routes"
    )


def _ids(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    ids = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            ids[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return ids


_Entry = tuple[str, tuple[str, ...], str, "Spec | None"]


@cache
def _table() -> dict[int, tuple[_Entry, ...]]:
    """All routes by their number of parts, those with the fewest ids first."""
    from contexta.web._spec import all_specs

    entries: list[_Entry] = [
        (path, tuple(path.strip("/").split("/")), f"pages.{handler}", None)
        for path, handler in PAGES.items()
    ]
    entries += [
        (spec.path, tuple(spec.path.strip("/").split("/")), f"api.{spec.handler}", spec)
        for spec in all_specs()
    ]
    entries.sort(key=lambda entry: (entry[0].count("{"), entry[0]))
    table: dict[int, list[_Entry]] = {}
    for entry in entries:
        table.setdefault(len(entry[1]), []).append(entry)
    return {size: tuple(found) for size, found in table.items()}
