"""Runs of an experiment as a repository, without a store: thousands of comparisons in a minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contexta.interpretation import ObservationRecord, QueryService, RunRecord
from contexta.interpretation.testing import InMemoryRepository


class IndexedRepository(InMemoryRepository):
    """Finds the records of a run without looking at all others."""

    def __init__(self, runs: Sequence[RunRecord], records: Mapping[str, list[ObservationRecord]]):
        super().__init__(runs=runs)
        self._by_run = records

    def list_records(self, *, run_id, stage_id=None, record_type=None):
        """Return the metrics of a run."""
        return self._by_run.get(run_id, [])


def query_service(groups: Mapping[str, Mapping[str, Sequence[float]]]) -> QueryService:
    """Make a run ``run:p.<group>-<i>`` per value; several metrics of a group have equal length."""
    runs, records = [], {}
    for group, metrics in groups.items():
        for i in range(max(map(len, metrics.values()))):
            run = RunRecord(f"run:p.{group}-{i}", "p", group, "completed", "2026-01-31T12:00:00Z")
            runs.append(run)
            records[run.run_id] = [
                ObservationRecord(
                    f"record:p.{group}-{i}.{key}",
                    run.run_id,
                    None,
                    "metric",
                    key,
                    "2026-01-31T12:00:00Z",
                    value=float(values[i]),
                )
                for key, values in metrics.items()
            ]
    return QueryService(IndexedRepository(runs, records))


def ids(group: str, n: int) -> list[str]:
    """The run ids of a group."""
    return [f"run:p.{group}-{i}" for i in range(n)]
