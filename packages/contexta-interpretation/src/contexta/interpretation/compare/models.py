"""Results of comparing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contexta.interpretation._base import FrozenDict, Result
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import ProvenanceView


@dataclass(frozen=True, slots=True)
class CompletenessNote(Result):
    """One thing that limits what a result can say; severity info, warning or error."""

    severity: str
    summary: str
    details: Mapping[str, Any] | None = field(default_factory=FrozenDict)
    evidence_links: tuple[EvidenceLink, ...] = ()

    _mappings = ("details",)
    _sequences = ("evidence_links",)


def unique_notes(notes: list[CompletenessNote]) -> tuple[CompletenessNote, ...]:
    """Drop notes whose severity and summary came before."""
    return tuple({(note.severity, note.summary): note for note in reversed(notes)}.values())[::-1]


@dataclass(frozen=True, slots=True)
class MetricDelta(Result):
    """One metric on both sides. ``stage_name`` ``None``: logged on the run itself.

    ``delta`` is right - left, ``change_ratio`` right / left, ``relative_change``
    (right - left) / abs(left); ``None`` where that is undefined. ``improved`` says whether right is
    better, by what the key says of its direction; ``None`` when neither is, or it says nothing.
    """

    metric_key: str
    left_value: float | None
    right_value: float | None
    delta: float | None
    change_ratio: float | None
    stage_name: str | None
    evidence_links: tuple[EvidenceLink, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    relative_change: float | None = None
    unit: str | None = None
    improved: bool | None = None

    _sequences = ("evidence_links", "completeness_notes")


@dataclass(frozen=True, slots=True)
class ArtifactChange(Result):
    """How the artifacts of one kind differ: added, removed, changed or ambiguous."""

    artifact_kind: str
    left_ref: str | None
    right_ref: str | None
    change: str
    evidence_links: tuple[EvidenceLink, ...] = ()
    change_detail: str | None = None

    _sequences = ("evidence_links",)


@dataclass(frozen=True, slots=True)
class ValueChange(Result):
    """One named value that differs. ``kind``: param, tag, package, variable or environment.

    ``change`` is added (right only), removed (left only) or changed.
    """

    kind: str
    key: str
    left_value: Any
    right_value: Any
    change: str


@dataclass(frozen=True, slots=True)
class StageComparison(Result):
    """One stage of either run; ``stage_name`` ``None`` is the group of run-level metrics."""

    stage_name: str | None
    left_stage_id: str | None
    right_stage_id: str | None
    left_status: str | None
    right_status: str | None
    metric_deltas: tuple[MetricDelta, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()

    _sequences = ("metric_deltas", "completeness_notes", "evidence_links")


@dataclass(frozen=True, slots=True)
class ProvenanceComparison(Result):
    """Whether code, configuration, environment or data differ between two runs."""

    code_revision_changed: bool
    config_hash_changed: bool
    environment_changed: bool
    dataset_refs_changed: bool
    left_provenance: ProvenanceView | None
    right_provenance: ProvenanceView | None


@dataclass(frozen=True, slots=True)
class RunComparison(Result):
    """Two runs side by side.

    ``completeness`` is that of both sides together; each value that only one side has is missing.
    """

    left_run_id: str
    right_run_id: str
    summary: str
    stage_comparisons: tuple[StageComparison, ...] = ()
    artifact_changes: tuple[ArtifactChange, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    provenance_comparison: ProvenanceComparison | None = None
    value_changes: tuple[ValueChange, ...] = ()
    left_completeness: Completeness = field(default_factory=Completeness)
    right_completeness: Completeness = field(default_factory=Completeness)
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = (
        "stage_comparisons",
        "artifact_changes",
        "completeness_notes",
        "evidence_links",
        "value_changes",
    )


@dataclass(frozen=True, slots=True)
class MultiRunMetricRow(Result):
    """One metric over several runs; ``values`` align with ``run_ids`` of the comparison.

    ``best_run_id`` has the best finite value: the highest, or the lowest where the key names
    something one wants little of, such as a loss. ``higher_is_better`` says which.
    """

    metric_key: str
    stage_name: str | None
    values: tuple[float | None, ...]
    best_run_id: str | None = None
    higher_is_better: bool = True

    _sequences = ("values",)


@dataclass(frozen=True, slots=True)
class ArtifactKindCountRow(Result):
    """How many artifacts of one kind each run has."""

    artifact_kind: str
    counts: tuple[int, ...]

    _sequences = ("counts",)


@dataclass(frozen=True, slots=True)
class MultiRunComparison(Result):
    """Several runs side by side; ``run_ids`` are the ids as they were given.

    ``completeness`` is that of all runs together. Where it is not complete, ``run_completeness``
    has that of each run, in the order of ``run_ids``; else it is empty.
    """

    run_ids: tuple[str, ...]
    run_names: tuple[str, ...]
    metric_table: tuple[MultiRunMetricRow, ...] = ()
    artifact_kind_counts: tuple[ArtifactKindCountRow, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()
    evidence_links: tuple[EvidenceLink, ...] = ()
    summary: str = ""
    run_completeness: tuple[Completeness, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)

    _sequences = (
        "run_ids",
        "run_names",
        "metric_table",
        "artifact_kind_counts",
        "completeness_notes",
        "evidence_links",
        "run_completeness",
    )


@dataclass(frozen=True, slots=True)
class SectionDiff(Result):
    """One section of two reports."""

    section_title: str
    left_body: str | None
    right_body: str | None
    changed: bool


@dataclass(frozen=True, slots=True)
class ReportComparison(Result):
    """Two reports, section by section."""

    left_title: str
    right_title: str
    section_diffs: tuple[SectionDiff, ...] = ()
    completeness_notes: tuple[CompletenessNote, ...] = ()

    _sequences = ("section_diffs", "completeness_notes")
