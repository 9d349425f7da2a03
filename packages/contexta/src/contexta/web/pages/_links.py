"""Addresses of the pages: every link is built here, encoded once."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

# Entry, label, address, key that goes there after "g".
NAVIGATION: tuple[tuple[str, str, str, str], ...] = (
    ("runs", "Runs", "/ui/runs", "r"),
    ("compare", "Compare", "/ui/compare/pick", "c"),
    ("trends", "Trends", "/ui/metrics", "t"),
    ("alerts", "Alerts", "/ui/alerts", "a"),
    ("deployments", "Deployments", "/ui/deployments", "d"),
    ("projects", "Projects", "/ui/projects", "p"),
)
_RUN_PARTS = {
    "artifact": "artifact-table",
    "batch": "run-parts",
    "environment": "run-environment",
    "op": "run-spans",
    "provenance": "provenance-summary",
    "record": "record-preview",
    "sample": "run-parts",
    "stage": "stage-table",
}


def segment(value: object) -> str:
    """One segment of a path, encoded once; the colon of refs may stay."""
    # A lone surrogate has no UTF-8 form: replaced, so that the link is wrong but the page stands.
    return quote(str(value), safe=":", errors="replace")


def run_url(run_id: str, part: str = "", fragment: str = "") -> str:
    """The page of a run, one of its parts (such as ``diagnostics``), a section of it."""
    path = f"/ui/runs/{segment(run_id)}"
    return path + (f"/{part}" if part else "") + (f"#{fragment}" if fragment else "")


def series_url(run_id: str, metric: str, stage: str | None = None) -> str:
    """The page of one curve."""
    return address(run_url(run_id, "series"), metric=metric, stage=stage)


def project_url(name: str) -> str:
    """The page of a project."""
    return f"/ui/projects/{segment(name)}"


def address(path: str, **values: object) -> str:
    """A path with a query; values that are None are left out."""
    return with_query(path, values.items())


def with_query(path: str, values: Iterable[tuple[str, object]]) -> str:
    """The same for names that are no identifiers."""
    pairs = [(name, str(value)) for name, value in values if value is not None]
    return f"{path}?{urlencode(pairs, errors='replace')}" if pairs else path


def ref_url(ref: object) -> str | None:
    """The page that shows a ref; ``None`` for refs that have none."""
    kind, _, name = str(ref).partition(":")
    parts = name.split(".")
    if kind == "run" and name:
        return run_url(str(ref))
    if kind == "project" and name:
        return project_url(name)
    if kind == "deployment" and name:
        return f"/ui/deployments/{segment(ref)}"
    if kind in _RUN_PARTS and len(parts) >= 3:
        return run_url(f"run:{parts[0]}.{parts[1]}", fragment=_RUN_PARTS[kind])
    return None
