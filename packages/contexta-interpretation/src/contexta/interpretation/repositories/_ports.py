"""What name resolution and listing ask of the metadata plane.

Only ``composite`` knows the stores; the helpers beside it ask through these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contexta.contract import Project, Run


class ProjectRows(Protocol):
    """Project rows."""

    def find_project(self, ref: str, /) -> Project | None:
        """Return one project, or ``None``."""
        ...

    def list_projects(self) -> Sequence[Project]:
        """Return all projects."""
        ...


class RunRows(Protocol):
    """Run rows."""

    def exists_run(self, ref: str, /) -> bool:
        """Whether the ref is known."""
        ...

    def list_runs(
        self,
        project_ref: str | None = None,
        *,
        status: str | None = None,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        started_after: str | None = None,
        started_before: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        order_by: str = "started_at",
        descending: bool = False,
    ) -> Sequence[Run]:
        """Return runs that meet the filters; ``started_before`` is exclusive."""
        ...

    def open_run_writers(self) -> Sequence[tuple[str, str]]:
        """Return (run ref, writer id) of the open runs that a process holds."""
        ...


class MetadataPlane(Protocol):
    """The part of the metadata store that names live in."""

    @property
    def projects(self) -> ProjectRows:
        """Projects."""
        ...

    @property
    def runs(self) -> RunRows:
        """Runs."""
        ...
