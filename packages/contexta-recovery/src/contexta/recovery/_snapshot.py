"""Copy each section of a live workspace in the order that keeps the copy consistent.

Sections are copied records first, then artifacts, then metadata: a run is registered before its
first record and artifact, so that everything copied finds its run. What a section needs within
itself is said at its function.
"""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._errors import BackupError
from contexta.recovery._layout import DATABASE_NAME, WORKSPACE_MARK, Layout
from contexta.recovery._manifest import PAYLOAD
from contexta.recovery._records import copy_records
from contexta.recovery._server_ledger import copy_server_ledger
from contexta.recovery._sqlite import (
    DATABASE_SUFFIXES,
    SIDECAR_SUFFIXES,
    copy_database,
    is_regular,
)
from contexta.recovery._walk import walk_files
from contexta.recovery.outbox import OutboxFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from contexta.recovery._copy import Copier
    from contexta.store.metadata import MetadataStoreConfig

SECTIONS = ("config", "metadata", "records", "artifacts", "recovery")
OPTIONAL_SECTIONS = ("cache", "exports")
PLANES = ("metadata", "records", "artifacts")
_MOST_PASSES = 20
# Both are derived: a store without them reads the bindings, and hashes each body once more.
_DERIVED_OF_ARTIFACTS = ("_catalogue.json", "_hashed.jsonl")


def section_source(layout: Layout, section: str) -> Path:
    """Return the folder that a section is copied from."""
    return {
        "config": layout.root / WORKSPACE_MARK,
        "metadata": layout.metadata,
        "records": layout.records,
        "artifacts": layout.artifacts,
        "recovery": layout.outbox,
        "cache": layout.cache,
        "exports": layout.exports,
    }[section]


def plane_path(layout: Layout, plane: str) -> Path:
    """Return the folder of a plane, or the database of the metadata plane."""
    return layout.database if plane == "metadata" else section_source(layout, plane)


def has_section(layout: Layout, section: str) -> bool:
    """Tell whether a section exists.

    Raises:
        BackupError: `recovery_section_not_followed` when its folder is a link or no folder:
            leaving a plane out would be a silent loss, following a planted link a leak.
    """
    if section == "metadata" and is_regular(layout.database):
        return True
    source = section_source(layout, section)
    try:
        mode = os.lstat(source).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISDIR(mode):
        raise BackupError(
            f"Section {section!r} is at {str(source)!r}, which is a link or not a folder. "
            "Set its path in the configuration to the real folder.",
            code="recovery_section_not_followed",
            details={"section": section, "path": str(source)},
        )
    return True


def missing_planes(layout: Layout, planes: Iterable[str]) -> dict[str, Path]:
    """Return which of some planes were placed elsewhere on purpose and are not there.

    Most likely their disk is not mounted. A plane in the workspace folder is made when it is
    needed, so its absence says nothing.
    """
    return {
        name: path
        for name in planes
        if not has_section(layout, name) and not layout.is_inside(path := plane_path(layout, name))
    }


class Estimate(NamedTuple):
    """Number and bytes of the files that a backup would read now."""

    files: int
    size: int


def estimate(layout: Layout, sections: tuple[str, ...]) -> Estimate:
    """Count the files that a backup of these sections would read."""
    sizes = []
    for section in sections:
        source = section_source(layout, section)
        if source.is_dir() and not source.is_symlink():
            sizes += [found.size for found in walk_files(source, _taker(layout, section))]
    is_counted = layout.database.is_relative_to(layout.metadata) and "metadata" in sections
    if "metadata" in sections and not is_counted and is_regular(layout.database):
        sizes.append(layout.database.stat().st_size)
    return Estimate(len(sizes), sum(sizes))


def estimated_bytes(layout: Layout, sections: tuple[str, ...]) -> int:
    """Return the size of the files that a backup of these sections would read."""
    return estimate(layout, sections).size


def copy_sections(
    layout: Layout,
    sections: tuple[str, ...],
    copier: Copier,
    server: MetadataStoreConfig | None = None,
) -> tuple[str, ...]:
    """Copy the sections that exist and return them, `config` excepted, in the given order.

    Args:
        layout: The workspace.
        sections: Their names.
        copier: Where to.
        server: Where the ledger is, when it is on a server.
    """
    is_there = {"metadata": server is not None}
    present = [
        name
        for name in sections
        if name != "config" and (has_section(layout, name) or is_there.get(name, False))
    ]
    if is_regular(layout.root / WORKSPACE_MARK):
        copier.copy(layout.root / WORKSPACE_MARK, f"{PAYLOAD}/{WORKSPACE_MARK}")
    for section in present:
        if section not in PLANES:
            _copy_plain(layout, section, copier)
    if "records" in present:
        copy_records(layout.records, f"{PAYLOAD}/records", _taker(layout, "records"), copier)
    if "artifacts" in present:
        _copy_artifacts(layout, copier)
    if "metadata" in present:
        _copy_metadata(layout, copier, server)
    return tuple(present)


