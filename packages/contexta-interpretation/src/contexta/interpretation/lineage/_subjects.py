"""What lineage is asked about, found by ref or name."""

from __future__ import annotations

from contexta.contract.errors import IntegrityError
from contexta.interpretation._known_names import near_runs
from contexta.interpretation._nearest import nearest
from contexta.interpretation.errors import ResolutionError
from contexta.interpretation.protocols import CompositeRepository


def subject_ref_of(repository: CompositeRepository, name: str) -> str:
    """Return the ref of the run, artifact or deployment of a name; the name when there is none.

    Raises:
        ResolutionError: several have it (``query_deployment_ambiguous`` and the like).
    """
    run = repository.get_run(name)
    if run is not None:
        return run.run_id
    artifact = repository.get_artifact(name)
    if artifact is not None:
        return artifact.artifact_ref
    found = [
        item.deployment_id
        for item in repository.list_deployments()
        if name in (item.name, item.deployment_id.partition(":")[2])
        or item.deployment_id.endswith("." + name)
    ]
    if len(found) > 1:
        raise ResolutionError(
            f"{name!r} fits {len(found)} deployments: {', '.join(found[:10])}; "
            "use one of these refs",
            code="query_deployment_ambiguous",
            details={"deployment_id": name, "candidates": found},
        )
    return found[0] if found else name


def near_subjects(repository: CompositeRepository, ref: str) -> tuple[str, ...] | None:
    """Return refs like one that nothing has; ``None`` when it exists, or is no thing of runs."""
    kind = ref.partition(":")[0]
    if kind in (ref, "run"):
        return near_runs(repository, ref) if repository.get_run(ref) is None else None
    if kind == "deployment":
        known = [item.deployment_id for item in repository.list_deployments()]
        return None if ref in known else nearest(ref, known)
    if kind == "artifact" and not _is_artifact(repository, ref):
        return nearest(ref, (item.artifact_ref for item in repository.list_artifacts()))
    return None


def _is_artifact(repository: CompositeRepository, ref: str) -> bool:
    try:
        return repository.get_artifact(ref) is not None
    except IntegrityError:  # it is there, and damaged
        return True
