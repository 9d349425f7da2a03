"""What the global options said, and the workspace that they open."""

import os
import sys
import time
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contexta.cli._text import printable

if TYPE_CHECKING:
    from contexta.cli._draw import Pen
    from contexta.client import Contexta
    from contexta.config import UnifiedConfig
    from contexta.contract.errors import NotFoundError

_MARK = "workspace.json"
_NARROWEST = 40


class State:
    """Global options of one call; options after the command win over those before it.

    Args:
        resolve: makes the `Contexta` of a state; by default :func:`open_context`.

    Attributes:
        workspace: path of ``--workspace``.
        profile: name of ``--profile``.
        config_file: path of ``--config``.
        overrides: texts ``key=value`` of ``--set``, in order.
        format: ``--format``, when given.
        quiet: no status lines and no progress.
        debug: show tracebacks.
        no_color: ``--no-color``.
        utc: exact times instead of relative ones.
        write: what is opened next may be written to.
    """

    def __init__(self, resolve: "Callable[[Any], Contexta] | None" = None) -> None:
        self.workspace: str | None = None
        self.profile: str | None = None
        self.config_file: str | None = None
        self.overrides: tuple[str, ...] = ()
        self.format: str | None = None
        self.quiet = False
        self.debug = False
        self.no_color = False
        self.utc = False
        self.write = False
        self._create = False
        self._resolve = resolve or open_context
        self._config: UnifiedConfig | None = None
        self._opened: dict[bool, Contexta] = {}
        self._owned: list[Contexta] = []

    @property
    def wants_json(self) -> bool:
        """Whether results and errors are JSON: by option, else by configuration."""
        return self.form == "json"

    @property
    def form(self) -> str:
        """The form of results: text, json, or for lists ndjson or csv."""
        if self.format is not None:
            return self.format
        if self._config is None:
            return "text"
        return self._config.surfaces.cli.default_output_format

    @property
    def config(self) -> "UnifiedConfig":
        """The resolved settings: options, else variables, else file, else profile.

        Raises:
            ConfigurationError: settings are wrong.
        """
        if self._config is None:
            from contexta.cli._settings import patch_of
            from contexta.config import ConfigWarning, load_config

            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", ConfigWarning)
                self._config = load_config(
                    workspace=self.workspace,
                    profile=self.profile,
                    config_file=self.config_file,
                    config=patch_of(self.overrides) or None,
                )
            self._take_verbosity(self._config.surfaces.cli.verbosity)
            for warning in caught:
                self.warn(str(warning.message))
        return self._config

    @cached_property
    def pen(self) -> "Pen":
        """How to draw on stdout."""
        from contexta.cli._draw import Pen

        stream = sys.stdout
        terminal = stream.isatty()
        columns = os.environ.get("COLUMNS", "")
        width: int | None = None
        if columns.isdigit() and int(columns) > 0:
            width = max(int(columns), _NARROWEST)
        elif terminal:
            from shutil import get_terminal_size

            width = max(get_terminal_size().columns, _NARROWEST)
        configured = self._config is None or self._config.surfaces.cli.color
        plain = self.no_color or bool(os.environ.get("NO_COLOR")) or not configured
        forced = os.environ.get("FORCE_COLOR", "0") not in ("", "0")
        return Pen(
            color=(terminal or forced) and not plain and os.environ.get("TERM") != "dumb",
            width=width,
            person=terminal or forced,
            relative=terminal and not self.utc,
            fancy=_can_show("▁└✓✗●", getattr(stream, "encoding", None)),
            now=time.time(),
        )

    def open(self, *, write: bool = False, create: bool = False) -> "Contexta":
        """Open the workspace; it is closed at the end of the call.

        Reading never creates or changes anything.

        Args:
            write: open it for changes.
            create: make it when it is missing.

        Raises:
            NotFoundError: `workspace_not_found`.
            SchemaVersionError: a newer release wrote the workspace.
            StoreError: the workspace cannot be read or is damaged.
        """
        if write not in self._opened:
            self.write, self._create = write, create
            self._opened[write] = self._resolve(self)
        return self._opened[write]

    def root(self) -> Path:
        """The folder of the workspace, checked.

        Raises:
            NotFoundError: `workspace_not_found`.
            SchemaVersionError: a newer release wrote the workspace.
            StoreError: the workspace cannot be read or is damaged.
        """
        root: Path = self.config.workspace.root_path
        require_workspace(root)
        return root

    def say(self, text: str) -> None:
        """Print a status line for people, unless ``--quiet`` or JSON was asked for."""
        if not self.quiet and self.form == "text":
            click.echo(printable(text))

    def warn(self, text: str) -> None:
        """Print a warning to stderr, unless ``--quiet``."""
        if not self.quiet:
            click.echo(f"WARNING: {printable(text)}", err=True)

    def close(self) -> None:
        """Close what was opened here; a prepared context stays its owner's."""
        owned, self._owned, self._opened = self._owned, [], {}
        if not owned:
            return
        from contexta.cli._log import tell_no_more

        try:
            for context in owned:
                context.close()
        finally:
            tell_no_more()

    def build(self) -> "Contexta":
        """Open the workspace as the options say, without asking anybody else."""
        if not self._create:
            self.root()
        from contexta.cli._log import tell
        from contexta.client import Contexta

        tell(self)
        context = Contexta(config=self.config, read_only=not self.write)
        self._owned.append(context)
        return context

    def _take_verbosity(self, verbosity: str) -> None:
        self.quiet = self.quiet or verbosity == "quiet"
        self.debug = self.debug or verbosity in ("debug", "forensic")


