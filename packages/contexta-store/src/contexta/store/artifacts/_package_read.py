"""Read the files of a package, each as long as announced and with the hash that was listed."""

from __future__ import annotations

import hashlib
import os
from typing import IO, TYPE_CHECKING

from contexta.contract.errors import ArtifactError
from contexta.store.artifacts._package import (
    HASHES_NAME,
    MAX_DOCUMENT_BYTES,
    MAX_HASHES_BYTES,
    MEMBERS_NAME,
    METADATA_NAME,
    PackageHead,
    invalid,
    parse_head,
    parse_metadata,
)
from contexta.store.artifacts._trees import MAX_TREE_BYTES, decode
from contexta.store.fs import open_private, translated_os_errors, write_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from contexta.store.artifacts._package_source import PackageSource

_CHUNK_BYTES = 1 << 20


def read_head(source: PackageSource) -> PackageHead:
    """Read and check the documents of a package."""
    metadata = parse_metadata(_document(source, METADATA_NAME, MAX_DOCUMENT_BYTES))
    manifest = _document(source, metadata["manifest_file"], MAX_DOCUMENT_BYTES)
    binding = hashes = None
    if metadata["binding_file"] in source.sizes:
        binding = _document(source, metadata["binding_file"], MAX_DOCUMENT_BYTES)
    if HASHES_NAME in source.sizes:
        hashes = _document(source, HASHES_NAME, MAX_HASHES_BYTES)
    head = parse_head(metadata, manifest, binding, hashes)
    for name, raw in ((metadata["manifest_file"], manifest), (metadata["binding_file"], binding)):
        if raw is not None:
            require_facts(head, name, hashlib.sha256(raw).hexdigest())
    return head


def _document(source: PackageSource, name: str, most: int) -> bytes:
    if name not in source.sizes:
        raise invalid(f"it has no {name!r}")
    if source.sizes[name] > most:
        raise invalid(f"{name!r} is larger than {most} bytes")
    with source.open(name) as file, translated_os_errors("read", name):
        return file.read(source.sizes[name])


def require_listed(source: PackageSource, head: PackageHead) -> None:
    """Refuse files that the package does not name, and facts that are not those of its files."""
    if head.hashes is None:
        if any(name.startswith(f"{MEMBERS_NAME}/") for name in source.sizes):
            raise invalid(f"it has members but no {HASHES_NAME}")
        return
    listed = set(head.hashes) | {HASHES_NAME}
    stray = sorted(source.sizes.keys() ^ listed)
    if stray:
        raise invalid(f"{HASHES_NAME} and the files differ in {', '.join(map(repr, stray[:5]))}")
    for name, facts in head.hashes.items():
        if source.sizes[name] != facts.size_bytes:
            raise invalid(
                f"{name!r} has {source.sizes[name]} bytes, {HASHES_NAME} says {facts.size_bytes}"
            )
    with source.open(METADATA_NAME) as file, translated_os_errors("read", METADATA_NAME):
        raw = file.read(source.sizes[METADATA_NAME])
    require_facts(head, METADATA_NAME, hashlib.sha256(raw).hexdigest())


def require_facts(head: PackageHead, name: str, digest: str) -> None:
    """Refuse a file whose hash is not the listed one."""
    facts = None if head.hashes is None else head.hashes.get(name)
    if facts is not None and facts.sha256 != digest:
        raise tampered(name, facts.sha256, digest)


def take(source: PackageSource, name: str, target: Path | None, *, keep: bool) -> tuple[bytes, str]:
    """Copy a file of a package (or only hash it); return its bytes when kept, and its hash."""
    if keep and source.sizes[name] > MAX_TREE_BYTES:
        raise invalid(f"{name!r} is larger than {MAX_TREE_BYTES} bytes")
    fd = None if target is None else open_private(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        with source.open(name) as file, translated_os_errors("copy", name):
            kept, digest = _pump(file, fd, source.sizes[name], name, keep=keep)
            if fd is not None:
                os.fsync(fd)
    finally:
        if fd is not None:
            os.close(fd)
    return kept, digest


def _pump(
    file: IO[bytes], fd: int | None, size: int, name: str, *, keep: bool
) -> tuple[bytes, str]:
    """Read exactly as many bytes as were announced."""
    digest = hashlib.sha256()
    kept: list[bytes] = []
    left = size
    while left:
        chunk = file.read(min(_CHUNK_BYTES, left))
        if not chunk:
            raise invalid(f"{name!r} is shorter than announced")
        digest.update(chunk)
        left -= len(chunk)
        if fd is not None:
            write_all(fd, chunk)
        if keep:
            kept.append(chunk)
    return b"".join(kept), digest.hexdigest()


def tree_size(raw: bytes, ref: str, members: Mapping[str, int]) -> int:
    """Return the bytes of a folder artifact, whose members are the given ones."""
    tree = decode(raw, ref)
    wanted = {member.sha256: member.size_bytes for member in tree.members}
    if wanted != dict(members):
        raise invalid("its members are not those that its tree names")
    return tree.size_bytes


def tampered(name: str, expected: str, actual: str) -> ArtifactError:
    """Build the error for a file that is not what was exported."""
    return ArtifactError(
        f"{name!r} in the package is not what was exported: its SHA-256 is {actual}, not "
        f"{expected}. Nothing was imported.",
        code="artifact_store_hash_mismatch",
        details={"file": name, "expected_hash_value": expected, "actual_hash_value": actual},
    )
