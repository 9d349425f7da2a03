"""Compare a backup with its manifest, byte by byte, without writing anywhere."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from contexta.recovery._codec import (
    HashingReader,
    Sealing,
    UndecodableError,
    UnreadableError,
    plain_chunks,
)
from contexta.recovery._manifest import FileEntry, Manifest, StoredFile
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._progress import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

    from contexta.recovery._source import BackupSource

    Consumer = Callable[[FileEntry, bytes], None]

_THREADS = 2  # hashing is what takes the time, and it runs without the interpreter's lock


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
        manifest: Its manifest, already checked against its own digest. Of a locked one, the
            bytes are compared as they are stored.
        consume: Receives each chunk of each file, decoded, as it is read, so that a copy needs no
            second reading. It may receive chunks of a file that is reported in the end, and
            receives none of an empty file. One file at a time then, in the order of paths.
        reporter: Told about every file.
        phase: What the reporter calls this.
        skip: Entries that need no reading now, because what they name is verified.

    Returns:
        The problems, in the order of the places.
    """
    report = reporter or Reporter()
    entries = sorted(set(manifest.files) - skip)
    if consume is None:
        entries = list({entry.stored: entry for entry in entries}.values())
    covered = {entry.stored for entry in manifest.files}
    raw = [one for one in manifest.sealed_files if one.stored not in covered]
    sizes = sum(entry.size for entry in entries) + sum(one.size for one in raw)
    report.begin(phase, len(entries) + len(raw), sizes)
    problems = source.unexpected({stored.stored for stored in manifest.stored_files()})
    problems += _checked(source, [_as_entry(one) for one in raw], None, report)
    problems += _checked(source, entries, consume, report)
    report.end()
    return tuple(sorted(problems, key=lambda problem: problem.place))


def _checked(
    source: BackupSource, entries: list[FileEntry], consume: Consumer | None, report: Reporter
) -> list[BackupProblem]:
    def check(entry: FileEntry) -> BackupProblem | None:
        problem = check_entry(source, entry, consume, report)
        report.advance(files=1)
        return problem

    found = map(check, entries) if consume is not None else _in_threads(check, entries, report)
    return [problem for problem in found if problem is not None]


def _in_threads(
    check: Callable[[FileEntry], BackupProblem | None],
    entries: Iterable[FileEntry],
    report: Reporter,
) -> list[BackupProblem | None]:
    pool = ThreadPoolExecutor(_THREADS)
    try:
        return report.results_of([pool.submit(check, entry) for entry in entries])
    finally:
        pool.shutdown(cancel_futures=True)


def _as_entry(one: StoredFile) -> FileEntry:
    return FileEntry.plain(one.stored, one.size, one.sha256)


def check_entry(
    source: BackupSource,
    entry: FileEntry,
    consume: Consumer | None,
    report: Reporter,
    sealing: Sealing | None = None,
) -> BackupProblem | None:
    """Read one stored file to its end, decode it, and compare both with the entry.

    An encrypted one is opened with `sealing`, or with the key that the source was opened with.
    """
    opened = source.open(entry.stored, entry.stored_size)
    if isinstance(opened, BackupProblem):
        return opened
    sealing = source.sealing if sealing is None else sealing
    digest, size = hashlib.sha256(), 0
    with opened, HashingReader(opened) as stored:
        try:
            for chunk in plain_chunks(stored, entry.encoding, entry.size, sealing):
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
