"""Metrics of two runs, stage by stage."""

from __future__ import annotations

import math
from collections.abc import Sequence

from contexta.interpretation.compare.direction import better_when_higher
from contexta.interpretation.compare.models import CompletenessNote, MetricDelta, StageComparison
from contexta.interpretation.compare.policy import ComparisonPolicy
from contexta.interpretation.query._snapshot import RunFacts
from contexta.interpretation.query.metrics import aggregated, pick_summary
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import MetricSummaryRecord, StageRecord


def compare_stages(
    left: RunFacts, right: RunFacts, policy: ComparisonPolicy
) -> tuple[StageComparison, ...]:
    """Return the run-level group first (if any run has such metrics), then stages by name."""
    out = []
    run_level = [_rows(side.metrics, None) for side in (left, right)]
    if any(run_level):
        deltas = _deltas(None, run_level[0], run_level[1], policy)
        out.append(
            StageComparison(
                None, None, None, left.run.status, right.run.status, deltas, _sparse(deltas), ()
            )
        )
    left_stages = {stage.name: stage for stage in reversed(left.stages)}
    right_stages = {stage.name: stage for stage in reversed(right.stages)}
    for name in sorted(left_stages.keys() | right_stages.keys()):
        out.append(
            _compare_stage(
                name,
                (left_stages.get(name), _rows(left.metrics, name)),
                (right_stages.get(name), _rows(right.metrics, name)),
                policy,
            )
        )
    return tuple(out)


Side = tuple[StageRecord | None, dict[str, MetricSummaryRecord]]


def _compare_stage(name: str, left: Side, right: Side, policy: ComparisonPolicy) -> StageComparison:
    left_stage, right_stage = left[0], right[0]
    notes: list[CompletenessNote] = []
    if left_stage is None or right_stage is None:
        notes.append(
            CompletenessNote(
                policy.missing_stage_severity,
                f"missing_stage:{name}",
                {
                    "left_present": left_stage is not None,
                    "right_present": right_stage is not None,
                },
            )
        )
    deltas = _deltas(name, left[1], right[1], policy)
    stages = [stage for stage in (left_stage, right_stage) if stage is not None]
    return StageComparison(
        stage_name=name,
        left_stage_id=None if left_stage is None else left_stage.stage_id,
        right_stage_id=None if right_stage is None else right_stage.stage_id,
        left_status=None if left_stage is None else left_stage.status,
        right_status=None if right_stage is None else right_stage.status,
        metric_deltas=deltas,
        completeness_notes=(*notes, *_sparse(deltas)),
        evidence_links=tuple(EvidenceLink("stage", s.stage_id, s.name) for s in stages),
    )


def _rows(
    metrics: Sequence[MetricSummaryRecord], stage_name: str | None
) -> dict[str, MetricSummaryRecord]:
    rows: dict[str, MetricSummaryRecord] = {}
    for key in dict.fromkeys(row.metric_key for row in metrics if row.stage_name == stage_name):
        same = [row for row in metrics if row.metric_key == key and row.stage_name == stage_name]
        picked = pick_summary(same, stage_name)
        if picked is not None:
            rows[key] = picked
    return rows


def _deltas(
    stage_name: str | None,
    left: dict[str, MetricSummaryRecord],
    right: dict[str, MetricSummaryRecord],
    policy: ComparisonPolicy,
) -> tuple[MetricDelta, ...]:
    out = []
    for key in sorted(left.keys() | right.keys()):
        sides = (left.get(key), right.get(key))
        values = [
            None if row is None else aggregated(row, policy.metric_selection) for row in sides
        ]
        same = _units(sides) is None and _same(values[0], values[1], policy)
        if same and not policy.include_unchanged_metrics:
            continue
        out.append(_delta(key, stage_name, sides, values))
    return tuple(out)


def _delta(
    key: str,
    stage_name: str | None,
    sides: tuple[MetricSummaryRecord | None, MetricSummaryRecord | None],
    values: list[float | None],
) -> MetricDelta:
    left, right = values
    units = _units(sides)
    delta = ratio = None
    if left is not None and right is not None and units is None:
        delta = right - left
        ratio = right / left if left != 0 else None
    notes: tuple[CompletenessNote, ...] = ()
    if units is not None:
        place = f"{stage_name or 'run'}:{key}"
        details = {"left_unit": units[0], "right_unit": units[1]}
        notes = (CompletenessNote("warning", f"metric_units_differ:{place}", details),)
    if (left is None) != (right is None):
        notes = (
            CompletenessNote(
                "warning",
                f"sparse_metric_capture:{stage_name or 'run'}:{key}",
                {"left_value": left, "right_value": right},
            ),
        )
    return MetricDelta(
        metric_key=key,
        left_value=left,
        right_value=right,
        delta=delta,
        change_ratio=ratio,
        stage_name=stage_name,
        evidence_links=tuple(
            EvidenceLink("record", row.last_record_id, key)
            for row in sides
            if row is not None and row.last_record_id
        ),
        completeness_notes=notes,
        relative_change=None if delta is None or not left else delta / abs(left),
        unit=None if units else next((row.unit for row in sides if row and row.unit), None),
        improved=_improved(key, delta),
    )


def _units(
    sides: tuple[MetricSummaryRecord | None, MetricSummaryRecord | None],
) -> tuple[str, str] | None:
    """Return the units of both sides where they differ, so that no difference can be told."""
    left, right = (None if row is None else row.unit for row in sides)
    return (left, right) if left and right and left != right else None


def _same(left: float | None, right: float | None, policy: ComparisonPolicy) -> bool:
    if left is None or right is None:
        return False
    if math.isnan(left) and math.isnan(right):
        return True
    tolerance = getattr(policy, "relative_tolerance", 1e-12)
    return math.isclose(left, right, rel_tol=tolerance, abs_tol=0.0)


def _sparse(deltas: tuple[MetricDelta, ...]) -> tuple[CompletenessNote, ...]:
    return tuple(note for delta in deltas for note in delta.completeness_notes)


def _improved(key: str, delta: float | None) -> bool | None:
    higher = better_when_higher(key)
    if higher is None or not delta or math.isnan(delta):
        return None
    return (delta > 0) == higher
