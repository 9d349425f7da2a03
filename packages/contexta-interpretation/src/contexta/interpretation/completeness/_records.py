"""Counts out of records, for repositories that count nothing themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.instants import seconds_between
from contexta.interpretation.protocols import CompositeRepository, ProblemReader

if TYPE_CHECKING:
    from contexta.interpretation.repositories.records import ObservationRecord

LATE_SECONDS = 3600.0
PARTLY_KEPT = ("partial", "sampled")
FROM_ELSEWHERE = ("imported", "replayed")
LOSS_KEY = "capture.records_lost"


def count_records(
    repository: CompositeRepository, run_ids: Sequence[str], keys: Sequence[str] | None
) -> Completeness:
    """Count by reading every record of the runs."""
    total = Completeness()
    damage: set[str] = set()
    for run_id in run_ids:
        if isinstance(repository, ProblemReader):
            damage.update(repository.damage_notes(run_id))
        total += _of_run(repository, run_id, keys)
    return total + Completeness(damaged_parts=len(damage), notes=tuple(damage))


def _of_run(
    repository: CompositeRepository, run_id: str, keys: Sequence[str] | None
) -> Completeness:
    run = repository.get_run(run_id)
    records = repository.list_records(run_id=run_id)
    points = [r for r in records if r.record_type == "metric" and (keys is None or r.key in keys)]
    present = {record.key for record in points if record.value is not None}
    artifacts = repository.list_artifacts(run_id=run_id) if keys is None else ()
    status = None if run is None else run.status
    return Completeness(
        runs=1,
        records=len(records) if keys is None else len(points),
        missing=sum(key not in present for key in keys or ())
        + sum(record.completeness_marker == "absent" for record in records),
        late=sum(map(_is_late, records)),
        clipped=sum(map(_is_clipped, records)),
        nonfinite=sum(r.value is not None and not math.isfinite(r.value) for r in points),
        degraded=sum(record.degradation_marker != "none" for record in records),
        imported=sum(record.payload.get("origin_marker") in FROM_ELSEWHERE for record in records),
        lost=reported_losses(records),
        dead_writers=int(status == "interrupted"),
        missing_bodies=sum(artifact.body_missing for artifact in artifacts),
        open_runs=int(status == "open"),
        notes=(f"run_unknown:{run_id}",) if run is None else (),
    )


def _is_clipped(record: ObservationRecord) -> bool:
    """A degraded record is partial by its nature: it tells of a gap and has none itself."""
    return record.record_type != "degraded" and record.completeness_marker in PARTLY_KEPT


def _is_late(record: ObservationRecord) -> bool:
    taken = record.payload.get("recorded_at")
    if not isinstance(taken, str):
        return False
    return (seconds_between(record.observed_at, taken) or 0.0) > LATE_SECONDS


def steps_out_of_order(steps: Iterable[int | None]) -> int:
    """Count steps below one that came before; ``steps`` are in the order of arrival."""
    late, highest = 0, None
    for step in steps:
        if step is None:
            continue
        if highest is not None and step < highest:
            late += 1
        else:
            highest = step
    return late


def reported_losses(records: Iterable[ObservationRecord]) -> int:
    """Sum the losses that capture wrote down once writing worked again."""
    return sum(
        max(1, _count(record))
        for record in records
        if record.record_type == "degraded" and record.key == LOSS_KEY
    )


def _count(record: ObservationRecord) -> int:
    attributes = record.payload.get("attributes")
    count = attributes.get("count") if isinstance(attributes, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else 1
