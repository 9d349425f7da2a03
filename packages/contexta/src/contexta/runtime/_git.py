"""The git commit of the running code, and whether tracked files differ from it.

Everything is read from the files of the repository; no ``git`` program is started, so that
nothing of a repository's configuration can run.  What cannot be told within the bounds
below, or is of a kind not handled here (SHA-256 repositories, reftables, split indexes), is
``None``: unknown.  Untracked files and submodules do not count as changes.
"""

import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from contexta.runtime._git_index import GitIndex, IndexUnreadableError, read_index
from contexta.runtime._git_objects import ObjectUnreadableError, tree_of_commit
from contexta.runtime._git_status import Unknown, is_worktree_changed, tree_of_index

_MAX_SMALL_FILE = 65_536
_MAX_PACKED_REFS = 67_108_864
_MAX_KEPT_INDEX = 8_388_608
_MAX_REF_HOPS = 5
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA1_LENGTH = 40


class GitState(NamedTuple):
    """What is known of the code.

    Attributes:
        commit: hexadecimal id of the checked-out commit.
        dirty: whether a tracked file differs from it, staged or not.
    """

    commit: str | None = None
    dirty: bool | None = None


class _Repository(NamedTuple):
    worktree: Path
    git_dir: Path  # of this worktree: HEAD and index
    common_dir: Path  # shared by all worktrees: refs and objects


def read_git_state(start: Path) -> GitState:
    """Read the state of the repository that ``start`` lies in.

    Both fields are ``None`` outside of a repository and before the first commit.
    """
    try:
        repository = _find_repository(start)
        if repository is None:
            return GitState()
        commit = _head_commit(repository)
    except (OSError, ValueError):  # damaged or not allowed to be read: nothing is known
        return GitState()
    if commit is None or len(commit) != _SHA1_LENGTH:
        return GitState(commit)
    try:
        return GitState(commit, _is_dirty(repository, commit))
    except (OSError, ValueError, IndexUnreadableError, ObjectUnreadableError, Unknown):
        return GitState(commit)


def _is_dirty(repository: _Repository, commit: str) -> bool:
    settings = _settings(repository)
    known = _index_of(repository.git_dir / "index")
    index = known.index
    if index.has_conflicts or index.has_unstaged_additions:
        return True
    if is_worktree_changed(
        repository.worktree,
        index,
        has_executable_bit=settings.get("filemode", "true") != "false",
        has_line_end_rules=_has_rules(repository, settings),
    ):
        return True
    return known.tree != tree_of_commit(repository.common_dir / "objects", commit)


class _ReadIndex:
    """An index, and the tree that committing it would give."""

    def __init__(self, index: GitIndex) -> None:
        self.index = index

    @cached_property
    def tree(self) -> bytes:
        return tree_of_index(self.index)


def _index_of(file: Path) -> _ReadIndex:
    """Read the index, unless it is the file that was read last; git replaces it as a whole."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return _ReadIndex(read_index(file))
    if status.st_size > _MAX_KEPT_INDEX:
        return _ReadIndex(read_index(file))
    return _read_once(
        file, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


@lru_cache(maxsize=1)
def _read_once(file: Path, *_: int) -> _ReadIndex:
    return _ReadIndex(read_index(file))


def _find_repository(start: Path) -> _Repository | None:
    first = start.resolve()
    for folder in (first, *first.parents):
        mark = folder / ".git"
        if mark.is_dir():
            return _Repository(folder, mark, _common_dir(mark))
        if mark.is_file():  # a linked worktree or a submodule
            name, _, target = _small_text(mark).partition(":")
            if name.strip() != "gitdir" or not target.strip():
                return None
            git_dir = (folder / target.strip()).resolve()
            return _Repository(folder, git_dir, _common_dir(git_dir))
    return None


def _common_dir(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    return (git_dir / _small_text(pointer).strip()).resolve()


def _head_commit(repository: _Repository) -> str | None:
    text = _small_text(repository.git_dir / "HEAD").strip()
    for _ in range(_MAX_REF_HOPS):
        if not text.startswith("ref:"):
            return text if _COMMIT.fullmatch(text) else None
        name = text.removeprefix("ref:").strip()
        if not name.startswith("refs/") or ".." in name:
            return None
        found = _ref_text(repository, name)
        if found is None:
            return None
        text = found
    return None


def _ref_text(repository: _Repository, name: str) -> str | None:
    for folder in (repository.git_dir, repository.common_dir):
        file = folder / name
        if file.is_file():
            return _small_text(file).strip()
    packed = repository.common_dir / "packed-refs"
    if not packed.is_file() or packed.stat().st_size > _MAX_PACKED_REFS:
        return None
    with packed.open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            commit, _, ref = line.rstrip("\n").partition(" ")
            if ref == name:
                return commit
    return None


def _settings(repository: _Repository) -> dict[str, str]:
    """The settings of ``[core]`` that change what counts as a difference."""
    section, found = "", {}
    for line in _small_text(repository.common_dir / "config").splitlines():
        text = line.strip()
        if text.startswith("["):
            section = text.strip("[]").strip().lower()
        elif section == "core" and "=" in text:
            name, _, value = text.partition("=")
            found[name.strip().lower()] = value.strip().lower()
    return found


def _has_rules(repository: _Repository, settings: dict[str, str]) -> bool:
    """Whether content may be converted on checkout, so that bytes differ without a change."""
    attributes = repository.worktree / ".gitattributes"
    private = repository.common_dir / "info" / "attributes"
    converted = settings.get("autocrlf", "false") not in ("false", "")
    return converted or attributes.is_file() or private.is_file()


def _small_text(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(_MAX_SMALL_FILE).decode("utf-8", "surrogateescape")
