"""What differs between the file lists of two backups. Pure: it sees the lists only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARK_SECTION = "workspace"


class ListedFile(Protocol):
    """A file of a manifest: path below the backup, size and SHA-256 of the file itself."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...


class FileChanges(NamedTuple):
    """The files of one section: paths below the section, each tuple sorted.

    `bytes_before` and `bytes_after` are sizes of the whole section; `new_bytes` of what the later
    backup holds and the earlier does not, in added and in changed files.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged_count: int
    bytes_before: int
    bytes_after: int
    new_bytes: int


def compare_files(
    before: Iterable[ListedFile], after: Iterable[ListedFile]
) -> dict[str, FileChanges]:
    """Compare two file lists by path, size and digest; how files are stored plays no part.

    Returns:
        Section to changes, sorted by section, each section that either list has. The mark of the
        workspace (`workspace.json`), which lies in no section, is in `workspace`.
    """
    old, new = _by_section(before), _by_section(after)
    return {
        section: _changes(old.get(section, {}), new.get(section, {}))
        for section in sorted(old.keys() | new.keys())
    }


def _by_section(files: Iterable[ListedFile]) -> dict[str, dict[str, ListedFile]]:
    found: dict[str, dict[str, ListedFile]] = {}
    for file in files:
        section, below = _place(file.path)
        found.setdefault(section, {})[below] = file
    return found


def _place(path: str) -> tuple[str, str]:
    parts = path.split("/")[1:]
    if len(parts) == 1:
        return MARK_SECTION, parts[0]
    return parts[0], "/".join(parts[1:])


def _changes(old: Mapping[str, ListedFile], new: Mapping[str, ListedFile]) -> FileChanges:
    added = sorted(new.keys() - old.keys())
    changed = sorted(path for path in old.keys() & new.keys() if _differ(old[path], new[path]))
    return FileChanges(
        added=tuple(added),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(changed),
        unchanged_count=len(old.keys() & new.keys()) - len(changed),
        bytes_before=sum(file.size for file in old.values()),
        bytes_after=sum(file.size for file in new.values()),
        new_bytes=sum(new[path].size for path in (*added, *changed)),
    )


def _differ(one: ListedFile, other: ListedFile) -> bool:
    return (one.size, one.sha256) != (other.size, other.sha256)