def open_context(args: Any) -> "Contexta":
    """Open the workspace that options describe.

    Args:
        args: a :class:`State`, or any object with some of the attributes ``workspace``,
            ``profile``, ``config``, ``set``; whoever passes one closes the result.
    """
    if isinstance(args, State):
        return args.build()
    state = State()
    state.workspace = _text(args, "workspace")
    state.profile = _text(args, "profile")
    state.config_file = _text(args, "config") or _text(args, "config_file")
    state.overrides = tuple(getattr(args, "set", None) or getattr(args, "overrides", None) or ())
    return state.build()


def _text(args: Any, name: str) -> str | None:
    value = getattr(args, name, None)
    return None if value is None else str(value)


def _can_show(letters: str, encoding: str | None) -> bool:
    try:
        letters.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def require_workspace(root: Path) -> None:
    """Refuse a folder that is no workspace, with the nearest one.

    Raises:
        NotFoundError: `workspace_not_found`.
        SchemaVersionError: a newer release wrote the workspace.
        StoreError: the workspace cannot be read or is damaged.
    """
    from contexta.contract.errors import NotFoundError
    from contexta.store.workspace import open_workspace

    try:
        open_workspace(root, create=False)
    except NotFoundError as error:
        raise _missing(root) from error


def _missing(root: Path) -> "NotFoundError":
    from contexta.contract.errors import NotFoundError

    nearest = _nearest(root)
    hint = (
        f"did you mean {nearest}?"
        if nearest
        else "name one with --workspace PATH, or make one with `contexta init`"
    )
    return NotFoundError(
        f"there is no workspace at {root}: {hint}",
        code="workspace_not_found",
        details={"workspace": str(root), "nearest": None if nearest is None else str(nearest)},
    )


def _nearest(root: Path) -> Path | None:
    """A workspace that was probably meant: inside of the folder, or beside it by name."""
    from difflib import get_close_matches

    try:
        if (root / ".contexta" / _MARK).is_file():
            return root / ".contexta"
        beside = {mark.parent.name: mark.parent for mark in root.parent.glob(f"*/{_MARK}")}
        for mark in root.parent.glob(f"*/.contexta/{_MARK}"):
            beside.setdefault(mark.parent.parent.name, mark.parent)
    except OSError:  # the folder may not be read; then there is no hint
        return None
    close = get_close_matches(root.name, beside, n=1)
    return beside[close[0]] if close else None
