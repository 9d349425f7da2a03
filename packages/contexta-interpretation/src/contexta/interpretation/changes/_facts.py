"""What is known of how a run came about, as one flat mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contexta.interpretation.protocols import (
    CompositeRepository,
    EnvironmentReader,
    RunRelationReader,
)
from contexta.interpretation.query.models import EvidenceLink
from contexta.interpretation.repositories.records import (
    ArtifactRecord,
    EnvironmentRecord,
    RelationRecord,
    RunRecord,
)

#: Kinds of facts in the order in which they are named when nothing else decides.
KINDS = (
    "code",
    "param",
    "config",
    "data",
    "package",
    "environment",
    "variable",
    "command",
    "stage",
    "tag",
)
_OF_ENVIRONMENT = frozenset({"package", "environment", "variable"})
_OF_RUN = frozenset({"code", "param", "command", "tag"})
# "a consumed_by b": a came first. In every other type the target is what the source rests on.
_SOURCE_CAME_FIRST = "consumed_by"


@dataclass(frozen=True, slots=True)
class Facts:
    """Values by (kind, key) of one run; ``known`` are the kinds that can be told at all."""

    run: RunRecord
    values: Mapping[tuple[str, str], Any]
    known: frozenset[str]
    environment_ref: str | None
    data_links: Mapping[str, str]

    def link(self, kind: str, key: str) -> EvidenceLink:
        """Where a value of this run is written."""
        if kind in _OF_ENVIRONMENT and self.environment_ref is not None:
            return EvidenceLink("environment", self.environment_ref, self.run.name)
        if kind in ("data", "config") and key in self.data_links:
            return EvidenceLink("artifact", self.data_links[key], self.run.name)
        return EvidenceLink("run", self.run.run_id, self.run.name)


def facts_of_run(run: RunRecord) -> Facts:
    """Return what the run's own row tells; nothing is read."""
    values = {name: value for name, value in _of_run(run) if name[0] in _OF_RUN}
    return Facts(run, values, _OF_RUN, None, {})


def load_facts(repository: CompositeRepository, run: RunRecord) -> Facts:
    """Read code, params, packages, data, configuration and stages of one run."""
    values: dict[tuple[str, str], Any] = dict(_of_run(run))
    known = set(KINDS) - _OF_ENVIRONMENT
    environment = None
    if isinstance(repository, EnvironmentReader):
        environment = repository.get_environment(run.run_id)
    if environment is not None:
        values.update(_of_environment(environment))
        known |= _OF_ENVIRONMENT
    links: dict[str, str] = {}
    artifacts = repository.list_artifacts(run_id=run.run_id)
    stages = repository.list_stages(run.run_id)
    for artifact in artifacts:
        if artifact.kind in ("dataset_snapshot", "config_snapshot"):
            kind = "data" if artifact.kind == "dataset_snapshot" else "config"
            name = _name(artifact.artifact_ref)
            values[kind, name] = _identity(artifact)
            links[name] = artifact.artifact_ref
    parts = [stage.stage_id for stage in stages]
    parts += [artifact.artifact_ref for artifact in artifacts]
    for ref in _inputs(repository, run, parts):
        found = repository.get_artifact(ref) if ref.startswith("artifact:") else None
        values["data", _name(ref)] = ref if found is None else _identity(found)
        links[_name(ref)] = ref
    for stage in stages:
        values["stage", stage.name] = "present"
    written = None if environment is None else environment.environment_ref
    return Facts(run, values, frozenset(known), written, links)


def _of_run(run: RunRecord) -> Iterable[tuple[tuple[str, str], Any]]:
    if run.code_revision is not None:
        yield ("code", "revision"), run.code_revision
    if run.metadata.get("code_dirty") is not None:
        yield ("code", "dirty"), run.metadata["code_dirty"]
    if run.dataset_ref is not None:
        yield ("data", "dataset_ref"), run.dataset_ref
    argv = run.metadata.get("argv")
    if isinstance(argv, (list, tuple)):
        yield ("command", "argv"), " ".join(str(part) for part in argv)
    for key, value in run.params.items():
        yield ("param", key), value
    for key, value in run.tags.items():
        yield ("tag", key), value


def _of_environment(environment: EnvironmentRecord) -> Iterable[tuple[tuple[str, str], Any]]:
    yield ("environment", "python_version"), environment.python_version
    yield ("environment", "platform"), environment.platform
    for name, version in environment.packages.items():
        yield ("package", name), version
    for name, value in environment.environment_variables.items():
        yield ("variable", name), value


def _inputs(repository: CompositeRepository, run: RunRecord, parts: Sequence[str]) -> Iterable[str]:
    """Return what the run, its stages or artifacts rest on, and that is not of the run itself."""
    if isinstance(repository, RunRelationReader):
        relations: Iterable[RelationRecord] = repository.list_run_relations(run.run_id, parts)
    else:
        relations = repository.list_relations(run.run_id)
    own = run.run_id.partition(":")[2]
    found = []
    for relation in relations:
        ends = (relation.source_ref, relation.target_ref)
        user, used = reversed(ends) if relation.relation_type == _SOURCE_CAME_FIRST else ends
        if _belongs(user, own) and not _belongs(used, own):
            found.append(used)
    return dict.fromkeys(sorted(found))


def _belongs(ref: str, own: str) -> bool:
    value = ref.partition(":")[2]
    return value == own or value.startswith(f"{own}.")


def _identity(artifact: ArtifactRecord) -> str:
    return artifact.hash_value or artifact.artifact_ref


def _name(ref: str) -> str:
    return ref.rsplit(".", 1)[-1]
