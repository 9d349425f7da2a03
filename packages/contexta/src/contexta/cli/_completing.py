"""What a shell completes behind a command: runs, projects, statuses and paths.

Only loaded while a shell asks; commands know nothing of it.  What cannot be found completes to
nothing: an error would land in the line that somebody types.
"""

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from contexta.cli._state import State

_RUNS = frozenset({"RUN", "LEFT", "RIGHT", "SUBJECT"})
_PATHS = frozenset({"PATH", "FILE", "SOURCE", "PACKAGE", "BACKUP"})
_FOLDERS = frozenset({"FOLDER"})
_FOLDER_OPTIONS = frozenset({"workspace", "target_workspace"})


class _Found(click.types.StringParamType):
    """A text that completes to what a function finds in the workspace."""

    def __init__(self, find: Callable[[State], Iterable[str]]) -> None:
        self._find = find

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return what begins like this; nothing where the workspace cannot be read."""
        from contexta.contract.errors import ContextaError

        state = ctx.find_object(State)
        if state is None:
            return []
        state.quiet = True
        try:
            names = self._find(state)
        except (ContextaError, click.ClickException):
            return []
        safe = (name for name in names if name.isprintable() and " " not in name)
        return [CompletionItem(name) for name in safe if name.startswith(incomplete)]


class _Place(click.types.StringParamType):
    """A text that the shell itself completes: a ``file`` or a ``dir``."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell do it."""
        return [CompletionItem(incomplete, type=self._kind)]


def teach(command: click.Command) -> None:
    """Give the parameters of a command what they complete to."""
    for param in command.params:
        if type(param.type) is click.types.StringParamType:
            param.type = _type_of(param)


def _type_of(param: click.Parameter) -> "click.ParamType[Any]":
    word = (param.metavar or "").strip("[].")
    name = param.name or ""
    if word in _FOLDERS or name in _FOLDER_OPTIONS:
        return _Place("dir")
    if word in _PATHS:
        return _Place("file")
    if word in _RUNS:
        return _Found(_run_names)
    if word == "PROJECT" or name.removeprefix("left_").removeprefix("right_") in (
        "project",
        "projects",
        "baseline_project",
    ):
        return _Found(lambda state: state.open().list_projects())
    if word == "STATUS":
        return _Found(_statuses)
    return param.type


def _run_names(state: State) -> Iterable[str]:
    """Return short ids where one project has them, else with the project; newest first.

    Without the kind in front: a colon ends a word in bash.
    """
    from collections import Counter

    from contexta.interpretation.query import RunListQuery

    newest = state.open().query_service.list_run_ids(query=RunListQuery(sort_desc=True))
    refs = [run_id.partition(":")[2] for run_id in newest]
    short = [ref.partition(".")[2] for ref in refs]
    times = Counter(short)
    return [one if times[one] == 1 else ref for one, ref in zip(short, refs, strict=True)]


def _statuses(_state: State) -> Iterable[str]:
    from contexta.contract.models.context import RUN_STAGE_STATUSES

    return RUN_STAGE_STATUSES
