"""Links that no relation states because the things themselves say them.

An artifact names the run that made it, a deployment what it serves, a run the data it used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from contexta.contract.errors import IntegrityError
from contexta.interpretation.query._expression_nodes import quoted
from contexta.interpretation.query.filters import RunListQuery
from contexta.interpretation.query.service import QueryService
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    DeploymentRecord,
    RelationRecord,
    RunRecord,
)

PREFIX = "link:"


class Links:
    """The links around one node after another; lists that many nodes need are read once."""

    def __init__(self, queries: QueryService) -> None:
        self._queries = queries
        self._repository = queries.repository
        self.unreadable: list[str] = []

    def upstream(self, node: str) -> Iterator[RelationRecord]:
        """Yield links to what a node rests on."""
        kind = node.partition(":")[0]
        if kind == "run":
            run = self._repository.get_run(node)
            if run is not None and run.dataset_ref:
                yield _used(run)
        elif kind == "deployment":
            for found in self._deployments:
                if found.deployment_id == node:
                    yield from _served(found)
        elif kind == "artifact":
            item = self._artifact(node)
            if item is not None:
                yield _link("produced_by", item.artifact_ref, item.run_id, item.created_at)

    def downstream(self, node: str) -> Iterator[RelationRecord]:
        """Yield links from what came of a node, or uses it."""
        kind = node.partition(":")[0]
        if kind == "deployment":
            return
        if kind == "run":
            if self._repository.get_run(node) is None:
                return
            for item in self._repository.list_artifacts(run_id=node):
                yield _link("produced_by", item.artifact_ref, item.run_id, item.created_at)
            deployments: Sequence[DeploymentRecord] = self._repository.list_deployments(run_id=node)
        else:
            yield from map(_used, self._users(node))
            deployments = self._deployments
        for found in deployments:
            yield from (link for link in _served(found) if link.target_ref == node)

    def _artifact(self, node: str) -> ArtifactRecord | None:
        try:
            return self._repository.get_artifact(node)
        except IntegrityError:
            self.unreadable.append(node)  # what else is known of it is still told
            return None

    @cached_property
    def _deployments(self) -> tuple[DeploymentRecord, ...]:
        return tuple(self._repository.list_deployments())

    def _users(self, node: str) -> tuple[RunRecord, ...]:
        """Return the runs that name a node as their data, by a question that an index answers."""
        if not node.isprintable():
            return ()
        return self._queries.list_runs(query=RunListQuery(where=f"dataset_ref = {quoted(node)}"))


def _served(item: DeploymentRecord) -> Iterator[RelationRecord]:
    for target in (item.artifact_ref, item.run_id):
        if target:
            yield _link("deployed_from", item.deployment_id, target, item.started_at)


def _used(run: RunRecord) -> RelationRecord:
    return _link("used", run.run_id, run.dataset_ref or "", run.started_at)


def _link(kind: str, source: str, target: str, recorded_at: str | None) -> RelationRecord:
    ref = f"{PREFIX}{source}|{kind}|{target}"
    return RelationRecord(ref, kind, source, target, recorded_at or "", "inferred", "high")
