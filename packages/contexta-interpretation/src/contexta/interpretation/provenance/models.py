"""Results of audits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contexta.interpretation._base import FrozenDict, Result
from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import ProvenanceView


@dataclass(frozen=True, slots=True)
class ReproducibilityAudit(Result):
    """Whether somebody else could run it again.

    ``checks`` say which of code, data, configuration, seed, environment and packages are known,
    and whether the code was committed as it ran;
    ``reproducibility_status`` is complete (all), missing (none, and no provenance) or partial.
    """

    run_id: str
    provenance: ProvenanceView | None
    environment_ref: str | None
    python_version: str | None
    platform: str | None
    package_count: int
    environment_variable_count: int
    reproducibility_status: str
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    checks: Mapping[str, bool] = field(default_factory=FrozenDict)

    _sequences = ("completeness_notes", "evidence_links")
    _mappings = ("checks",)


@dataclass(frozen=True, slots=True)
class EnvironmentValueChange(Result):
    """One package or variable; ``None`` on the side that lacks it."""

    key: str
    left_value: str | None
    right_value: str | None


@dataclass(frozen=True, slots=True)
class EnvironmentDiff(Result):
    """Two environments. With one of them unknown, nothing counts as changed; a note says so."""

    left_run_id: str
    right_run_id: str
    left_environment_ref: str | None
    right_environment_ref: str | None
    python_version_changed: bool
    platform_changed: bool
    added_packages: tuple[EnvironmentValueChange, ...] = ()
    removed_packages: tuple[EnvironmentValueChange, ...] = ()
    changed_packages: tuple[EnvironmentValueChange, ...] = ()
    added_variables: tuple[EnvironmentValueChange, ...] = ()
    removed_variables: tuple[EnvironmentValueChange, ...] = ()
    changed_variables: tuple[EnvironmentValueChange, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = (
        "added_packages",
        "removed_packages",
        "changed_packages",
        "added_variables",
        "removed_variables",
        "changed_variables",
        "completeness_notes",
        "evidence_links",
    )
