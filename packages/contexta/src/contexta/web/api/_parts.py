"""Routes of what a run is made of: metrics, events, spans, batches, samples, deployments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contexta.web._payloads import to_jsonable

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.web._params import Params

_SHOWN = 200


def page_of(items: Sequence[Any], params: Params, default: int = _SHOWN) -> dict[str, Any]:
    """Return a part of a list as ``items``, with its total and where the next part starts."""
    offset = params.whole("offset", 0, low=0) or 0
    limit = params.page_size(default) or default
    shown = list(items[: offset + limit])[offset:]
    end = offset + len(shown)
    return {
        "items": to_jsonable(shown),
        "total": len(items),
        "offset": offset,
        "next_offset": end if end < len(items) else None,
    }


def _named(page: dict[str, Any], name: str, run_id: str | None = None) -> dict[str, Any]:
    shown = {name: page.pop("items"), **page}
    return shown if run_id is None else {"run_id": run_id, **shown}


def metrics(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return each metric of a run, without its points."""
    facts = ctx.query_service.get_run_facts(params.id("run_id"))
    stage = params.text("stage")
    return {
        "run_id": facts.run.run_id,
        "metrics": [
            {**row.to_dict(), "stage_name": row.stage_name}
            for row in facts.metrics
            if stage is None or stage in (row.stage_name, row.stage_id)
        ],
        "completeness_notes": list(facts.completeness_notes),
        "completeness": to_jsonable(facts.completeness),
    }


def events(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return the events of a run in the order they came."""
    run_id, found = _records(ctx, params, "event")
    level = params.text("level")
    if level is not None:
        found = [item for item in found if item.payload.get("level") == level]
    return _named(page_of(found, params), "events", run_id)


def spans(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return the spans of a run in the order they came; they name their parents."""
    run_id, found = _records(ctx, params, "span")
    return _named(page_of(found, params), "spans", run_id)


def _records(ctx: Contexta, params: Params, record_type: str) -> tuple[str, Sequence[Any]]:
    run_id = ctx.query_service.require_run(params.id("run_id")).run_id
    stage = params.text("stage")
    found = ctx.repository.list_records(run_id=run_id, stage_id=stage, record_type=record_type)
    return run_id, found


def batches(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return the batches of a run."""
    run_id = ctx.query_service.require_run(params.id("run_id")).run_id
    return {
        "run_id": run_id,
        "batches": to_jsonable(ctx.list_batches(run_id, params.text("stage"))),
    }


def samples(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return the samples of a run."""
    run_id = ctx.query_service.require_run(params.id("run_id")).run_id
    found = ctx.list_samples(run_id, params.text("stage"), params.text("batch"))
    return _named(page_of(found, params), "samples", run_id)


def deployments(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return the deployments of a run."""
    run_id = ctx.query_service.require_run(params.id("run_id")).run_id
    return {"run_id": run_id, "deployments": to_jsonable(ctx.list_deployments(run_id=run_id))}


def all_deployments(ctx: Contexta, params: Params) -> dict[str, Any]:
    """Return the deployments of the workspace, a project or a run."""
    found = ctx.list_deployments(params.text("project"), params.text("run"))
    return _named(page_of(found, params), "deployments")
