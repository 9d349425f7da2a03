"""The two workspaces of a merge, checked before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import (
    ContextaError,
    NotFoundError,
    SchemaVersionError,
    ValidationError,
)
from contexta.store.workspace import WorkspaceInfo, open_workspace

if TYPE_CHECKING:
    from contexta.store.merge._report import Account


class Places(NamedTuple):
    """A workspace and where its planes are."""

    root: Path
    workspace_id: str

    @property
    def database(self) -> Path:
        """The metadata ledger."""
        return self.root / "metadata" / "ledger.sqlite"

    @property
    def records(self) -> Path:
        """The record store."""
        return self.root / "records"

    @property
    def artifacts(self) -> Path:
        """The artifact store."""
        return self.root / "artifacts"


def checked_places(
    source: str | Path, target: str | Path, *, create: bool
) -> tuple[Places, Places]:
    """Return source and target; writes nothing unless `create` makes a new target.

    Raises:
        NotFoundError: `workspace_not_found`.
        ValidationError: `merge_same_workspace` or `merge_nested_workspace`.
        SchemaVersionError: `workspace_format_unsupported`.
        IntegrityError: `workspace_file_damaged`.
    """
    come, into = (Path(path).expanduser().absolute() for path in (source, target))
    found = _marked(come)
    real, other = come.resolve(), into.resolve()
    if real == other or (into.exists() and real.samefile(other)):
        raise ValidationError(
            f"{str(come)!r} and {str(into)!r} are the same folder; there is nothing to merge.",
            code="merge_same_workspace",
            details={"source": str(come), "target": str(into)},
        )
    if real.is_relative_to(other) or other.is_relative_to(real):
        raise ValidationError(
            f"One of {str(come)!r} and {str(into)!r} lies inside the other. Move the source out "
            "of the way first.",
            code="merge_nested_workspace",
            details={"source": str(come), "target": str(into)},
        )
    try:
        own = _marked(into)
    except NotFoundError:
        own = open_workspace(into, create=True) if create else WorkspaceInfo("", 1, into)
    return Places(come, found.workspace_id), Places(into, own.workspace_id)


def _marked(root: Path) -> WorkspaceInfo:
    return open_workspace(root, create=False)


def note_or_raise(account: Account, plane: str, error: ContextaError) -> None:
    """Note damage of the source, but refuse formats that this release does not know.

    Raises:
        SchemaVersionError: The error itself.
    """
    if isinstance(error, SchemaVersionError):
        raise error
    from contexta.store.merge._report import MergeDamage

    account.damage.append(MergeDamage(plane, error.code, error.message))
