"""Parameters, tags and environments of two runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contexta.interpretation.compare.models import ProvenanceComparison, ValueChange
from contexta.interpretation.query._snapshot import RunFacts
from contexta.interpretation.query.filters import same_param
from contexta.interpretation.repositories.records import EnvironmentRecord, ProvenanceView

_MISSING = object()


def compare_values(left: RunFacts, right: RunFacts) -> tuple[ValueChange, ...]:
    """Return what differs: params, tags, then the environment; each sorted by key."""
    changes = [
        *mapping_changes("param", left.run.params, right.run.params),
        *mapping_changes("tag", left.run.tags, right.run.tags),
        *mapping_changes("run", _identity(left), _identity(right)),
    ]
    if left.environment is not None and right.environment is not None:
        changes += environment_changes(left.environment, right.environment)
    return tuple(changes)


def environment_changes(left: EnvironmentRecord, right: EnvironmentRecord) -> list[ValueChange]:
    """Return the differences of two known environments."""
    facts = [
        {"python_version": side.python_version, "platform": side.platform} for side in (left, right)
    ]
    return [
        *mapping_changes("environment", facts[0], facts[1]),
        *mapping_changes("package", left.packages, right.packages),
        *mapping_changes("variable", left.environment_variables, right.environment_variables),
    ]


def mapping_changes(
    kind: str, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[ValueChange]:
    """Yield the keys whose values differ, sorted."""
    for key in sorted(left.keys() | right.keys()):
        before, after = left.get(key, _MISSING), right.get(key, _MISSING)
        if before is _MISSING:
            yield ValueChange(kind, key, None, after, "added")
        elif after is _MISSING:
            yield ValueChange(kind, key, before, None, "removed")
        elif not same_param(before, after):
            yield ValueChange(kind, key, before, after, "changed")


def compare_provenance(
    left: RunFacts, right: RunFacts, changes: tuple[ValueChange, ...]
) -> ProvenanceComparison | None:
    """Compare code, configuration, environment and data; ``None`` when neither run tells any.

    Code revision, data and configuration come from the runs; where neither run has one, the
    fields of their provenance assertions are compared instead. Where neither recorded an
    environment, their metadata stands for it; else it says nothing of it, as it holds arguments.
    """
    sides = (left, right)
    if not any(s.provenance or s.environment or _identity(s) for s in sides):
        return None

    def differs(name: str, fallback: str) -> bool:
        values: list[object] = [_identity(side).get(name) for side in sides]
        if values == [None, None]:
            values = [_field(side.provenance, fallback) for side in sides]
        return values[0] != values[1]

    if left.environment or right.environment:
        environment = any(c.kind in ("environment", "package", "variable") for c in changes)
    else:
        environment = left.run.metadata != right.run.metadata
    return ProvenanceComparison(
        code_revision_changed=differs("code_revision", "formation_context_ref"),
        config_hash_changed=differs("config", "policy_ref"),
        environment_changed=environment,
        dataset_refs_changed=differs("dataset_ref", "evidence_bundle_ref"),
        left_provenance=left.provenance,
        right_provenance=right.provenance,
    )


def _field(view: ProvenanceView | None, name: str) -> object:
    return None if view is None else getattr(view, name)


def _identity(facts: RunFacts) -> dict[str, str]:
    """Code revision, dataset and the hash of the configuration artifact, where known."""
    config = next((a.hash_value for a in facts.artifacts if a.kind == "config_snapshot"), None)
    values = {
        "code_revision": facts.run.code_revision,
        "dataset_ref": facts.run.dataset_ref,
        "config": config,
    }
    return {name: value for name, value in values.items() if value is not None}
