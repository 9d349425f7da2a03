"""What is deployed, and where it came from: run, model, data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contexta.web._errors import not_found
from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._graphs import (
    draw_lineage,
    explore,
    kind_of,
    name_of,
    stop_note,
)
from contexta.web.pages._links import address, run_url, segment
from contexta.web.pages._view import notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import (
        ArtifactRecord,
        DeploymentRecord,
        LineageTraversal,
        RunRecord,
    )
    from contexta.web._params import Params

_DEPTH = 6
_LISTED = 500
_NOT_DATA = frozenset({"run", "deployment", "stage", "op", "batch", "sample", "record"})


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """One deployment of the list, with the run and data behind it where they are known."""

    item: DeploymentRecord
    href: str
    run: RunRecord | None


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that a deployment rests on, with the relation that says so."""

    ref: str
    kind: str
    name: str
    relation: str
    href: str | None


def deployment_url(ref: str) -> str:
    """The page of a deployment."""
    return f"/ui/deployments/{segment(ref)}"


def deployments_page(ctx: Contexta, params: Params) -> PageData:
    """Show the deployments, the newest first."""
    project = params.text("project")
    found = sorted(
        ctx.list_deployments(project), key=lambda item: item.started_at or "", reverse=True
    )
    runs: dict[str, RunRecord | None] = {}
    for item in found[:_LISTED]:
        if item.run_id and item.run_id not in runs:
            runs[item.run_id] = _run(ctx, item.run_id)
    data = {
        **TOOLS,
        "crumbs": (("Deployments", None),),
        "rows": [
            DeploymentRow(item, deployment_url(item.deployment_id), runs.get(item.run_id or ""))
            for item in found[:_LISTED]
        ],
        "total": len(found),
        "project": project,
        "projects": ctx.list_projects(),
    }
    return PageData("deployments", "Deployments", data, "deployments")


def deployment_page(ctx: Contexta, params: Params) -> PageData:
    """Show one deployment, and the way from it to the data.

    Raises:
        HttpError: 404, there is no such deployment.
    """
    item = _deployment(ctx, params.id("ref"))
    found, stopped = explore(ctx, item.deployment_id, "upstream", _DEPTH)
    run = None if item.run_id is None else _run(ctx, item.run_id)
    artifact = _artifact(ctx, item, run)
    if run is None and artifact is not None:
        run = _run(ctx, artifact.run_id)

    def at(ref: str) -> str | None:
        if kind_of(ref) == "run":
            return run_url(ref)
        if ref == item.deployment_id or run is None:
            return None
        return address(run_url(run.run_id, "lineage"), subject=ref)

    drawing, left_out = draw_lineage(found, at, item.deployment_id, table="deployment-lineage")
    known = {item.deployment_id, item.artifact_ref, item.run_id}
    data = {
        **TOOLS,
        "crumbs": (("Deployments", "/ui/deployments"), (item.name, None)),
        "item": item,
        "run": run,
        "artifact": artifact,
        "artifact_url": at(artifact.artifact_ref) if artifact is not None else None,
        "datasets": [
            source for source in _sources(found, at) if source.ref not in known and _is_data(source)
        ],
        "others": [
            (other, deployment_url(other.deployment_id))
            for other in (ctx.list_deployments(run_id=run.run_id) if run else ())
            if other.deployment_id != item.deployment_id
        ],
        "drawing": drawing if found.edges else None,
        "left_out": left_out,
        "edges": [
            (edge, at(edge.source_ref), at(edge.target_ref)) for edge in found.edges[:_LISTED]
        ],
        "edges_left_out": max(len(found.edges) - _LISTED, 0),
        "notes": notes(found.completeness_notes + stop_note(stopped)),
    }
    return PageData("deployment", f"Deployment: {item.name}", data, "deployments")


def _deployment(ctx: Contexta, asked: str) -> DeploymentRecord:
    """The deployment of a ref; its name or the end of its ref do where they are unique."""
    items = ctx.list_deployments()
    exact = [item for item in items if item.deployment_id == asked]
    close = [item for item in items if asked in (item.name, name_of(item.deployment_id))]
    found = exact or close
    if len(found) != 1:
        why = "several deployments are called so" if found else "there is no such deployment"
        raise not_found(
            f"deployment {asked[:120]!r}: {why}; /ui/deployments lists all",
            {"deployment": asked, "candidates": [item.deployment_id for item in found[:10]]},
        )
    return found[0]


def _run(ctx: Contexta, run_id: str) -> RunRecord | None:
    """The run of a deployment; ``None`` where it is not in this workspace."""
    from contexta.interpretation import ResolutionError

    try:
        return ctx.query_service.require_run(run_id)
    except ResolutionError:
        return None


def _artifact(
    ctx: Contexta, item: DeploymentRecord, run: RunRecord | None
) -> ArtifactRecord | None:
    if item.artifact_ref is None:
        return None
    of_run = () if run is None else ctx.query_service.get_run_facts(run.run_id).artifacts
    found = next((one for one in of_run if one.artifact_ref == item.artifact_ref), None)
    return found or ctx.repository.get_artifact(item.artifact_ref)


def _sources(found: LineageTraversal, at: Callable[[str], str | None]) -> list[Source]:
    """Everything upstream, with the relation that leads to it; in the order of the way."""
    relations = {edge.target_ref: edge.relation_type for edge in found.edges}
    relations |= {
        e.source_ref: e.relation_type for e in found.edges if e.relation_type == "consumed_by"
    }
    return [
        Source(ref, kind_of(ref), name_of(ref), relations.get(ref, ""), at(ref))
        for ref in dict.fromkeys((*found.visited_refs, *relations))
    ]


def _is_data(source: Source) -> bool:
    return source.kind not in _NOT_DATA
