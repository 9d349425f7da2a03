"""What name resolution and listing ask of the metadata plane.

Only ``composite`` knows the stores; the helpers beside it ask through these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contexta.contract import Project


class ProjectRows(Protocol):
    """Project rows."""

    def find_many(self, refs: Sequence[str], /) -> Mapping[str, Project]:
        """Return those of some projects that are known, by ref."""
        ...

    def list_projects(self) -> Sequence[Project]:
        """Return all projects."""
        ...


class RunRow(Protocol):
    """What a listing says of one run; times in microseconds since 1970 UTC."""

    ref: str
    project_ref: str
    name: str
    status: str
    started_us: int
    ended_us: int | None
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    metadata: Mapping[str, Any]
    code_revision: str | None
    dataset_ref: str | None
    description: str | None


class OrderRow(Protocol):
    """What a run can be sorted by; ``number`` and ``text`` are those of one parameter."""

    ref: str
    status: str
    started_us: int
    ended_us: int | None
    number: float | None
    text: str | None


class RunRows(Protocol):
    """Run rows. Filters and orders are those of the metadata store's ``list_runs``."""

    @property
    def run_rows(self) -> Callable[..., Sequence[Any]]:
        """Return a ``RunRow`` of each run that meets the filters."""
        ...

    @property
    def page_run_rows(self) -> Callable[..., Any]:
        """Return some of these, as ``items``, and the ``next_cursor`` behind them."""
        ...

    @property
    def run_refs(self) -> Callable[..., Sequence[str]]:
        """Return their refs only; ``order_by=None``: in any order."""
        ...

    @property
    def order_rows(self) -> Callable[..., Sequence[Any]]:
        """Return an ``OrderRow`` of each of them, in any order; ``param`` is the parameter."""
        ...

    def find_run_rows(self, refs: Sequence[str], /) -> Mapping[str, Any]:
        """Return the rows of those refs that are known, by ref."""
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
