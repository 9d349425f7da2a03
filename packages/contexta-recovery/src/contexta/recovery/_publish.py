"""Give a finished backup its name, by one rename."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from contexta.recovery._archive import ArchiveWriter
from contexta.recovery._find import ARCHIVE_SUFFIX
from contexta.recovery._manifest import MANIFEST_NAME, Manifest
from contexta.recovery._scratch import remove_if_abandoned, scratch_folder
from contexta.recovery._sync import sync_folders
from contexta.store.fs import fsync_dir, open_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contexta.recovery._progress import Reporter

PARTIAL_PREFIX = ".partial-"
ARCHIVE = f"archive{ARCHIVE_SUFFIX}"
# In a partial folder; the last two are of a format before.
_WRITTEN = frozenset({"backup", "view", ARCHIVE, "manifest.json", "workspace"})
_CHUNK_BYTES = 1 << 20


class Publisher(Protocol):
    """Makes of a written folder what is published."""

    @property
    def suffix(self) -> str:
        """What follows the reference in the name of the backup."""
        ...

    def pack(self, payload: Path, manifest: Manifest, scratch: Path, report: Reporter) -> Path:
        """Return the durable folder or file that only needs its name.

        Args:
            payload: The folder of the backup: `manifest.json` and every stored file, each synced.
            manifest: What `manifest.json` holds.
            scratch: A folder on the same filesystem that is removed afterwards.
            report: Told about every file.
        """
        ...


class DirectoryPublisher:
    """Publishes the folder itself."""

    suffix = ""

    def pack(self, payload: Path, manifest: Manifest, scratch: Path, report: Reporter) -> Path:
        """Return the folder, the names in it durable."""
        sync_folders(payload)
        return payload


class ArchivePublisher:
    """Publishes one file that holds what the folder holds."""

    suffix = ARCHIVE_SUFFIX

    def pack(self, payload: Path, manifest: Manifest, scratch: Path, report: Reporter) -> Path:
        """Return the archive, written and synced."""
        path = scratch / ARCHIVE
        stored = manifest.stored_files()
        report.begin("pack", len(stored), sum(one.size for one in stored))
        fd = open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        try:
            writer = ArchiveWriter(fd)
            raw = (payload / MANIFEST_NAME).read_bytes()
            writer.add(MANIFEST_NAME, len(raw), [raw])
            for one in stored:
                writer.add(one.stored, one.size, _chunks(payload / one.stored, report))
                # It is in the archive now: so the disk needs room for one copy, not for two.
                (payload / one.stored).unlink()
                report.advance(files=1)
            writer.finish()
        finally:
            os.close(fd)
        report.end()
        return path


def _chunks(path: Path, report: Reporter) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
            report.advance(len(chunk))


def publisher_of(form: str) -> Publisher:
    """Return the publisher of a form, `directory` or `archive`."""
    return ArchivePublisher() if form == "archive" else DirectoryPublisher()


@contextmanager
def claimed_name(root: Path, ref: str) -> Iterator[tuple[str, Path]]:
    """Lock a partial folder for the first of `ref`, `ref-2`, `ref-3`, ... that nobody has.

    Yields:
        The name, and a scratch folder that is removed at the end with all that is in it.
    """
    for number in itertools.count(1):
        name = ref if number == 1 else f"{ref}-{number}"
        partial = root / f"{PARTIAL_PREFIX}{name}"
        if is_taken(root, name):
            continue
        with ExitStack() as stack:
            try:
                found = stack.enter_context(scratch_folder(partial))
            except BlockingIOError:  # another process is writing a backup of this name
                continue
            # Both only when somebody finished, or was killed, since the look above.
            if is_taken(root, name) or found:
                continue
            yield name, partial
            return


def remove_partials(root: Path) -> None:
    """Remove what killed backups left below a backup folder.

    The folder may be one that other programs use, so a name alone is no proof: what holds
    anything that no backup writes is left alone.
    """
    for path in sorted(root.glob(f"{PARTIAL_PREFIX}*")):
        if path.is_dir() and not path.is_symlink() and {one.name for one in _in(path)} <= _WRITTEN:
            remove_if_abandoned(path)


def _in(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:  # another backup removed it just now
        return []


def publish(packed: Path, location: Path) -> None:
    """Rename what was packed to its final name, and make that durable."""
    os.replace(packed, location)
    fsync_dir(location.parent)


def is_taken(root: Path, name: str) -> bool:
    """Tell whether a backup of this name exists, in any form."""
    return any(os.path.lexists(root / f"{name}{suffix}") for suffix in ("", ARCHIVE_SUFFIX))
