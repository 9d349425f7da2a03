"""What a run rests on, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from contexta.web._page import PageData
from contexta.web.pages._analysis import TOOLS
from contexta.web.pages._graphs import draw_lineage, explore, kind_of, name_of
from contexta.web.pages._links import address, ref_url, run_url
from contexta.web.pages._view import notes

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.interpretation import CompletenessNote, LineageTraversal
    from contexta.web._params import Params

DIRECTIONS = ("both", "upstream", "downstream")
_ALL = (*DIRECTIONS, "inbound", "outbound")
_DEPTHS = (1, 2, 3, 5, 10)
_EDGES_LISTED = 500


def lineage_page(ctx: Contexta, params: Params) -> PageData:
    """Show the relations around a run, or around ``subject``, a thing near it.

    Raises:
        HttpError: 400, a direction or depth that cannot be.
        ResolutionError: the run is unknown or its name is ambiguous.
    """
    given = params.id("run_id")
    direction = params.choice("direction", _ALL, "both") or "both"
    depth = params.whole("depth", 3, low=0, high=50) or 0
    run = ctx.query_service.require_run(given)
    subject = params.text("subject") or run.run_id
    found, stopped = _traverse(ctx, subject, direction, depth)

    def at(ref: str) -> str | None:
        """Runs lead to their lineage, other things are looked at from here."""
        if kind_of(ref) == "run":
            return address(run_url(ref, "lineage"), direction=direction, depth=depth)
        return address(
            run_url(run.run_id, "lineage"), subject=ref, direction=direction, depth=depth
        )

    here = {"subject": params.text("subject")}
    path = run_url(run.run_id, "lineage")
    drawing, left_out = draw_lineage(
        found, at, found.root_ref, table="lineage-edges", keep=(run.run_id,)
    )
    data = {
        **TOOLS,
        "crumbs": (("Runs", "/ui/runs"), (run.name, run_url(run.run_id)), ("Lineage", None)),
        "run": run,
        "found": found,
        "root": found.root_ref,
        "root_name": name_of(found.root_ref),
        "root_kind": kind_of(found.root_ref),
        "root_url": ref_url(found.root_ref),
        "is_run": found.root_ref == run.run_id,
        "direction": direction,
        "depth": depth,
        "directions": [
            (word, address(path, **here, direction=word, depth=depth)) for word in DIRECTIONS
        ],
        "depths": [
            (count, address(path, **here, direction=direction, depth=count)) for count in _DEPTHS
        ],
        "drawing": drawing if found.edges else None,
        "left_out": left_out,
        "stopped": stopped,
        "edges": [(edge, at(edge.source_ref), at(edge.target_ref)) for edge in found.edges][
            :_EDGES_LISTED
        ],
        "edges_left_out": max(len(found.edges) - _EDGES_LISTED, 0),
        "notes": notes(found.completeness_notes),
    }
    return PageData("lineage", f"Lineage: {given}", data, "runs")


def _traverse(
    ctx: Contexta, subject: str, direction: str, depth: int
) -> tuple[LineageTraversal, int | None]:
    """Both ways are what it rests on and what came of it, together.

    The service's own ``both`` follows stored relations only; a run that names its data or has a
    model says so itself, and a picture without that would look empty.
    """
    if direction != "both":
        return explore(ctx, subject, direction, depth)
    up, up_stopped = explore(ctx, subject, "upstream", depth)
    down, down_stopped = explore(ctx, subject, "downstream", depth)
    stopped = [step for step in (up_stopped, down_stopped) if step is not None]
    edges = {edge.relation_ref: edge for edge in (*up.edges, *down.edges)}
    said = up.completeness_notes + down.completeness_notes
    both = replace(
        up,
        edges=tuple(edges.values()),
        visited_refs=tuple(dict.fromkeys((*up.visited_refs, *down.visited_refs))),
        # That one way has no relations is no gap where the other has some.
        completeness_notes=tuple(dict.fromkeys(n for n in said if not _is_empty(n, edges))),
        evidence_links=tuple(dict.fromkeys((*up.evidence_links, *down.evidence_links))),
    )
    return both, min(stopped, default=None)


def _is_empty(note: CompletenessNote, edges: Mapping[str, object]) -> bool:
    return bool(edges) and note.summary.startswith("lineage_root_has_no_relations")
