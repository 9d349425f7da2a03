"""Runs that a retention lets go, and those that something still rests on."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from contexta.client import Contexta


class OldRuns(NamedTuple):
    """Refs of the runs that may go, and of those that stay, with the reason."""

    runs: tuple[str, ...]
    kept: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"runs": list(self.runs), "kept": dict(self.kept)}


def old_runs(
    ctx: "Contexta",
    *,
    finished_before: datetime | None,
    keep_last: int | None,
    keep_tagged: Sequence[str],
    project: str | None,
) -> OldRuns:
    """Ask the ledger which runs are too many, and keep those whose artifacts others need.

    The ledger protects what its rows name. That a model was made from the data of an old run
    stands in relations of artifacts and in the data of runs, and is looked for here.
    """
    plan = ctx.metadata_store.plan_retention(
        finished_before=finished_before,
        keep_last=keep_last,
        keep_tagged=keep_tagged,
        project_ref=None if project is None else f"project:{project}",
    )
    kept = {one.ref: one.line for one in plan.kept}
    going = set(plan.runs)
    while True:
        needed = {run: why for run in sorted(going) if (why := _needed_by(ctx, run, going))}
        if not needed:
            return OldRuns(tuple(run for run in plan.runs if run in going), kept)
        # What one of them rests on may be needed now that it stays: look again.
        kept |= needed
        going -= set(needed)


def _needed_by(ctx: "Contexta", run: str, going: set[str]) -> str | None:
    """Return why the artifacts of a run have to stay, or None."""
    ledger = ctx.metadata_store
    refs = [one.artifact_ref for one in ctx.artifact_store.list_bindings(run_ref=run)]
    if not refs:
        return None
    for relation in ledger.relations.list_relations_for_refs(refs):
        for end in (str(relation.source_ref), str(relation.target_ref)):
            if end not in refs and _owner(end) not in going and end in _users(relation, refs):
                return f"{end} rests on it ({relation.relation_type})"
    for ref in refs:
        for user in ledger.runs.list_runs(dataset_ref=ref):
            if str(user.run_ref) not in going:
                return f"{user.run_ref} used {ref}"
    for deployment in ledger.deployments.iter_deployment_executions():
        if str(deployment.artifact_ref) in refs:
            return f"{deployment.deployment_execution_ref} serves {deployment.artifact_ref}"
    return None


def _users(relation: Any, refs: Sequence[str]) -> set[str]:
    """Return the end of a relation that rests on the other, where that is one of `refs`.

    All relations point from the user to what it uses, but for ``consumed_by``.
    """
    source, target = str(relation.source_ref), str(relation.target_ref)
    user, used = (target, source) if relation.relation_type == "consumed_by" else (source, target)
    return {user} if used in refs else set()


def _owner(ref: str) -> str:
    """Return the run that a ref lies in, by its text."""
    return "run:" + ".".join(ref.partition(":")[2].split(".")[:2])
