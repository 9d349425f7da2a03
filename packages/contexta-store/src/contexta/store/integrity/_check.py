"""Run the checks over all planes, each guarded from the damage of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError
from contexta.contract.time import iso_utc_now
from contexta.store.integrity._report import WorkspaceIntegrityReport, WorkspaceIssue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from contexta.store.artifacts import ArtifactStore
    from contexta.store.metadata import MetadataStore
    from contexta.store.records import RecordStore

_PLANES = ("metadata", "records", "artifacts")


def check_workspace(
    metadata: MetadataStore | None,
    records: RecordStore | None,
    artifacts: ArtifactStore | None,
    *,
    deep: bool = False,
) -> WorkspaceIntegrityReport:
    """Check that the planes of a workspace agree. Reads only; the stores stay open.

    The stores may be in use, also by others: what is written during the check may be missed, and
    is not reported as wrong unless it is half there.

    Args:
        metadata: None leaves out what needs the ledger.
        records: None leaves out what needs the records.
        artifacts: None leaves out what needs the artifacts.
        deep: Whether each plane also checks itself, reading every byte, and each record is
            looked at for the stage, batch and sample that it names. Otherwise runs are compared,
            and the stages of metrics.

    Returns:
        The report. Damage inside of a plane is an issue of that plane.
    """
    from contexta.store.integrity import _artifact_checks, _ledger_checks, _record_checks

    given = {"metadata": metadata, "records": records, "artifacts": artifacts}
    planes = {name: "absent" if given[name] is None else "checked" for name in _PLANES}
    issues: list[WorkspaceIssue] = []

    def run(plane: str, check: Callable[[], Iterable[WorkspaceIssue]]) -> None:
        try:
            issues.extend(check())
        except ContextaError as error:
            planes[plane] = "damaged"
            issues.append(_unreadable(plane, error))

    if metadata is not None:
        run("metadata", lambda: _ledger_checks.own_issues(metadata, full=deep))
    if records is not None:
        run("records", lambda: _record_checks.own_issues(records, full=deep))
    if artifacts is not None:
        run("artifacts", lambda: _artifact_checks.own_issues(artifacts, full=deep))
    if metadata is not None and records is not None:
        run("records", lambda: _record_checks.run_issues(metadata, records))
        run("records", lambda: _record_checks.context_issues(metadata, records, full=deep))
        run("records", lambda: _record_checks.writer_issues(metadata, records))
        run("records", lambda: _record_checks.lineage_issues(metadata, records))
    if metadata is not None and artifacts is not None:
        run("artifacts", lambda: _artifact_checks.run_issues(metadata, artifacts))
        run("artifacts", lambda: _artifact_checks.deployment_issues(metadata, artifacts))
        run("artifacts", lambda: _artifact_checks.lineage_issues(metadata, artifacts))
    ordered = sorted(issues, key=lambda issue: _PLANES.index(issue.plane))
    counts = {
        name: sum(issue.severity == name for issue in ordered) for name in ("error", "warning")
    }
    return WorkspaceIntegrityReport(
        not ordered, iso_utc_now(), deep, planes, tuple(ordered), counts
    )


def _unreadable(plane: str, error: ContextaError) -> WorkspaceIssue:
    return WorkspaceIssue(
        code="plane_unreadable",
        message=f"The {plane} could not be read to the end: {error.message}",
        plane=plane,
        suggested_action="repair_plane",
        details={"code": error.code},
    )
