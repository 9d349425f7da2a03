"""Runs with params and metrics, over a repository with the basic methods only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from contexta.interpretation import QueryService
from contexta.interpretation.gate import GateService
from contexta.interpretation.groups import GroupService


class Workbench:
    """Collects runs with their metrics; each question is about what was collected so far."""

    def __init__(self, make) -> None:
        self.make = make
        self.runs, self.records, self.stages, self.artifacts = [], [], [], []

    def add(
        self,
        name: str,
        metrics: Mapping[str, float | Sequence[float]] | None = None,
        *,
        stage: str | None = None,
        **fields,
    ):
        """Add a run; several values of a metric are logged in their order."""
        run = self.make.run(name, minute=len(self.runs) % 60, **fields)
        self.runs.append(run)
        self.log(run, metrics or {}, stage=stage)
        return run

    def log(self, run, metrics, *, stage=None) -> None:
        for key, values in metrics.items():
            for value in values if isinstance(values, (list, tuple)) else [values]:
                self.records.append(self.make.metric(run, key, value, stage=stage))

    def group(self, prefix: str, key: str, values: Sequence[float], **params) -> list[str]:
        """Add one run per value, with its position as the param ``seed``."""
        return [
            self.add(f"{prefix}-{i}", {key: value}, params={"seed": i, **params}).run_id
            for i, value in enumerate(values)
        ]

    @property
    def query_service(self) -> QueryService:
        return QueryService(
            self.make.repository(
                runs=self.runs, records=self.records, stages=self.stages, artifacts=self.artifacts
            )
        )

    def service(self, config=None) -> GroupService:
        return GroupService(self.query_service, config)

    def evaluate(self, candidate, rules, baseline=None, **arguments):
        """Hold runs against rules."""
        return GateService(self.query_service).evaluate(candidate, rules, baseline, **arguments)

    def outcome(self, candidate, rule, baseline=None, **arguments):
        """Hold runs against one rule and return its outcome."""
        (found,) = self.evaluate(candidate, [rule], baseline, **arguments).outcomes
        return found


@pytest.fixture
def bench(make) -> Workbench:
    """An empty workbench."""
    return Workbench(make)
