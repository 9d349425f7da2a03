"""Rows of results out of rows of tables, and what they say about completeness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from contexta.contract.time import from_epoch_us
from contexta.interpretation.aggregates._engine import Answered, Asked
from contexta.interpretation.aggregates._questions import CURVE, RUN_VALUES, TREND, Question
from contexta.interpretation.aggregates.models import (
    CurvePoint,
    GroupStatistics,
    RecordCounts,
    RunValue,
    SeriesSummary,
)
from contexta.interpretation.completeness.models import Completeness

if TYPE_CHECKING:
    import pyarrow as pa

Raw = Mapping[str, Any]
_SPREAD = ("mean", "variance", "std", "minimum", "maximum")


def with_microseconds(table: pa.Table, question: Question) -> pa.Table:
    """Return the table with instants as integers: as objects they would need a zone database."""
    import pyarrow as pa

    for position, (name, kind) in enumerate(question.answer.items()):
        if kind == "time":
            table = table.set_column(position, name, table.column(name).cast(pa.int64()))
    return table


def summary(row: Raw) -> SeriesSummary:
    """Build the summary of one series."""
    return SeriesSummary(
        **_points_of(row),
        metric_key=row["metric_key"],
        first=row["first_value"],
        last=row["last_value"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        mean=row["mean"],
        first_observed_at=from_epoch_us(row["first_observed_at"]),
        last_observed_at=from_epoch_us(row["last_observed_at"]),
    )


def run_value(row: Raw) -> RunValue:
    """Build the value of one run."""
    return RunValue(
        **_points_of(row),
        value=row["value"],
        stage_count=row["places"],
        observed_at=from_epoch_us(row["last_observed_at"]),
        change=row.get("change"),
    )


def _points_of(row: Raw) -> dict[str, Any]:
    """Return what every row about the points of one run and place says."""
    return {
        "run_id": row["run_ref"],
        "stage_id": row["stage_ref"] or None,
        "count": row["points"],
        "nonfinite_count": row["points"] - row["finite"],
        "last_step": row["last_step"],
        "last_sequence": row["last_sequence"],
    }


def curve_point(row: Raw) -> CurvePoint | None:
    """Build one step; ``None`` for the row that only says how many points have no step."""
    if row["step"] is None:
        return None
    spread = {name: row[name] for name in (*_SPREAD, "p25", "p50", "p75")}
    return CurvePoint(row["group_name"], row["step"], row["runs"], row["n"], **spread)


def group_statistics(name: str, row: Raw | None) -> GroupStatistics:
    """Build one group; ``None`` stands for a group without runs."""
    shares = ("p5", "p25", "p50", "p75", "p90", "p95", "p99")
    row = {"runs": 0, "with_value": 0, "n": 0} if row is None else row
    return GroupStatistics(
        group=name,
        runs=row["runs"],
        n=row["n"],
        missing=row["runs"] - row["with_value"],
        nonfinite=row["with_value"] - row["n"],
        **{column: row.get(column) for column in (*_SPREAD, *shares)},
    )


def record_counts(refs: Sequence[str], found: Iterable[Raw]) -> tuple[RecordCounts, ...]:
    """Build one row per run out of one per run and record type."""
    fields = {"metric": "metrics", "event": "events", "span": "spans", "degraded": "degraded"}
    counts: dict[str, dict[str, int]] = {ref: {} for ref in refs}
    for row in found:
        of_run = counts[row["run_ref"]]
        of_run[fields[row["record_type"]]] = row["records"]
        for name, column in (
            ("nonfinite", "nonfinite"),
            ("marked", "degraded"),
            ("incomplete", "incomplete"),
        ):
            of_run[name] = of_run.get(name, 0) + row[column]
    return tuple(RecordCounts(ref, **values) for ref, values in counts.items())


def completeness(question: Question, asked: Asked, raw: Sequence[Raw]) -> Completeness:
    """Count what rows of series, values or curves say."""
    runs = len(asked.run_refs or ())
    if question is CURVE:
        stepless = raw[0]["without_step"] if raw else 0
        notes = (f"points_without_step:{stepless}",) if stepless else ()
        return Completeness(
            runs=runs,
            records=sum(row["runs"] for row in raw),
            nonfinite=sum(row["runs"] - row["n"] for row in raw),
            notes=notes,
        )
    missing = runs - len(raw) if question in (RUN_VALUES, TREND) else 0
    points = sum(row["points"] for row in raw)
    finite = sum(row["finite"] for row in raw)
    return Completeness(runs=runs, records=points, missing=missing, nonfinite=points - finite)


def statistics_completeness(raw: Iterable[Raw], lacking: int) -> Completeness:
    """Count what rows of groups say; ``lacking`` runs had not the parameters."""
    total = Completeness(notes=(f"runs_without_params:{lacking}",) if lacking else ())
    for row in raw:
        total += Completeness(
            runs=row["runs"],
            records=row["points"],
            missing=row["runs"] - row["with_value"],
            nonfinite=row["points"] - row["finite"],
        )
    return total


def counted(counts: Sequence[RecordCounts]) -> Completeness:
    """Count what the counts of records say."""
    return Completeness(
        runs=len(counts),
        records=sum(row.metrics + row.events + row.spans + row.degraded for row in counts),
        nonfinite=sum(row.nonfinite for row in counts),
        degraded=sum(row.marked for row in counts),
    )


def engine_completeness(found: Answered) -> Completeness:
    """Say what the engine could not read, or has not read yet."""
    notes = list(found.damage)
    if found.unsealed is None:
        notes.append("unsealed_records:unknown")
    elif found.unsealed:
        notes.append(f"unsealed_records:{found.unsealed}")
    return Completeness(damaged_parts=len(found.damage), notes=tuple(sorted(notes)))
