"""What keeps an artifact from being removed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from contexta.contract.refs import StableRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contexta.store.artifacts._catalogue import CatalogueEntry


class MetadataPlane(Protocol):
    """The part of a metadata store that is asked here; `contexta.store.metadata` has it."""

    @property
    def runs(self) -> Any:
        """Has `list_runs(status=...)`."""

    @property
    def deployments(self) -> Any:
        """Has `list_deployment_executions()`."""

    @property
    def relations(self) -> Any:
        """Has `list_relations_for_ref(ref)`."""


def given_references(
    referenced_refs: Mapping[Any, Any] | Iterable[Any],
) -> dict[str, tuple[str, ...]]:
    """Return what a caller says is referenced: refs, or a mapping from ref to who refers to it."""
    if not hasattr(referenced_refs, "items"):
        return {_text(ref): ("the caller",) for ref in referenced_refs}
    found = {}
    for ref, who in referenced_refs.items():
        names = (who,) if isinstance(who, str | StableRef) else tuple(who)
        found[_text(ref)] = tuple(str(name) for name in names) or ("the caller",)
    return found


def metadata_references(
    metadata: MetadataPlane, entries: Iterable[CatalogueEntry]
) -> dict[str, tuple[str, ...]]:
    """Return which artifacts the metadata plane refers to, and by what.

    That is: an artifact that a relation leads from or to; every artifact of a run that is
    deployed; and every artifact of a run that is still open.
    """
    by_run: dict[str, list[str]] = defaultdict(list)
    for item in metadata.deployments.list_deployment_executions():
        if item.run_ref is not None:
            by_run[_text(item.run_ref)].append(_text(item.deployment_execution_ref))
    for run in metadata.runs.list_runs(status="open"):
        by_run[_text(run.run_ref)].append(f"{_text(run.run_ref)} (open)")
    found = {}
    for entry in entries:
        relations = metadata.relations.list_relations_for_ref(entry.ref)
        who = [*by_run.get(entry.run_ref, ()), *(_text(item.relation_ref) for item in relations)]
        if who:
            found[entry.ref] = tuple(sorted(set(who)))
    return found


def _text(ref: Any) -> str:
    return ref.text if isinstance(ref, StableRef) else StableRef.parse(str(ref)).text
