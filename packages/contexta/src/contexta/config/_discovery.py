"""Find the project that the working directory belongs to.

The search goes up from the working directory and takes the first folder that holds
``contexta.toml``, a ``pyproject.toml`` with a ``[tool.contexta]`` table, or a
``.contexta`` folder.  It ends at the first folder with ``.git``, and passes over the home
directory and over folders that other users own or that everybody may write to, such as
``/tmp``: a file planted there must not steer somebody else's run.
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from contexta.config._files import pyproject_table

PROJECT_FILE = "contexta.toml"
DEFAULT_WORKSPACE = ".contexta"


class Project(NamedTuple):
    """A project: its folder and its settings file, if it has one."""

    root: Path
    config_file: Path | None


def find_project(start: Path | None = None) -> Project | None:
    """Search from ``start`` (default: the working directory) upward; ``None`` if there is none."""
    try:
        first = (start or Path.cwd()).resolve()
    except OSError:  # the working directory was deleted
        return None
    for folder in (first, *first.parents):
        try:
            found = _project_at(folder) if folder == first or _is_trusted(folder) else None
            if found is not None or (folder / ".git").exists():
                return found
        except OSError:  # a folder that may not be looked into holds no project of ours
            continue
    return None


def _project_at(folder: Path) -> Project | None:
    settings_file = folder / PROJECT_FILE
    if settings_file.is_file():
        return Project(folder, settings_file)
    pyproject = folder / "pyproject.toml"
    if pyproject.is_file() and pyproject_table(pyproject):
        return Project(folder, pyproject)
    if (folder / DEFAULT_WORKSPACE).is_dir():
        return Project(folder, None)
    return None


def _is_trusted(folder: Path) -> bool:
    # Not Path.home(): it raises for a user without a home, as in containers.
    if str(folder) == os.path.expanduser("~"):  # noqa: PTH111 - see above
        return False
    try:
        status = folder.stat()
    except OSError:
        return False
    if os.name != "posix":
        return True
    return status.st_uid in (os.getuid(), 0) and not status.st_mode & stat.S_IWOTH
