"""Compare a backup with its manifest, byte by byte, without writing anywhere."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from contexta.recovery._codec import (
    HashingReader,
    UndecodableError,
    UnreadableError,
    plain_chunks,
)
from contexta.recovery._manifest import FileEntry, Manifest
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._progress import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from contexta.recovery._source import BackupSource

    Consumer = Callable[[FileEntry, bytes], None]


def check_files(
    source: BackupSource,
    manifest: Manifest,
    consume: Consumer | None = None,
    *,
    reporter: Reporter | None = None,
    phase: str = "verify",
    skip: AbstractSet[FileEntry] = frozenset(),
) -> tuple[BackupProblem, ...]:
    """Read every byte of every file and report each that is not as the manifest says.

    Args:
        source: The backup; nothing in it is changed, links in it are not followed.
        manifest: Its manifest, already checked against its own digest.
        consume: Receives each chunk of each file, decoded, as it is read, so that a copy needs no
            second reading. It may receive chunks of a file that is reported in the end, and
            receives none of an empty file.
        reporter: Told about every file.
        phase: What the reporter calls this.
        skip: Files that are not read, because a verified copy is there already.

    Returns:
        The problems, in the order of the places.
    """
    report = reporter or Reporter()
    report.begin(phase, len(manifest.files), manifest.total_bytes)
    problems = source.unexpected({stored.stored for stored in manifest.stored_files()})
    for entry in sorted(manifest.files):
        if entry in skip:
            report.advance(entry.size, files=1)
            continue
        problem = check_entry(source, entry, consume, report)
        if problem is not None:
            problems.append(problem)
        report.advance(files=1)
    report.end()
    return tuple(sorted(problems, key=lambda problem: problem.place))


def check_entry(
    source: BackupSource, entry: FileEntry, consume: Consumer | None, report: Reporter
) -> BackupProblem | None:
    """Read one stored file to its end, decode it, and compare both with the entry."""
    opened = source.open(entry.stored, entry.stored_size)
    if isinstance(opened, BackupProblem):
        return opened
    digest, size = hashlib.sha256(), 0
    with opened, HashingReader(opened) as stored:
        try:
            for chunk in plain_chunks(stored, entry.encoding, entry.size):
                digest.update(chunk)
                size += len(chunk)
                if consume is not None:
                    consume(entry, chunk)
                report.advance(len(chunk))
            stored.drain()
        except UnreadableError as error:
            return _problem("unreadable", entry, f"{error}.")
        except UndecodableError as error:
            return _problem("hash_differs", entry, f"it does not decode: {error}.")
    if stored.hexdigest() != entry.stored_sha256:
        return _problem("hash_differs", entry, "its SHA-256 is not the one in the manifest.")
    if size != entry.size or digest.hexdigest() != entry.sha256:
        return _problem("hash_differs", entry, "it holds other bytes than were backed up.")
    return None


def _problem(kind: str, entry: FileEntry, message: str) -> BackupProblem:
    return BackupProblem(kind, entry.stored, f"{entry.stored}: {message}")
