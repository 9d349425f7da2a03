"""What a run can know about the process that it runs in."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from contexta._redaction import Redactor
from contexta.runtime._git import GitState, read_git_state
from contexta.runtime._packages import installed_packages

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig

_MAX_VALUE = 4_096


@dataclass(frozen=True)
class EnvironmentInfo:
    """A snapshot of the process, free of secrets.

    Attributes:
        python_version: like ``3.11.9``.
        platform: operating system, release and machine.
        packages: version by normalized name (PEP 503), sorted; empty when switched off.
        environment_variables: the allow-listed ones, sorted.
        argv: the command line.
        code_revision: git commit of the running code; ``None`` when unknown.
        code_dirty: whether tracked files differ from that commit; ``None`` when unknown.
        hostname: name of the machine.
    """

    python_version: str
    platform: str
    packages: Mapping[str, str] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    code_revision: str | None = None
    code_dirty: bool | None = None
    hostname: str | None = None


def capture_environment(config: "UnifiedConfig", redactor: Redactor) -> EnvironmentInfo:
    """Take the snapshot that ``config.capture`` asks for, as things are now.

    A process that lives long, like a notebook or a scheduler, changes between its runs: its
    code, packages, variables and working directory are looked at for each of them.

    Reads files (package folders, the git repository), so call it off the hot path.
    Never raises for a damaged package or repository: what cannot be read is left out.
    """
    wanted = config.capture
    git = read_git_state(_code_folder()) if wanted.capture_code_revision else GitState()
    return EnvironmentInfo(
        python_version=platform.python_version(),
        platform=f"{platform.system()}-{platform.release()}-{platform.machine()}",
        packages=installed_packages() if wanted.capture_installed_packages else {},
        environment_variables=_variables(config, redactor),
        argv=tuple(redactor.argv([_printable(part) for part in sys.argv])),
        code_revision=git.commit,
        code_dirty=git.dirty,
        hostname=platform.node() or None,
    )


def _variables(config: "UnifiedConfig", redactor: Redactor) -> dict[str, str]:
    allowed = config.security.environment_variable_allowlist
    found = {
        name: _printable(value[:_MAX_VALUE])
        for name, value in sorted(os.environ.items())
        if any(fnmatchcase(name, pattern) for pattern in allowed)
    }
    return {name: str(value) for name, value in redactor.mapping(found).items()}


def _code_folder() -> Path:
    """Folder of the script that runs; for tools, notebooks and the REPL the working directory."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script:
        folder = Path(script).resolve().parent
        if not folder.is_relative_to(Path(sys.prefix).resolve()):
            return folder
    try:
        return Path.cwd()
    except OSError:  # the working directory was deleted
        return Path("/")


def _printable(text: str) -> str:
    """Replace bytes that are no UTF-8, which no store could hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
