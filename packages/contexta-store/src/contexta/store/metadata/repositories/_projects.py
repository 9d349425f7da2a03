"""Projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from contexta.store.metadata import _filters as f
from contexta.store.metadata._tables import projects
from contexta.store.metadata.repositories._base import Repository
from contexta.store.metadata.repositories._reads import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import ColumnElement

    from contexta.contract import Project
    from contexta.contract.refs import StableRef
    from contexta.store.metadata._filter_types import ProjectFilters
    from contexta.store.metadata._paging import Page


class ProjectRepository(Repository["Project"]):
    """Projects, the roots of all refs. Lists are by name, then ref."""

    _known_filters = {
        "name": f.is_text(projects.c.name, "name"),
        "name_prefix": f.has_prefix(projects.c.name, "name_prefix"),
        "created_after": f.at_or_after(projects.c.created_us),
        "created_before": f.before(projects.c.created_us),
    }

    def put_project(self, project: Project, *, expected_revision: int | None = None) -> Project:
        """Store a project, replacing one with the same ref.

        Raises:
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(project, expected_revision)

    def get_project(self, ref: StableRef | str) -> Project:
        """Return a project, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_project(self, ref: StableRef | str) -> Project | None:
        """Return a project, or None."""
        return self._find(ref)

    def exists_project(self, ref: StableRef | str) -> bool:
        """Tell whether a project is stored."""
        return self._exists(ref)

    def list_projects(
        self,
        *,
        limit: int | None = None,
        after: str | None = None,
        **filters: Unpack[ProjectFilters],
    ) -> tuple[Project, ...]:
        """Return projects by name, then ref."""
        return self._list(self._listing(filters), limit=limit, after=after)

    def page_projects(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[ProjectFilters],
    ) -> Page[Project]:
        """Return projects and the cursor of the page behind them."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_projects(self, **filters: Unpack[ProjectFilters]) -> Iterator[Project]:
        """Yield projects page by page, each page as it is then."""
        return self._iterate(self._listing(filters))

    def count_projects(self, **filters: Unpack[ProjectFilters]) -> int:
        """Count projects."""
        return self._count(self._listing(filters))

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        return projects.c.name, projects.c.ref
