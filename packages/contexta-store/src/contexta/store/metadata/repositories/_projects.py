"""Projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata._tables import projects
from contexta.store.metadata.repositories._base import Repository

if TYPE_CHECKING:
    from contexta.contract import Project
    from contexta.contract.refs import StableRef


class ProjectRepository(Repository["Project"]):
    """Projects, the roots of all refs."""

    def put_project(self, project: Project) -> Project:
        """Store a project, replacing one with the same ref."""
        return self._put(project)

    def get_project(self, ref: StableRef | str) -> Project:
        """Return a project, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_project(self, ref: StableRef | str) -> Project | None:
        """Return a project, or None."""
        return self._find(ref)

    def exists_project(self, ref: StableRef | str) -> bool:
        """Tell whether a project is stored."""
        return self._exists(ref)

    def list_projects(self) -> tuple[Project, ...]:
        """Return all projects by name, then ref."""
        return self._list(self._select().order_by(projects.c.name, projects.c.ref))
