"""Links that no relation states because the things themselves say them.

An artifact names the run that made it, a deployment what it serves, a run the data it used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from contexta.contract.errors import IntegrityError
from contexta.interpretation.protocols import LineageReader, RunIndexReader
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
# An expression takes ten thousand characters.
_LONGEST = 9_000


class Links:
    """The links around one node after another; what many nodes need is read once for all."""

    def __init__(self, queries: QueryService) -> None:
        self._queries = queries
        self._repository = queries.repository
        self.unreadable: list[str] = []
        self._runs: dict[str, RunRecord] = {}
        self._made: Mapping[str, Sequence[ArtifactRecord]] = {}
        self._used_by: dict[str, list[RunRecord]] = {}
        self._looked_at: frozenset[str] = frozenset()

    def prepare(self, nodes: Sequence[str], way: str) -> None:
        """Read for all these nodes at once what :meth:`upstream` or :meth:`downstream` tells."""
        runs = [node for node in nodes if _kind(node) == "run"]
        if not isinstance(self._repository, RunIndexReader):
            return
        self._looked_at = frozenset(nodes)
        self._runs = {run.run_id: run for run in self._repository.get_runs(runs)} if runs else {}
        if way != "downstream":
            return
        if isinstance(self._repository, LineageReader):
            self._made = self._repository.artifacts_by_run(runs) if runs else {}
        else:
            self._looked_at -= frozenset(runs)
        others = [node for node in nodes if _kind(node) not in ("run", "deployment")]
        self._used_by = self._users_of(others)

    def upstream(self, node: str) -> Iterator[RelationRecord]:
        """Yield links to what a node rests on."""
        kind = _kind(node)
        if kind == "run":
            run = self._run(node)
            if run is not None and run.dataset_ref:
                yield _used(run)
        elif kind == "deployment":
            yield from self._serving.get(node, ())
        elif kind == "artifact":
            item = self._artifact(node)
            if item is not None:
                yield _link("produced_by", item.artifact_ref, item.run_id, item.created_at)

    def downstream(self, node: str) -> Iterator[RelationRecord]:
        """Yield links from what came of a node, or uses it."""
        kind = _kind(node)
        if kind == "deployment":
            return
        if kind == "run":
            if self._run(node) is None:
                return
            for item in self._artifacts(node):
                yield _link("produced_by", item.artifact_ref, item.run_id, item.created_at)
        else:
            yield from map(_used, self._users(node))
        yield from self._served.get(node, ())

    def _run(self, node: str) -> RunRecord | None:
        return self._runs.get(node) if node in self._looked_at else self._repository.get_run(node)

    def _artifacts(self, run: str) -> Sequence[ArtifactRecord]:
        if run in self._looked_at:
            return self._made.get(run, ())
        return self._repository.list_artifacts(run_id=run)

    def _artifact(self, node: str) -> ArtifactRecord | None:
        try:
            return self._repository.get_artifact(node)
        except IntegrityError:
            self.unreadable.append(node)  # what else is known of it is still told
            return None

    @cached_property
    def _deployments(self) -> tuple[DeploymentRecord, ...]:
        return tuple(self._repository.list_deployments())

    @cached_property
    def _serving(self) -> dict[str, list[RelationRecord]]:
        """What each deployment serves, by its ref."""
        return {item.deployment_id: list(_links_of(item)) for item in self._deployments}

    @cached_property
    def _served(self) -> dict[str, list[RelationRecord]]:
        """The same, by what is served."""
        found: dict[str, list[RelationRecord]] = defaultdict(list)
        for links in self._serving.values():
            for link in links:
                found[link.target_ref].append(link)
        return dict(found)

    def _users(self, node: str) -> Sequence[RunRecord]:
        if node not in self._looked_at:
            return self._users_of([node]).get(node, ())
        return self._used_by.get(node, ())

    def _users_of(self, nodes: Iterable[str]) -> dict[str, list[RunRecord]]:
        """Return the runs that name some things as their data, by questions an index answers."""
        found: dict[str, list[RunRecord]] = defaultdict(list)
        for names in _portions(quoted(node) for node in nodes if node.isprintable()):
            where = f"dataset_ref in ({', '.join(names)})"
            for run in self._queries.list_runs(query=RunListQuery(where=where)):
                found[run.dataset_ref or ""].append(run)
        return found


def _portions(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield texts in lists that an expression has room for."""
    portion: list[str] = []
    length = 0
    for text in texts:
        if portion and length + len(text) > _LONGEST:
            yield portion
            portion, length = [], 0
        portion.append(text)
        length += len(text) + 2
    if portion:
        yield portion


def _kind(node: str) -> str:
    return node.partition(":")[0]


def _links_of(item: DeploymentRecord) -> Iterator[RelationRecord]:
    for target in (item.artifact_ref, item.run_id):
        if target:
            yield _link("deployed_from", item.deployment_id, target, item.started_at)


def _used(run: RunRecord) -> RelationRecord:
    return _link("used", run.run_id, run.dataset_ref or "", run.started_at)


def _link(kind: str, source: str, target: str, recorded_at: str | None) -> RelationRecord:
    ref = f"{PREFIX}{source}|{kind}|{target}"
    return RelationRecord(ref, kind, source, target, recorded_at or "", "inferred", "high")
