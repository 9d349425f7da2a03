"""Runs that a retention lets go, and those that something still rests on."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.store.metadata import DeletionBlocker

_AT_ONCE = 500
_IN_RUNS = frozenset({"artifact", "batch", "op", "record", "run", "sample", "stage"})


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
    kept = _reasons(plan.kept)
    going = set(plan.runs)
    needs = _needs(ctx, going)
    while True:
        needed = {
            run: why
            for run in sorted(going)
            for user, why in reversed(needs.get(run, ()))
            if user not in going
        }
        if not needed:
            return OldRuns(tuple(run for run in plan.runs if run in going), kept)
        # What one of them rests on may be needed now that it stays: look again.
        kept |= needed
        going -= set(needed)


def _reasons(blockers: "Sequence[DeletionBlocker]") -> dict[str, str]:
    """Return why each run stays; what holds a part of it is said with the part."""
    found: dict[str, dict[str, None]] = {}
    for one in blockers:
        run = _run_of(one.ref) or one.ref
        why = one.reason if one.ref == run else f"{one.ref}: {one.reason}"
        found.setdefault(run, {})[why] = None
    return {run: "; ".join(why) for run, why in found.items()}


def _needs(ctx: "Contexta", runs: set[str]) -> dict[str, list[tuple[str | None, str]]]:
    """Return who rests on the artifacts of runs: the run of the user, and the reason."""
    ledger = ctx.metadata_store
    owners = {
        one.artifact_ref: run
        for one in ctx.artifact_store.list_bindings()
        if (run := str(one.manifest_snapshot.run_ref)) in runs
    }
    found: dict[str, list[tuple[str | None, str]]] = {}

    def note(used: str, user: str, why: str) -> None:
        if used in owners and _run_of(user) != owners[used]:
            found.setdefault(owners[used], []).append((_run_of(user), why))

    for relation in _relations(ledger, list(owners)):
        user, used = str(relation.source_ref), str(relation.target_ref)
        if relation.relation_type == "consumed_by":  # the only one that points the other way
            user, used = used, user
        note(used, user, f"{user} rests on it ({relation.relation_type})")
    for row in ledger.runs.run_rows():
        if row.dataset_ref is not None:
            note(row.dataset_ref, row.ref, f"{row.ref} used {row.dataset_ref}")
    for one in ledger.deployments.iter_deployment_executions():
        ref = str(one.deployment_execution_ref)
        note(str(one.artifact_ref), ref, f"{ref} serves {one.artifact_ref}")
    return found


def _relations(ledger: Any, refs: Sequence[str]) -> Iterator[Any]:
    for start in range(0, len(refs), _AT_ONCE):
        yield from ledger.relations.list_relations_for_refs(refs[start : start + _AT_ONCE])


def _run_of(ref: str) -> str | None:
    """Return the run that a ref lies in, by its text; None for what lies in none."""
    kind, _, value = ref.partition(":")
    parts = value.split(".")
    return f"run:{parts[0]}.{parts[1]}" if kind in _IN_RUNS and len(parts) > 1 else None
