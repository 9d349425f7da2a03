"""What notes on completeness mean, for people.

Reports, pages and the terminal say it in the same words.  The codes are for programs.
"""

from __future__ import annotations

__all__ = ["explain", "in_a_sentence"]

_SIDES = ("left", "right")
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
    "groups_bootstrap_alarms_more": "the bootstrap finds differences by chance more often than "
    "its level says",
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


def explain(summary: str) -> str:
    """Say in words what a note means; empty for notes of others."""
    return _MEANINGS.get(_parts(summary)[1], "")


def in_a_sentence(summary: str) -> str:
    """Say a note with what it is about: ``a run has no value of this metric: loss``.

    Of a note of others, which has no meaning here, the code is said without underscores.
    """
    side, name, subject = _parts(summary)
    told = _MEANINGS.get(name) or (name if " " in name else name.replace("_", " "))
    return ": ".join(part for part in (side, told, subject.strip()) if part)


def _parts(summary: str) -> tuple[str, str, str]:
    """Return the side of a comparison, the code, and what it is about; empty where none is."""
    side, name, subject = "", *summary.partition(":")[::2]
    if name in _SIDES:
        side, name, subject = name, *subject.partition(":")[::2]
    for one in _SIDES:
        if name not in _MEANINGS and name.removeprefix(f"{one}_") in _MEANINGS:
            side, name = one, name.removeprefix(f"{one}_")
    return side, name, subject
