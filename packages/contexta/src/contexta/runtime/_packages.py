"""Which packages are installed now."""

import os
import re
import sys
import time
from typing import NamedTuple

_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")
_EGG = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+)(?:-.*)?)?\.egg-info")
_MAX_HEADER = 65_536
_MAX_FOLDERS = 1_000
_SETTLED_NS = 2_000_000_000


class _Found(NamedTuple):
    """What a folder held when its entries last changed."""

    stamp: tuple[int, int, int]
    packages: tuple[tuple[str, str], ...]


_known: dict[str, _Found] = {}


def installed_packages(folders: list[str] | None = None) -> dict[str, str]:
    """Versions of the installed packages by normalized name, sorted.

    Reads the names of the metadata folders, not their content: 1,000 packages cost
    milliseconds instead of half a second.  A folder whose entries are those of the last
    look is not read again.  Packages with damaged metadata are left out.

    Args:
        folders: import folders to look in; by default ``sys.path``.
    """
    found: dict[str, str] = {}
    for folder in list(sys.path) if folders is None else folders:
        for name, version in _packages_in(folder or "."):
            found.setdefault(name, version)
    return dict(sorted(found.items()))


def _packages_in(folder: str) -> tuple[tuple[str, str], ...]:
    try:
        status = os.stat(folder)  # noqa: PTH116 - a Path costs more than the call
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns)
        known = _known.get(folder)
        if known is not None and known.stamp == stamp:
            return known.packages
        entries = list(os.scandir(folder))
    except (OSError, ValueError):  # on sys.path, but missing, a zip file, or not ours to read
        return ()
    found, lasting = _read(entries)
    # What changed just now may change again within the same tick of the clock.
    if lasting and time.time_ns() - status.st_mtime_ns > _SETTLED_NS:
        if len(_known) >= _MAX_FOLDERS:
            _known.clear()
        _known[folder] = _Found(stamp, found)
    return found


def _read(entries: "list[os.DirEntry[str]]") -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return the packages, and whether they stay while the entries of the folder do."""
    found, lasting = [], True
    for entry in entries:
        if wheel := _WHEEL.fullmatch(entry.name):
            # A leftover of a broken uninstall has the folder, but no metadata in it.
            if _has_content(f"{entry.path}/METADATA"):
                found.append((_normal(wheel["name"]), wheel["version"]))
        elif egg := _EGG.fullmatch(entry.name):
            lasting = lasting and bool(egg["version"])
            version = egg["version"] or _version_in(entry)
            if version:
                found.append((_normal(egg["name"]), version))
    return tuple(found), lasting


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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
