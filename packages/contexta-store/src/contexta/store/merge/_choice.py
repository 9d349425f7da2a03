"""Which projects of the source come; all of them unless the caller names some."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.store.metadata._entities import PROJECT, PROVENANCE, RELATION, RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from contexta.store.metadata._rows import Entity


def checked_projects(projects: Collection[str] | None) -> frozenset[str] | None:
    """Return the names of the wanted projects; None means all.

    Raises:
        ValidationError: `merge_invalid_projects` when it is no collection of names, or empty.
    """
    if projects is None:
        return None
    names = projects if not isinstance(projects, str) else ()
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValidationError(
            f"projects is {projects!r}; pass the names of projects in a list, or None for all.",
            code="merge_invalid_projects",
            details={"projects": repr(projects)},
        )
    return frozenset(names)


def project_of(ref: str) -> str:
    """Return the name of the project that a ref lies in, by its text."""
    return ref.partition(":")[2].partition(".")[0]


class LeftOut(Collection[str]):
    """Runs of the source that do not come: those of other projects, and those that are added."""

    def __init__(self, projects: frozenset[str] | None = None) -> None:
        self._projects = projects
        self._refs: set[str] = set()

    def add(self, ref: str) -> None:
        """Leave a run out."""
        self._refs.add(ref)

    def __contains__(self, ref: object) -> bool:
        if ref in self._refs:
            return True
        return isinstance(ref, str) and not self.has_project(ref)

    def has_project(self, ref: str) -> bool:
        """Tell whether the project that a ref lies in comes."""
        return self._projects is None or project_of(ref) in self._projects

    def __iter__(self) -> Iterator[str]:
        return iter(self._refs)

    def __len__(self) -> int:
        return len(self._refs)

    def __bool__(self) -> bool:
        return self._projects is not None or bool(self._refs)


class Choice:
    """Chooses rows of the source's ledger.

    A relation comes when one of its ends lies in a wanted project, its provenance with it.

    Args:
        projects: The wanted ones; None means all.
        left_out: Receives the runs of the others.
    """

    def __init__(self, projects: frozenset[str] | None, left_out: LeftOut) -> None:
        self._projects = projects
        self._left_out = left_out
        self._relations: set[str] = set()
        self._found: set[str] = set()

    def of(self, entity: Entity[Any], rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
        """Return the rows that come."""
        if self._projects is None:
            return rows
        chosen = [row for row in rows if self._comes(entity, row)]
        if entity is PROJECT:
            self._found.update(project_of(row.ref) for row in chosen)
        elif entity is RELATION:
            self._relations.update(row.ref for row in chosen)
        elif entity is RUN:
            for row in rows:
                if not self._left_out.has_project(row.ref):
                    self._left_out.add(row.ref)
        return chosen

    def _comes(self, entity: Entity[Any], row: Row[Any]) -> bool:
        comes = self._left_out.has_project
        if entity is RELATION:
            return comes(row.source_ref) or comes(row.target_ref)
        if entity is PROVENANCE:
            return row.relation_ref in self._relations
        return comes(row.ref)

    def require_found(self) -> None:
        """Refuse a merge of projects that the source does not have.

        Raises:
            NotFoundError: `merge_project_not_found`; nothing was changed.
        """
        missing = sorted((self._projects or frozenset()) - self._found)
        if missing:
            raise NotFoundError(
                f"The source has no project {missing[0]!r}. Its ledger lists the projects that "
                "it has; nothing was changed.",
                code="merge_project_not_found",
                details={"projects": missing},
            )
