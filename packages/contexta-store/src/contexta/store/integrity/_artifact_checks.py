"""Artifacts against the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.contract.errors import IntegrityError
from contexta.store.integrity._ledger_checks import absent, deployed_artifacts, named_by_lineage
from contexta.store.integrity._report import WorkspaceIssue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.store.artifacts import ArtifactStore
    from contexta.store.metadata import MetadataStore

_PAGE = 500


def own_issues(artifacts: ArtifactStore, *, full: bool) -> Iterator[WorkspaceIssue]:
    """Yield what the artifact store finds wrong with itself."""
    if full:
        report = artifacts.verify_all()
        for code, refs, what in (
            ("artifact_body_missing", report.missing_refs, "has no body"),
            ("artifact_body_damaged", report.drifted_refs, "has another body than it claims"),
        ):
            for ref in refs:
                yield WorkspaceIssue(
                    code=code,
                    message=f"{ref!r} {what}.",
                    plane="artifacts",
                    ref=ref,
                    suggested_action="put_again",
                )
    else:
        for ref in artifacts.list_refs():
            if not _exists(artifacts, ref):
                yield WorkspaceIssue(
                    code="artifact_body_missing",
                    message=f"{ref!r} has no body.",
                    plane="artifacts",
                    ref=ref,
                    suggested_action="put_again",
                )
    for path, error in artifacts.damage():
        yield WorkspaceIssue(
            code="artifact_binding_damaged",
            message=f"The binding {path.name!r} cannot be read: {error.message}",
            plane="artifacts",
            suggested_action="restore_backup",
            details={"file": path.name},
        )


def run_issues(metadata: MetadataStore, artifacts: ArtifactStore) -> Iterator[WorkspaceIssue]:
    """Yield artifacts of runs that are not in the ledger."""
    last: str | None = None
    while page := artifacts.list_bindings(limit=_PAGE, after=last):
        last = page[-1].artifact_ref
        owners = {
            binding.artifact_ref: binding.manifest_snapshot.run_ref.text
            for binding in page
            if binding.manifest_snapshot.run_ref is not None
        }
        missing, deleted = absent(metadata, "run", owners.values())
        for ref, run_ref in owners.items():
            if run_ref in missing:
                gone = run_ref in deleted
                yield WorkspaceIssue(
                    code="deleted_run_has_artifacts" if gone else "artifact_of_unknown_run",
                    message=f"{ref!r} belongs to {run_ref!r}, which "
                    + ("was deleted." if gone else "the ledger does not know."),
                    plane="artifacts",
                    ref=ref,
                    suggested_action="delete_artifact" if gone else "put_run_or_delete_artifact",
                    details={"run_ref": run_ref},
                )


def deployment_issues(
    metadata: MetadataStore, artifacts: ArtifactStore
) -> Iterator[WorkspaceIssue]:
    """Yield deployments whose artifact has no body."""
    for deployment, artifact in deployed_artifacts(metadata):
        if not _exists(artifacts, artifact):
            yield WorkspaceIssue(
                code="deployment_artifact_missing",
                message=f"{deployment!r} deployed {artifact!r}, which has no body here.",
                plane="artifacts",
                ref=deployment,
                suggested_action="put_artifact",
                details={"artifact_ref": artifact},
            )


def lineage_issues(metadata: MetadataStore, artifacts: ArtifactStore) -> Iterator[WorkspaceIssue]:
    """Yield artifacts that lineage names and that do not exist."""
    known: dict[str, bool] = {}
    for artifact, owner in named_by_lineage(metadata, "artifact"):
        if artifact not in known:
            known[artifact] = _exists(artifacts, artifact)
        if not known[artifact]:
            yield WorkspaceIssue(
                code="lineage_artifact_missing",
                message=f"{owner!r} names {artifact!r}, which is not stored.",
                severity="warning",
                plane="artifacts",
                ref=owner,
                suggested_action="review_lineage",
                details={"artifact_ref": artifact},
            )


def _exists(artifacts: ArtifactStore, ref: str) -> bool:
    """Tell whether an artifact can be read; one whose binding is damaged cannot."""
    try:
        return artifacts.artifact_exists(ref)
    except IntegrityError:
        return False
