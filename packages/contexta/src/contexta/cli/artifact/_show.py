"""``contexta artifact show``: one artifact."""

from collections.abc import Iterator
from typing import Any

import click

from contexta.cli._draw import Column, Styled, facts, heading, size, table
from contexta.cli._group import global_options
from contexta.cli._output import show
from contexta.cli._state import State
from contexta.cli.artifact._refs import artifact_ref

_MOST = 30


@click.command("show")
@click.argument("artifact", metavar="ARTIFACT")
@global_options
@click.pass_obj
def show_(state: State, artifact: str) -> None:
    """Show one artifact: what it is, where it came from, and who uses it.

    ARTIFACT is its ref, or an ending of it that no other has, such as night-01.model.
    """
    ctx = state.open()
    ref = artifact_ref(ctx, artifact)
    record = ctx.repository.get_artifact(ref)
    binding = ctx.artifact_store.get_binding(ref)
    members = ctx.artifact_store.list_members(ref) if binding.body_kind == "tree" else ()
    edges = _edges(ctx, ref)
    result = {
        "artifact": record,
        "body_kind": binding.body_kind,
        "revision": binding.revision,
        "ingest_mode": binding.ingest_mode,
        "source_name": binding.source_name,
        "stored_at": binding.created_at,
        "members": [
            {"path": one.path, "size_bytes": one.size_bytes, "sha256": one.sha256}
            for one in members
        ],
        "edges": edges,
    }
    show(state, result, lambda: _lines(record, binding, members, edges, state))


def _edges(ctx: Any, ref: str) -> list[Any]:
    """Return what links the artifact to others: relations, and what things say themselves."""
    found = {}
    for direction in ("both", "upstream", "downstream"):
        for edge in ctx.traverse_lineage(ref, direction=direction, max_depth=1).edges:
            if ref in (edge.source_ref, edge.target_ref):
                found[edge.source_ref, edge.relation_type, edge.target_ref] = edge
    return [found[key] for key in sorted(found)]


def _lines(record: Any, binding: Any, members: Any, edges: Any, state: State) -> Iterator[str]:
    pen = state.pen
    pairs: list[tuple[str, object]] = [
        ("Artifact", record.artifact_ref),
        ("Kind", record.kind),
        ("Size", Styled("the body is missing", "bad") if record.body_missing
         else size(record.size_bytes)),
        ("SHA-256", record.hash_value),
        ("File", binding.source_name),
        ("Form", {"tree": "folder", "reference": "file outside"}.get(binding.body_kind, "file")),
        ("Outside at", binding.location),
        ("Run", record.run_id),
        ("Stage", record.stage_id),
        ("Made", pen.when(binding.manifest_snapshot.created_at)),
        ("Stored", pen.when(binding.created_at)),
        ("Revision", binding.revision if binding.revision > 1 else None),
    ]  # fmt: skip
    yield from facts(pairs, pen)
    if record.attributes:
        yield from heading("Attributes", pen)
        yield from facts(record.attributes.items(), pen)
    if edges:
        yield from heading("Lineage", pen)
        yield from table(
            [Column("FROM", middle=True), Column("HOW"), Column("TO", middle=True)],
            [
                (one.source_ref, one.relation_type.replace("_", " "), one.target_ref)
                for one in edges[:_MOST]
            ],
            pen,
        )
        if len(edges) > _MOST:
            yield pen.paint(f"and {len(edges) - _MOST} more; --format json has all", "dim")
    if members:
        yield from heading("Files", pen)
        columns = [Column("PATH", middle=True), Column("SIZE", right=True), Column("SHA-256")]
        rows = [(one.path, size(one.size_bytes), one.sha256[:12]) for one in members[:_MOST]]
        yield from table(columns, rows, pen)
        if len(members) > _MOST:
            yield pen.paint(f"and {len(members) - _MOST} more; --format json has all", "dim")
