"""What capture asks of the truth planes; the facade's wiring fills it in."""

from __future__ import annotations

from typing import Any, Protocol


class Planes(Protocol):
    """The three truth planes of one workspace, opened on first use.

    Each method may raise `StoreError` or `ConfigurationError` when its plane
    cannot be opened for writing.
    """

    def metadata(self) -> Any:
        """Return the metadata store."""
        ...

    def records(self) -> Any:
        """Return the record store."""
        ...

    def artifacts(self) -> Any:
        """Return the artifact store."""
        ...

    def join(self) -> None:
        """Wait for work in the background."""
        ...

    def after_fork(self) -> None:
        """Replace locks in a forked child."""
        ...
