"""Encrypted backups: what is sealed, what stays readable, and how both are tied together.

Each stored file is sealed, under a name that is an HMAC of its content: equal content has equal
names within one key, which is what lets backups share files, and the name tells nothing else.
The list of files with their paths, sizes and digests is a sealed file too.

The manifest stays readable: reference and time of the backup, the workspace's folder, sections,
counts, warnings, and size and digest of each sealed file, so that the bytes can be verified, listed
and pruned without the key. Who changes it and fits the digests is found out with the key, by an
HMAC over the whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from contexta.recovery._derive import derive
from contexta.recovery._manifest import PAYLOAD, Manifest, PlaneInspection, StoredFile, encoded
from contexta.recovery._manifest_read import checked_entries, parse_entries
from contexta.recovery._models_backup import BackupProblem
from contexta.recovery._seal import SealError, SealReader, SealWriter
from contexta.recovery._source import MAX_MANIFEST_BYTES, manifest_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.recovery._source import BackupSource
    from contexta.recovery.keys import BackupKey

SCHEME = "AES-256-GCM in STREAM, 1 MiB segments, HKDF-SHA256, version 1"
LIST_NAME = f"{PAYLOAD}/sealed/list"
_SUBKEY_BYTES = 32


class BackupSealing:
    """Seals and opens the stored files of backups with one key."""

    def __init__(self, key: BackupKey) -> None:
        self._key = key
        self._names = derive(key, "names", _SUBKEY_BYTES)
        self._manifests = derive(key, "manifest", _SUBKEY_BYTES)

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return self._key.key_id

    def stored_name(self, sha256: str, encoding: str) -> str:
        """Return the name that a file of this content is stored under; it tells nothing of it."""
        text = f"{encoding}:{sha256}".encode("ascii")
        name = hmac.new(self._names, text, hashlib.sha256).hexdigest()
        return f"{PAYLOAD}/sealed/{name[:2]}/{name}"

    def writer(self, sink: Callable[[bytes], object]) -> SealWriter:
        """Return a writer that hands sealed bytes to `sink`."""
        return SealWriter(sink, self._key, "file")

    def reader(self, stored: BinaryIO) -> BinaryIO:
        """Return a reader of the opened bytes of a stored file; it owns `stored`.

        Raises:
            ValueError: Here or while reading, when the bytes do not open with the key.
        """
        return cast("BinaryIO", SealReader(stored, self._key, "file"))

    def list_writer(self, sink: Callable[[bytes], object]) -> SealWriter:
        """Return a writer for the list of files, which opens as nothing else."""
        return SealWriter(sink, self._key, "file list")

    def list_reader(self, stored: BinaryIO) -> SealReader:
        """Return a reader for the list of files."""
        return SealReader(stored, self._key, "file list")

    def mac(self, manifest: Manifest) -> str:
        """Return the HMAC over everything that a manifest says, itself left out."""
        body = manifest.body()
        said = {name: value for name, value in body["encryption"].items() if name != "hmac"}
        data = encoded(body | {"encryption": said})
        return hmac.new(self._manifests, data, hashlib.sha256).hexdigest()


def seal_manifest(manifest: Manifest, sealing: BackupSealing) -> tuple[Manifest, bytes]:
    """Split what a backup says of itself.

    Args:
        manifest: With all files, each stored sealed.
        sealing: The key.

    Returns:
        The manifest to write, and the bytes of the file to store as `LIST_NAME`.
    """
    body = manifest.body()
    stored = bytearray()
    writer = sealing.list_writer(stored.extend)
    writer.write(encoded({"files": body["files"], "inspections": body["inspections"]}))
    writer.finish()
    sealed_list = StoredFile(LIST_NAME, len(stored), hashlib.sha256(stored).hexdigest())
    readable = replace(
        manifest,
        files=(),
        inspections={},
        sealed_files=(*manifest.stored_files(), sealed_list),
        encryption={"scheme": SCHEME, "key_id": sealing.key_id},
    )
    said = {**(readable.encryption or {}), "hmac": sealing.mac(readable)}
    return replace(readable, encryption=said), bytes(stored)


def open_manifest(
    source: BackupSource, manifest: Manifest, sealing: BackupSealing
) -> Manifest | BackupProblem:
    """Return the manifest of an encrypted backup with its files, or why it cannot be trusted.

    Args:
        source: The backup.
        manifest: As it was read, its own digest already checked.
        sealing: Of the key that the manifest names.
    """
    said = manifest.encryption or {}
    if said.get("scheme") != SCHEME:
        message = f"encrypted by {str(said.get('scheme'))[:200]!r}; this release knows {SCHEME!r}"
        return manifest_problem("manifest_invalid", message)
    if not hmac.compare_digest(str(said.get("hmac")).encode(), sealing.mac(manifest).encode()):
        message = "it was changed by somebody without the key"
        return manifest_problem("manifest_edited", message)
    raw = _sealed_list(source, manifest)
    if isinstance(raw, BackupProblem):
        return raw
    try:
        return _with_files(manifest, raw, sealing)
    except SealError as error:
        return _list_problem("hash_differs", f"{error}.")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        return _list_problem("manifest_invalid", f"a field is missing or wrong: {error!r}.")


def _sealed_list(source: BackupSource, manifest: Manifest) -> bytes | BackupProblem:
    listed = {stored.stored: stored for stored in manifest.sealed_files}.get(LIST_NAME)
    if listed is None:
        return manifest_problem("manifest_invalid", "it names no sealed list of files")
    if listed.size > MAX_MANIFEST_BYTES:
        return _list_problem("manifest_invalid", f"larger than {MAX_MANIFEST_BYTES} bytes.")
    opened = source.open(LIST_NAME, listed.size)
    if isinstance(opened, BackupProblem):
        return opened
    with opened:
        try:
            raw = opened.read(listed.size)
        except OSError as error:
            return _list_problem("unreadable", f"{error.strerror}.")
    if hashlib.sha256(raw).hexdigest() != listed.sha256:
        return _list_problem("hash_differs", "its SHA-256 is not the one in the manifest.")
    return raw


def _with_files(manifest: Manifest, raw: bytes, sealing: BackupSealing) -> Manifest:
    import io

    with sealing.list_reader(io.BytesIO(raw)) as reader:
        data: dict[str, Any] = json.loads(reader.read())
    unlocked = replace(
        manifest,
        files=checked_entries(parse_entries(data["files"])),
        inspections={
            name: PlaneInspection(one["digest"], dict(one["facts"]), tuple(one["damage"]))
            for name, one in data["inspections"].items()
        },
    )
    if set(unlocked.stored_files()) != set(manifest.sealed_files):
        raise ValueError("it lists other stored files than the manifest")
    return unlocked


def _list_problem(kind: str, message: str) -> BackupProblem:
    return BackupProblem(kind, LIST_NAME, f"{LIST_NAME}: {message}")
