"""Which rows are derived from which entities, so that they can be compared and made again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from contexta.store.metadata._entities import PROVENANCE, RELATION, RUN
from contexta.store.metadata._run_facts import param_value
from contexta.store.metadata._tables import citations, run_origins, run_params, run_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection, Table

    from contexta.store.metadata._rows import Entity


@dataclass(frozen=True, slots=True)
class Derived:
    """A table whose rows follow from the models of an entity.

    Attributes:
        entity: Where the rows come from.
        table: Where they are.
        owner: The column that names the entity.
        of: Model to rows, without the owner, in table order.
        code: Issue code when they disagree.
        action: Repair that makes them again.
    """

    entity: Entity[Any]
    table: Table
    owner: str
    of: Callable[[Any], Iterable[tuple[Any, ...]]]
    code: str
    action: str

    def stored(
        self, connection: Connection, refs: Sequence[str]
    ) -> dict[str, set[tuple[Any, ...]]]:
        """Return the stored rows of some entities, by entity."""
        own = self.table.c[self.owner]
        rest = [column for column in self.table.c if column.name != self.owner]
        found: dict[str, set[tuple[Any, ...]]] = {}
        for start in range(0, len(refs), 500):
            chunk = refs[start : start + 500]
            for row in connection.execute(select(own, *rest).where(own.in_(chunk))):
                found.setdefault(row[0], set()).add(tuple(row)[1:])
        return found

    def rows(self, ref: str, model: Any) -> list[dict[str, Any]]:
        """Return the rows to insert for a model."""
        names = [column.name for column in self.table.c if column.name != self.owner]
        return [
            {self.owner: ref, **dict(zip(names, values, strict=True))} for values in self.of(model)
        ]


def derived_tables(entity: Entity[Any]) -> tuple[Derived, ...]:
    """Return what is derived from an entity."""
    return tuple(item for item in DERIVED if item.entity is entity)


def _params(run: Any) -> Iterable[tuple[Any, ...]]:
    return ((key, *param_value(value)) for key, value in run.params.items())


def _tags(run: Any) -> Iterable[tuple[Any, ...]]:
    return tuple(run.tags.items())


def _origins(run: Any) -> Iterable[tuple[Any, ...]]:
    if run.code_revision is None and run.dataset_ref is None:
        return ()
    return ((run.code_revision, run.dataset_ref),)


def _text(ref: Any) -> str:
    return ref if isinstance(ref, str) else str(ref.text)


def _evidence(relation: Any) -> Iterable[tuple[Any, ...]]:
    found = [(_text(ref), "evidence") for ref in relation.evidence_refs]
    if relation.operation_context_ref is not None:
        found.append((_text(relation.operation_context_ref), "operation_context"))
    return found


def _formation(record: Any) -> Iterable[tuple[Any, ...]]:
    named = (
        (record.formation_context_ref, "formation_context"),
        (record.evidence_bundle_ref, "evidence_bundle"),
    )
    return [(_text(ref), role) for ref, role in named if ref is not None]


_FACTS = ("run_facts_mismatch", "rebuild_run_facts")
_CITED = ("lineage_citations_mismatch", "rebuild_citations")

DERIVED: tuple[Derived, ...] = (
    Derived(RUN, run_params, "run_ref", _params, *_FACTS),
    Derived(RUN, run_tags, "run_ref", _tags, *_FACTS),
    Derived(RUN, run_origins, "run_ref", _origins, *_FACTS),
    Derived(RELATION, citations, "owner_ref", _evidence, *_CITED),
    Derived(PROVENANCE, citations, "owner_ref", _formation, *_CITED),
)
