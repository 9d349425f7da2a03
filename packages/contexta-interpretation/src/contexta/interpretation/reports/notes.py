"""What is missing or doubtful, as a section: counts, then notes with what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contexta.interpretation.compare.models import CompletenessNote
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.reports.completeness import (
    completeness_table,
    in_words,
    is_known,
    looked_at,
)
from contexta.interpretation.reports.escape import cut
from contexta.interpretation.reports.models import ReportSection, ReportTable
from contexta.interpretation.wording import in_reports as fmt
from contexta.interpretation.wording import listed

_VALUES_SHOWN = 3
_MEANINGS = {
    "aggregate_population_empty": "no run has a finite value",
    "alert_metric_missing": "the run has no value of this metric, so the rule says nothing",
    "alert_population_empty": "no run was there to be checked",
    "alert_runs_left_out": "more runs match than were looked at",
    "artifact_body_missing": "the artifact is registered, its content is gone",
    "artifact_kind_unknown": "no run has an artifact of this kind",
    "artifact_size_unavailable": "the size of an artifact is not known",
    "artifact_unreadable": "the artifact cannot be read",
    "baseline_population_small": "few runs to compare with",
    "damage": "stored data that could not be read and is left out",
    "degraded_records": "records that say that something is missing",
    "drift_fits_better": "a straight line fits better than steps: the metric drifts",
    "environment_packages_empty": "no packages were recorded",
    "environment_snapshot_missing": "no environment was recorded",
    "gate_candidates_left_out_of_baseline": "the baseline matched candidates; they are left out",
    "groups_empty": "a side has no runs",
    "groups_nonfinite_left_out": "values that are NaN or infinite are left out",
    "groups_runs_not_completed": "runs that are not completed count as well",
    "groups_population_empty": "no run matches",
    "groups_unequal_sizes": "groups of unequal size need another method to be judged well",
    "groups_unknown_param": "no run has this parameter",
    "lineage_relations_left_out": "there are more links than were followed",
    "lineage_root_has_no_relations": "nothing is linked to this",
    "metric_in_several_stages": "several stages have the metric; the one observed last was used",
    "metric_units_differ": "the runs have this metric in different units",
    "metric_unknown": "no run has this metric",
    "missing_artifact_kind": "a run has no artifact of this kind",
    "missing_metric_for_aggregate": "a run has no value of this metric",
    "missing_metric_for_run": "a run has no value of this metric",
    "missing_stage": "only one of the runs has this stage",
    "missing_stage_for_duration": "a run has not got this stage",
    "missing_stage_records": "a completed stage without records",
    "nonfinite_values": "values that are NaN or infinite; extremes and means leave them out",
    "nonfinite_values_left_out": "values that are NaN or infinite are left out",
    "older_runs_left_out": "there are more runs; only the newest were looked at",
    "points_unreadable": "the run has more points than can be read; files are damaged",
    "project_runs_empty": "the project has no runs",
    "project_unknown": "there is no such project",
    "projects_mixed": "the runs belong to several projects",
    "provenance_evidence_bundle_missing": "the provenance names no evidence",
    "provenance_missing": "no provenance was recorded",
    "record_scope_empty": "the run has no records",
    "report_shapes_differ": "the documents do not have the same sections",
    "run_interrupted": "the process ended without closing the run; its last moments may be missing",
    "run_open": "the run has not been closed; numbers can still change",
    "run_unknown": "there is no such run",
    "runs_are_correlated": "neighboring runs resemble each other; the p values allow for it",
    "runs_not_completed_left_out": "runs that are open or failed are left out",
    "section_presence_changed": "only one of the documents has this section",
    "sparse_metric_capture": "only one of the runs has this metric",
    "stage_duration_unavailable": "a stage has no end, so no duration",
    "stage_unknown": "no run has this stage",
    "step_series_empty": "the run has no points of this metric",
    "steps_assumed": "points without a step took their position",
    "trend_population_empty": "no run was there to be looked at",
}


def notes_section(
    notes: Iterable[CompletenessNote],
    completeness: Completeness | None = None,
    tables: Iterable[ReportTable] = (),
) -> ReportSection:
    """Build the section; ``tables`` come last."""
    items = list(notes)
    lines: list[str] = []
    shown: list[ReportTable] = []
    if completeness is not None and is_known(completeness):
        lines.append(f"{looked_at(completeness)}: {in_words(completeness)}")
        lines += completeness.notes
        if not completeness.complete:
            shown.append(completeness_table(completeness))
        if completeness.notes:
            shown.append(ReportTable(("What is known",), tuple((n,) for n in completeness.notes)))
    lines += [f"{note.severity}: {note.summary}" for note in items]
    if items:
        shown.append(_table(items))
    body = "\n".join(lines) or "Nothing is known to be missing."
    return ReportSection("Completeness Notes", body, tables=(*shown, *tables))


def _table(notes: Sequence[CompletenessNote]) -> ReportTable:
    """One row per note; equal ones about several runs share a row."""
    groups: dict[tuple[str, str], list[CompletenessNote]] = {}
    for note in notes:
        groups.setdefault((note.severity, note.summary), []).append(note)
    rows = tuple(
        (
            severity,
            summary,
            explain(summary),
            details_in_words(note.details or {} for note in items),
        )
        for (severity, summary), items in groups.items()
    )
    columns = ("Severity", "Note", "Meaning", "Details")
    if not any(row[3] for row in rows):
        return ReportTable(columns[:3], tuple(row[:3] for row in rows))
    return ReportTable(columns, rows)


def details_in_words(details: Iterable[Mapping[str, Any]], longest: int | None = None) -> str:
    """What notes name beside their text: runs, counts, the nearest names.

    Args:
        details: of each note; equal values are said once, and of many the first.
        longest: cut values of more characters.
    """
    found: dict[str, dict[str, None]] = {}
    for one in details:
        for name, value in one.items():
            for item in value if isinstance(value, (list, tuple)) else [value]:
                if item is not None:
                    text = fmt.plain(item)
                    shown = text if longest is None else cut(text, longest)
                    found.setdefault(name, {})[shown] = None
    return "; ".join(
        f"{name.replace('_', ' ')}: {listed(list(v), _VALUES_SHOWN)}" for name, v in found.items()
    )


def explain(summary: str) -> str:
    """Say in words what a note means; empty for notes of others."""
    parts = summary.split(":")
    name = parts[1] if parts[0] in ("left", "right") and len(parts) > 1 else parts[0]
    for side in ("left_", "right_"):
        name = name.removeprefix(side)
    return _MEANINGS.get(name, "")
