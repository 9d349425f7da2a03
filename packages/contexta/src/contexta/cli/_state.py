"""What the global options said, and the workspace that they open."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import NotFoundError

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.config import UnifiedConfig

_MARK = "workspace.json"


class State:
    """Global options of one call; options after the command win over those before it."""

    def __init__(self) -> None:
        self.workspace: str | None = None
        self.format: str | None = None
        self.debug = False
        self._config: UnifiedConfig | None = None
        self._opened: Contexta | None = None

    @property
    def wants_json(self) -> bool:
        """Whether results and errors are JSON: by option, else by configuration."""
        if self.format is not None:
            return self.format == "json"
        if self._config is None:
            return False
        return self._config.surfaces.cli.default_output_format == "json"

    @property
    def config(self) -> "UnifiedConfig":
        """The resolved settings.

        Raises:
            ConfigurationError: settings are wrong.
        """
        if self._config is None:
            from contexta.config import load_config

            self._config = load_config(workspace=self.workspace)
        return self._config

    def open(self) -> "Contexta":
        """Open the workspace for reading; it is never created, and closed at the end.

        Raises:
            NotFoundError: `workspace_not_found`.
            SchemaVersionError: a newer release wrote the workspace.
            StoreError: the workspace cannot be read or is damaged.
        """
        if self._opened is None:
            root = self.config.workspace.root_path
            from contexta.client import Contexta
            from contexta.store.workspace import open_workspace

            try:
                open_workspace(root, create=False)
            except NotFoundError as error:
                raise _missing(root) from error

            self._opened = Contexta(config=self.config, read_only=True)
        return self._opened

    def close(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _missing(root: Path) -> NotFoundError:
    nearest = _nearest(root)
    hint = f"did you mean {nearest}?" if nearest else "name one with --workspace PATH"
    return NotFoundError(
        f"there is no workspace at {root}: {hint}",
        code="workspace_not_found",
        details={"workspace": str(root), "nearest": None if nearest is None else str(nearest)},
    )


def _nearest(root: Path) -> Path | None:
    """A workspace that was probably meant: inside of the folder, or beside it by name."""
    try:
        if (root / ".contexta" / _MARK).is_file():
            return root / ".contexta"
        beside = {mark.parent.name: mark.parent for mark in root.parent.glob(f"*/{_MARK}")}
    except OSError:  # the folder may not be read; then there is no hint
        return None
    close = get_close_matches(root.name, beside, n=1)
    return beside[close[0]] if close else None
