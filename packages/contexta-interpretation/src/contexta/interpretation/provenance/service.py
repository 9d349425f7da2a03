"""Judges reproducibility and compares environments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from contexta.interpretation.compare._values import environment_changes
from contexta.interpretation.compare.models import CompletenessNote, ValueChange
from contexta.interpretation.protocols import EnvironmentReader
from contexta.interpretation.provenance.errors import ProvenanceError
from contexta.interpretation.provenance.models import (
    EnvironmentDiff,
    EnvironmentValueChange,
    ReproducibilityAudit,
)
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import (
    EnvironmentRecord,
    ProvenanceView,
    RunRecord,
)

_SEED = re.compile(r"(?:^|[^a-z])(?:seed|random_?state|rng)s?(?:$|[^a-z])", re.IGNORECASE)


class ProvenanceService:
    """Says what is known of how a run came about."""

    def __init__(self, query_service: QueryService) -> None:
        """Ask through ``query_service``."""
        self.query_service = query_service

    def audit_reproducibility(self, run_id: str) -> ReproducibilityAudit:
        """Return which of code, data, configuration, seed and environment of a run are known.

        ``checks`` has ``code`` (a revision), ``code_committed`` (nothing changed beside it),
        ``data``, ``configuration``, ``seed`` (a parameter of that name), ``environment`` and
        ``packages``.

        Raises:
            ProvenanceError: the repository knows no environments
                (``provenance_metadata_store_unavailable``).
            ResolutionError: the run is unknown or its name is ambiguous.
        """
        repository = self._environments()
        run = self.query_service.require_run(run_id)
        provenance = self.query_service.repository.get_provenance(run.run_id)
        environment = repository.get_environment(run.run_id)
        artifacts = self.query_service.repository.list_artifacts(run_id=run.run_id)
        checks = {
            "code": run.code_revision is not None,
            "code_committed": run.code_revision is not None
            and run.metadata.get("code_dirty") is not True,
            "data": run.dataset_ref is not None
            or any(item.kind == "dataset_snapshot" for item in artifacts),
            "configuration": bool(run.params)
            or any(item.kind == "config_snapshot" for item in artifacts),
            "seed": any(_names_a_seed(name) for name in run.params),
            "environment": environment is not None,
            "packages": environment is not None and bool(environment.packages),
        }
        known = sum(checks.values()) + (provenance is not None)
        status = "complete" if all(checks.values()) else "partial" if known else "missing"
        return ReproducibilityAudit(
            run_id=run.run_id,
            provenance=provenance,
            environment_ref=None if environment is None else environment.environment_ref,
            python_version=None if environment is None else environment.python_version,
            platform=None if environment is None else environment.platform,
            package_count=0 if environment is None else len(environment.packages),
            environment_variable_count=(
                0 if environment is None else len(environment.environment_variables)
            ),
            reproducibility_status=status,
            completeness_notes=tuple(_audit_notes(run, checks, provenance, environment)),
            evidence_links=_links(run, provenance, environment),
            checks=checks,
        )

    def compare_environments(self, left_run_id: str, right_run_id: str) -> EnvironmentDiff:
        """Return how the environments captured last of two runs differ, sorted by key.

        Raises:
            ProvenanceError: the repository knows no environments
                (``provenance_metadata_store_unavailable``).
            ResolutionError: a run is unknown or its name is ambiguous.
        """
        repository = self._environments()
        runs = [self.query_service.require_run(run_id) for run_id in (left_run_id, right_run_id)]
        left, right = (repository.get_environment(run.run_id) for run in runs)
        changes = [] if left is None or right is None else environment_changes(left, right)
        notes = tuple(
            CompletenessNote(
                "warning", f"{side}_environment_snapshot_missing", {"run_id": run.run_id}
            )
            for side, run, found in zip(("left", "right"), runs, (left, right), strict=True)
            if found is None
        )
        facts = {change.key for change in changes if change.kind == "environment"}
        links = [
            link
            for run, found in zip(runs, (left, right), strict=True)
            for link in _links(run, None, found)
        ]
        return EnvironmentDiff(
            left_run_id=runs[0].run_id,
            right_run_id=runs[1].run_id,
            left_environment_ref=None if left is None else left.environment_ref,
            right_environment_ref=None if right is None else right.environment_ref,
            python_version_changed="python_version" in facts,
            platform_changed="platform" in facts,
            added_packages=_pick(changes, "package", "added"),
            removed_packages=_pick(changes, "package", "removed"),
            changed_packages=_pick(changes, "package", "changed"),
            added_variables=_pick(changes, "variable", "added"),
            removed_variables=_pick(changes, "variable", "removed"),
            changed_variables=_pick(changes, "variable", "changed"),
            completeness_notes=notes,
            evidence_links=tuple(dict.fromkeys(links)),
        )

    def _environments(self) -> EnvironmentReader:
        repository = self.query_service.repository
        if not isinstance(repository, EnvironmentReader):
            name = type(repository).__name__
            raise ProvenanceError(
                f"a {name} knows no environments; use a repository over a metadata store",
                code="provenance_metadata_store_unavailable",
                details={"repository_type": name},
            )
        return repository


def _pick(
    changes: Sequence[ValueChange], kind: str, change: str
) -> tuple[EnvironmentValueChange, ...]:
    return tuple(
        EnvironmentValueChange(item.key, item.left_value, item.right_value)
        for item in changes
        if item.kind == kind and item.change == change
    )


def _audit_notes(
    run: RunRecord,
    checks: dict[str, bool],
    provenance: ProvenanceView | None,
    environment: EnvironmentRecord | None,
) -> list[CompletenessNote]:
    details = {"run_id": run.run_id}
    missing = [
        ("warning", "code_revision_missing", not checks["code"]),
        ("warning", "code_changes_uncommitted", checks["code"] and not checks["code_committed"]),
        ("warning", "dataset_ref_missing", not checks["data"]),
        ("warning", "configuration_missing", not checks["configuration"]),
        ("warning", "seed_missing", not checks["seed"]),
        ("info", "provenance_missing", provenance is None),
        ("warning", "environment_snapshot_missing", environment is None),
    ]
    notes = [
        CompletenessNote(severity, text, details) for severity, text, is_so in missing if is_so
    ]
    if environment is not None and not environment.packages:
        where = {**details, "environment_ref": environment.environment_ref}
        notes.append(CompletenessNote("warning", "environment_packages_empty", where))
    if provenance is not None and provenance.evidence_bundle_ref is None:
        where = {**details, "provenance_ref": provenance.provenance_ref}
        notes.append(CompletenessNote("info", "provenance_evidence_bundle_missing", where))
    return notes


def _names_a_seed(name: str) -> bool:
    """Whether a parameter is a seed by its name: ``seed``, ``random_seed``, ``data.seed``."""
    return bool(_SEED.search(name))


def _links(
    run: RunRecord, provenance: ProvenanceView | None, environment: EnvironmentRecord | None
) -> tuple[EvidenceLink, ...]:
    links = [EvidenceLink("run", run.run_id, run.name)]
    if provenance is not None:
        links.append(
            EvidenceLink("provenance", provenance.provenance_ref, provenance.assertion_mode)
        )
    if environment is not None:
        links.append(EvidenceLink("environment", environment.environment_ref, environment.platform))
    return tuple(links)
