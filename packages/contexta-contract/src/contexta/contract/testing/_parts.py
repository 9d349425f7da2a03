"""Pieces that several strategies share: refs, places, endings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from contexta.contract.entities import RUN_STAGE_STATUSES
from contexta.contract.extensions import ExtensionFieldSet
from contexta.contract.testing import _values as v

Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def refs(draw: Draw, kind: str | None = None, count: int | None = None) -> str:
    """Return ref texts of a kind and component count; by default of foreign kinds."""
    chosen = draw(st.sampled_from(["dataset", "model_card", "x1"])) if kind is None else kind
    parts = draw(st.lists(v.components, min_size=count or 1, max_size=count or 4))
    return f"{chosen}:{'.'.join(parts)}"


def subjects() -> st.SearchStrategy[Any]:
    """Return ref texts of core and foreign kinds, or None."""
    return st.none() | refs() | refs("run", 2) | refs("artifact", 3)


@st.composite
def extension_field_sets(draw: Draw) -> ExtensionFieldSet:
    """Return extensions, some of whose fields are read-only."""
    namespace = draw(st.from_regex(r"[a-z]{1,5}\.[a-z][a-z0-9-]{0,5}", fullmatch=True))
    fields = draw(st.dictionaries(v.snake_words, v.json_values, min_size=1, max_size=3))
    readonly = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2))
    return ExtensionFieldSet(namespace=namespace, fields=fields, readonly_fields=readonly)


def closing(draw: Draw) -> dict[str, Any]:
    """Draw what closes most models: their extensions."""
    unique = st.lists(extension_field_sets(), max_size=2, unique_by=lambda e: e.namespace)
    return {"extensions": draw(unique)}


def lifecycle(draw: Draw) -> dict[str, Any]:
    """Draw a status and times that agree with it."""
    status = draw(st.sampled_from(RUN_STAGE_STATUSES))
    started, ended = sorted([draw(v.timestamps), draw(v.timestamps)])
    return {
        "status": status,
        "started_at": started,
        "ended_at": None if status == "open" else ended,
    }


def named(draw: Draw) -> dict[str, Any]:
    """Draw a display name and metadata."""
    return {"display_name": draw(v.texts_or_none), "metadata": draw(v.json_maps)}


def order(draw: Draw) -> dict[str, Any]:
    """Draw a position among siblings."""
    return {"order_index": draw(st.none() | st.integers(0, 2**63 - 1))}


def place_of(draw: Draw) -> dict[str, Any]:
    """Draw the refs of a run, perhaps a stage in it, perhaps a batch in that."""
    run = f"{draw(v.components)}.{draw(v.components)}"
    place: dict[str, Any] = {"run_ref": f"run:{run}"}
    if draw(st.booleans()):
        stage = f"{run}.{draw(v.components)}"
        place["stage_execution_ref"] = f"stage:{stage}"
        owner = stage
        if draw(st.booleans()):
            owner = f"{stage}.{draw(v.components)}"
            place["batch_execution_ref"] = f"batch:{owner}"
        for field, kind in (("sample_observation_ref", "sample"), ("operation_context_ref", "op")):
            if draw(st.booleans()):
                place[field] = f"{kind}:{owner}.{draw(v.components)}"
    if draw(st.booleans()):
        place["deployment_execution_ref"] = draw(refs("deployment", 2))
    return place
