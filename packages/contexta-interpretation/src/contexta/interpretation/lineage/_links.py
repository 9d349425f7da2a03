"""Links that no relation states because the things themselves say them.

An artifact names the run that made it, a deployment what it serves, a run the data it used.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from contexta.contract.errors import IntegrityError
from contexta.interpretation.protocols import CompositeRepository
from contexta.interpretation.repositories.records import (
    DeploymentRecord,
    RelationRecord,
    RunRecord,
)

PREFIX = "link:"


class Links:
    """The links around one node after another; lists that all nodes need are read once."""

    def __init__(self, repository: CompositeRepository) -> None:
        self._repository = repository
        self.unreadable: list[str] = []

    def around(self, node: str) -> Iterator[RelationRecord]:
        """Yield links that have the node as an end, those to what it rests on first."""
        kind = node.partition(":")[0]
        if kind == "run":
            yield from self._of_run(node)
        elif kind == "deployment":
            found = [item for item in self._deployments if item.deployment_id == node]
            yield from (link for item in found for link in _served(item))
        else:
            if kind == "artifact":
                yield from self._of_artifact(node)
            for run in self._runs:
                if run.dataset_ref == node:
                    yield _used(run)

    def _of_run(self, node: str) -> Iterator[RelationRecord]:
        run = self._repository.get_run(node)
        if run is None:
            return
        if run.dataset_ref:
            yield _used(run)
        for item in self._repository.list_artifacts(run_id=run.run_id):
            yield _link("produced_by", item.artifact_ref, run.run_id, item.created_at)
        for found in self._repository.list_deployments(run_id=run.run_id):
            yield from (link for link in _served(found) if link.target_ref == run.run_id)

    def _of_artifact(self, node: str) -> Iterator[RelationRecord]:
        try:
            item = self._repository.get_artifact(node)
        except IntegrityError:
            self.unreadable.append(node)  # what else is known of it is still told
            item = None
        if item is not None:
            yield _link("produced_by", item.artifact_ref, item.run_id, item.created_at)
        for found in self._deployments:
            yield from (link for link in _served(found) if link.target_ref == node)

    @cached_property
    def _deployments(self) -> tuple[DeploymentRecord, ...]:
        return tuple(self._repository.list_deployments())

    @cached_property
    def _runs(self) -> tuple[RunRecord, ...]:
        return tuple(run for run in self._repository.list_runs() if run.dataset_ref)


def _served(item: DeploymentRecord) -> Iterator[RelationRecord]:
    for target in (item.artifact_ref, item.run_id):
        if target:
            yield _link("deployed_from", item.deployment_id, target, item.started_at)


def _used(run: RunRecord) -> RelationRecord:
    return _link("used", run.run_id, run.dataset_ref or "", run.started_at)


def _link(kind: str, source: str, target: str, recorded_at: str | None) -> RelationRecord:
    ref = f"{PREFIX}{source}|{kind}|{target}"
    return RelationRecord(ref, kind, source, target, recorded_at or "", "inferred", "high")