def _copy_plain(layout: Layout, section: str, copier: Copier) -> None:
    below = "recovery/outbox" if section == "recovery" else section
    steady = OutboxFile(layout.outbox).steady() if section == "recovery" else nullcontext()
    with steady:
        source, take = section_source(layout, section), _taker(layout, section)
        copier.copy_tree(source, f"{PAYLOAD}/{below}", take)


def _copy_artifacts(layout: Layout, copier: Copier) -> None:
    # A body is stored before its binding and deleted after it. So bindings first, then bodies;
    # a binding that is still as it was has its body in the copy. One that was exchanged since
    # may name a body that the walk had passed: then both are looked at again.
    bindings = layout.artifacts / "bindings"
    take = _taker(layout, "artifacts")
    relative = f"{PAYLOAD}/artifacts"
    seen = _bindings_of(bindings, take, copier)
    for path in seen:
        copier.copy_soon(bindings / path, f"{relative}/bindings/{path}")
    for _ in range(_MOST_PASSES):
        copier.settle()
        for found in copier.walk(layout.artifacts, lambda path: path != bindings and take(path)):
            if f"{relative}/{found.relative}" not in copier.entries:
                copier.copy_soon(found.path, f"{relative}/{found.relative}")
        copier.settle()
        now = _bindings_of(bindings, take, copier)
        exchanged = [path for path in seen if path in now and now[path] != seen[path]]
        for path in seen:
            if path not in now and f"{relative}/bindings/{path}" in copier.entries:
                copier.drop(f"{relative}/bindings/{path}")
        if not exchanged:
            return
        for path in exchanged:
            seen[path] = now[path]
            copier.copy_soon(bindings / path, f"{relative}/bindings/{path}")


def _bindings_of(
    folder: Path, take: Callable[[Path], bool], copier: Copier
) -> dict[str, tuple[int, int, int]]:
    """Return the bindings below a folder, each with what changes when it is exchanged."""
    bindings = {}
    for found in copier.walk(folder, take):
        with suppress(FileNotFoundError):
            status = os.lstat(found.path)
            bindings[found.relative] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return bindings


def _copy_metadata(layout: Layout, copier: Copier, server: MetadataStoreConfig | None) -> None:
    ledger = f"{PAYLOAD}/metadata/{DATABASE_NAME}"
    if server is not None:
        shown = copier.view.path(ledger)
        copy_server_ledger(server, shown)
        copier.copy(shown, ledger)
        copier.view.keep(copier.entries[ledger])
    elif is_regular(layout.database):
        _copy_sqlite_file(layout.database, ledger, copier)
    for found in copier.walk(layout.metadata, _taker(layout, "metadata")):
        relative = f"{PAYLOAD}/metadata/{found.relative}"
        if found.path == layout.database and server is None:
            continue
        if relative in copier.entries:
            copier.warnings.append(f"name_taken_by_database:metadata/{found.relative}")
        elif found.path.suffix in DATABASE_SUFFIXES:
            _copy_sqlite_file(found.path, relative, copier)
        else:
            copier.copy(found.path, relative)


def _copy_sqlite_file(source: Path, relative: str, copier: Copier) -> None:
    shown = copier.view.path(relative)
    if copy_database(source, shown):
        copier.copy(shown, relative)
        copier.view.keep(copier.entries[relative])
    else:
        copier.copy(source, relative)


def _taker(layout: Layout, section: str) -> Callable[[Path], bool]:
    """Say which paths belong to a section: no backups, no staging, no locks, no leftovers."""
    others = {layout.backups, layout.staging}
    if section != "recovery":
        others.add(layout.outbox)
    if section == "artifacts":
        others.add(layout.artifacts / "staging")  # bodies that are being written; not yet stored
        others |= {layout.artifacts / name for name in _DERIVED_OF_ARTIFACTS}
    others |= {
        section_source(layout, name) for name in (*PLANES, *OPTIONAL_SECTIONS) if name != section
    }

    def take(path: Path) -> bool:
        name = path.name
        if path in others or name.endswith(".lock") or (name[0] == "_" and name.endswith(".tmp")):
            return False
        return section != "metadata" or not name.endswith(SIDECAR_SUFFIXES)

    return take
