"""What a run can know about the process that it runs in."""

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from contexta._redaction import Redactor
from contexta.runtime._git import GitState, read_git_state

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig

_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")
_EGG = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+)(?:-.*)?)?\.egg-info")
_MAX_HEADER = 65_536
_MAX_VALUE = 4_096

_cache: dict[object, "EnvironmentInfo"] = {}
_lock = Lock()


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
    """Take the snapshot that ``config.capture`` asks for; the first is kept for the process.

    Reads files (package folders, the git repository), so call it off the hot path.
    Never raises for a damaged package or repository: what cannot be read is left out.
    """
    wanted = config.capture
    key = (
        wanted.capture_installed_packages,
        wanted.capture_code_revision,
        config.security.environment_variable_allowlist,
        redactor.patterns,
        redactor.mode,
    )
    with _lock:  # one thread looks, the others wait for what it finds
        if key not in _cache:
            _cache[key] = _taken(config, redactor)
        return _cache[key]


def _renew_lock() -> None:
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    # Another thread of the parent may be in the middle of a snapshot.
    os.register_at_fork(after_in_child=_renew_lock)


def installed_packages(folders: list[str] | None = None) -> dict[str, str]:
    """Versions of the installed packages by normalized name, sorted.

    Reads the names of the metadata folders, not their content: 1,000 packages cost
    milliseconds instead of half a second.  Packages with damaged metadata are left out.

    Args:
        folders: import folders to look in; by default ``sys.path``.
    """
    found: dict[str, str] = {}
    for folder in sys.path if folders is None else folders:
        for name, version in _packages_in(folder or "."):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return dict(sorted(found.items()))


def _taken(config: "UnifiedConfig", redactor: Redactor) -> EnvironmentInfo:
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


def _packages_in(folder: str) -> Iterator[tuple[str, str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # on sys.path, but missing, a zip file, or not ours to read
        return
    for entry in entries:
        if wheel := _WHEEL.fullmatch(entry.name):
            # A leftover of a broken uninstall has the folder, but no metadata in it.
            if _has_content(f"{entry.path}/METADATA"):
                yield wheel["name"], wheel["version"]
        elif egg := _EGG.fullmatch(entry.name):
            version = egg["version"] or _version_in(entry)
            if version:
                yield egg["name"], version


def _has_content(file: str) -> bool:
    try:
        return os.stat(file).st_size > 0  # noqa: PTH116 - a Path costs more than the call
    except OSError:
        return False


def _version_in(entry: "os.DirEntry[str]") -> str:
    """Version of a development install, whose folder name does not carry it."""
    file = f"{entry.path}/PKG-INFO" if entry.is_dir() else entry.path
    try:
        with open(file, encoding="utf-8", errors="replace") as text:
            header = text.read(_MAX_HEADER)
    except OSError:
        return ""
    for line in header.splitlines():
        if line.startswith("Version:"):
            return line.removeprefix("Version:").strip()
    return ""


def _printable(text: str) -> str:
    """Replace bytes that are no UTF-8, which no store could hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
