"""The questions that a rehearsal asks of a workspace: what people ask on a Monday morning."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contexta._client_reads import ReadDelegates
    from contexta.interpretation import DeploymentRecord, RunRecord, RunSnapshot
    from contexta.recovery import RehearsalSide

_PLACE = "<workspace>"


def answers_of(ctx: ReadDelegates, side: RehearsalSide) -> dict[str, Any]:
    """Return the answers of one workspace about the runs of a rehearsal, by question.

    The list of runs, the snapshot and the metrics of each, the comparison of the two newest, and
    the lineage of each deployment. What came after the backup is left out. Paths of the workspace
    read `<workspace>`, as it lies in two places.
    """
    wanted = set(side.run_refs)
    runs = [run for run in ctx.list_runs() if run.run_id in wanted]
    answers: dict[str, Any] = {"runs": _runs(runs)}
    for run in runs:
        snapshot = ctx.get_run_snapshot(run.run_id)
        answers[f"snapshot {run.run_id}"] = _snapshot(snapshot, side)
        answers[f"metrics {run.run_id}"] = _metrics(snapshot)
        answers[f"points {run.run_id}"] = _digests(snapshot)
    newest = _newest_two(runs)
    if newest:
        answers[f"comparison {newest[0]} {newest[1]}"] = ctx.compare_runs(*newest).to_dict()
    for deployment in _deployments(ctx, runs, side):
        name = deployment.deployment_id
        answers[f"lineage {name}"] = _lineage(ctx, name, side)
    root = str(side.workspace_root)
    return {question: _without_root(answer, root) for question, answer in answers.items()}


def _runs(runs: Iterable[RunRecord]) -> dict[str, Any]:
    return {run.run_id: run.to_dict() for run in runs}


def _snapshot(snapshot: RunSnapshot, side: RehearsalSide) -> dict[str, Any]:
    provenance = snapshot.provenance
    return {
        "run": snapshot.run.to_dict(),
        "stages": [one.to_dict() for one in snapshot.stages],
        "batches": [one.to_dict() for one in snapshot.batches],
        "samples": [one.to_dict() for one in snapshot.samples],
        "artifacts": [one.to_dict() for one in snapshot.artifacts],
        "deployments": [
            one.to_dict() for one in snapshot.deployments if _is_older(one.started_at, side)
        ],
        "relations": [
            one.to_dict() for one in snapshot.relations if _is_older(one.recorded_at, side)
        ],
        "environment": None if snapshot.environment is None else snapshot.environment.to_dict(),
        "provenance": None if provenance is None else provenance.to_dict(),
        "record_counts": dict(snapshot.record_counts),
        "completeness_notes": list(snapshot.completeness_notes),
    }


def _metrics(snapshot: RunSnapshot) -> dict[str, Any]:
    return {f"{one.stage_name or ''}/{one.metric_key}": one.to_dict() for one in snapshot.metrics}


def _digests(snapshot: RunSnapshot) -> dict[str, str]:
    """Return a digest of the points of each series: equal points, equal digests."""
    return {
        f"{one.stage_id or ''}/{one.metric_key}": hashlib.sha256(
            json.dumps(one.to_dict(), sort_keys=True).encode()
        ).hexdigest()
        for one in snapshot.series
    }


def _newest_two(runs: Iterable[RunRecord]) -> tuple[str, str] | None:
    ordered = sorted(runs, key=lambda run: (run.started_at or "", run.run_id))
    return (ordered[-2].run_id, ordered[-1].run_id) if len(ordered) > 1 else None


def _deployments(
    ctx: ReadDelegates, runs: Iterable[RunRecord], side: RehearsalSide
) -> list[DeploymentRecord]:
    wanted = {run.run_id for run in runs}
    return [
        one
        for one in ctx.list_deployments()
        if one.run_id in wanted and _is_older(one.started_at, side)
    ]


def _lineage(ctx: ReadDelegates, deployment: str, side: RehearsalSide) -> dict[str, Any]:
    found = ctx.traverse_lineage(deployment).to_dict()
    edges = [edge for edge in found["edges"] if _is_older(edge["recorded_at"], side)]
    return {
        "root_ref": found["root_ref"],
        "edges": {f"{edge['relation_ref']} {edge['direction']}": edge for edge in edges},
    }


def _is_older(moment: str | None, side: RehearsalSide) -> bool:
    # Both are UTC texts of one form, which sort as the instants do.
    return moment is None or moment < side.created_at


def _without_root(value: Any, root: str) -> Any:
    if isinstance(value, str):
        return value.replace(root, _PLACE)
    if isinstance(value, dict):
        return _replaced(value, root)
    if isinstance(value, (list, tuple)):
        return [_without_root(item, root) for item in value]
    return value


def _replaced(values: Mapping[str, Any], root: str) -> dict[str, Any]:
    return {key.replace(root, _PLACE): _without_root(item, root) for key, item in values.items()}
