"""Shared fixtures of this package's tests."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest

from contexta.interpretation import (
    ArtifactRecord,
    ObservationRecord,
    RunRecord,
    StageRecord,
)
from contexta.interpretation.testing import InMemoryRepository


@pytest.fixture
def make() -> SimpleNamespace:
    """Factories of records with little to fill in; times are minutes and seconds of one hour."""
    numbers = count(1)

    def at(minute: int = 0, second: float = 0) -> str:
        return f"2026-01-31T12:{minute:02d}:{second:09.6f}Z"

    def run(name: str, *, minute: int = 0, project: str = "p", **fields) -> RunRecord:
        fields.setdefault("status", "completed")
        fields.setdefault("started_at", at(minute))
        fields.setdefault("ended_at", at(minute, 30))
        return RunRecord(f"run:{project}.{name}", project, name, **fields)

    def stage(run: RunRecord, name: str, **fields) -> StageRecord:
        fields.setdefault("status", "completed")
        value = run.run_id.partition(":")[2]
        return StageRecord(f"stage:{value}.{name}", run.run_id, name, **fields)

    def metric(
        run: RunRecord, key: str, value: float, *, stage: str | None = None, **fields
    ) -> ObservationRecord:
        number = next(numbers)
        scope = run.run_id.partition(":")[2]
        step = fields.pop("step", None)
        fields.setdefault("observed_at", at(number // 60 % 60, number % 60))
        return ObservationRecord(
            f"record:{scope}.metric-{number:012x}",
            run.run_id,
            None if stage is None else f"stage:{scope}.{stage}",
            "metric",
            key,
            value=value,
            payload={} if step is None else {"step": step},
            **fields,
        )

    def event(run: RunRecord, key: str, level: str = "info", **fields) -> ObservationRecord:
        number = next(numbers)
        scope = run.run_id.partition(":")[2]
        return ObservationRecord(
            f"record:{scope}.event-{number:012x}",
            run.run_id,
            None,
            "event",
            key,
            at(number // 60 % 60, number % 60),
            message=fields.pop("message", key),
            payload={"level": level},
            **fields,
        )

    def artifact(run: RunRecord, name: str, kind: str, **fields) -> ArtifactRecord:
        value = run.run_id.partition(":")[2]
        return ArtifactRecord(f"artifact:{value}.{name}", run.run_id, None, kind, **fields)

    return SimpleNamespace(
        at=at,
        run=run,
        stage=stage,
        metric=metric,
        event=event,
        artifact=artifact,
        repository=InMemoryRepository,
    )
