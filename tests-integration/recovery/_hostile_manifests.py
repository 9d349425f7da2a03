"""Hostile archives whose manifest lies, and bombs; see `_hostile`."""

from __future__ import annotations

import hashlib

import pyarrow as pa
from _backup_faults import MANIFEST
from _hostile import HOSTILE, Good, hostile, redone

__all__ = ["HOSTILE", "Good"]


@hostile
def newer_format(good: Good) -> bytes:
    return good.with_manifest(good.manifest | {"format_version": 99})


@hostile
def format_of_another_kind(good: Good) -> bytes:
    return good.with_manifest(good.manifest | {"format_version": True})


@hostile
def manifest_of_deep_lists(good: Good) -> bytes:
    return good.with_manifest(b"[" * 200_000)


@hostile
def manifest_with_a_huge_number(good: Good) -> bytes:
    return good.with_manifest(b'{"format_version": ' + b"9" * 100_000 + b"}")


@hostile
def name_with_a_surrogate(good: Good) -> bytes:
    return good.with_manifest(good.manifest | {"backup_ref": "\ud800"})


@hostile
def name_with_an_escape_sequence(good: Good) -> bytes:
    return good.with_manifest(good.manifest | {"backup_ref": "\x1b]0;mine\x07"})


@hostile
def manifest_that_is_no_text(good: Good) -> bytes:
    return good.with_manifest(b"\xff\xfe\x00")


@hostile
def manifest_without_files(good: Good) -> bytes:
    body = good.manifest
    del body["files"]
    return good.with_manifest(body)


@hostile
def files_that_are_no_list(good: Good) -> bytes:
    return good.with_manifest(good.manifest | {"files": "all of them"})


@hostile
def entry_with_a_huge_size(good: Good) -> bytes:
    body = good.manifest
    body["files"][0]["size"] = 1 << 70
    return good.with_manifest(body)


@hostile
def entry_with_a_negative_size(good: Good) -> bytes:
    body = good.manifest
    body["files"][0]["size"] = -1
    return good.with_manifest(body)


@hostile
def entry_of_an_unknown_encoding(good: Good) -> bytes:
    body = good.manifest
    body["files"][0]["encoding"] = "lzma"
    return good.with_manifest(body)


@hostile
def two_entries_for_one_path(good: Good) -> bytes:
    body = good.manifest
    body["files"].append(dict(body["files"][0]))
    return good.with_manifest(body)


@hostile
def said_to_be_sealed(good: Good) -> bytes:
    return good.with_manifest(good.manifest | {"encryption": {"scheme": "rot13"}})


# Bombs


def _compressed(good: Good, plain_size: int, said: int) -> bytes:
    """Replace a file by zeros that take next to nothing, listed as `said` bytes."""
    body = pa.compress(bytes(plain_size), codec="zstd", asbytes=True)
    manifest = good.manifest
    old = good.some_member()
    (entry,) = [one for one in manifest["files"] if one["stored"] == old.info.name][:1]
    digests = hashlib.sha256(bytes(min(said, plain_size))), hashlib.sha256(body)
    entry |= {"size": said, "stored_size": len(body), "encoding": "zstd"}
    entry |= {"sha256": digests[0].hexdigest(), "stored_sha256": digests[1].hexdigest()}
    parts = [good.member(MANIFEST, redone(manifest))]
    for one, raw in zip(good.members[1:], good.raw_members()[1:], strict=True):
        parts.append(good.member(one.info.name, body) if one is old else raw)
    return b"".join(parts) + good.tail


@hostile
def more_than_listed_when_decoded(good: Good) -> bytes:
    return _compressed(good, 64 << 20, 1000)


@hostile
def less_than_listed_when_decoded(good: Good) -> bytes:
    return _compressed(good, 1000, 1 << 50)


@hostile
def bytes_that_do_not_decode(good: Good) -> bytes:
    manifest = good.manifest
    entry = next(one for one in manifest["files"] if one["encoding"] == "plain" and one["size"])
    entry["encoding"] = "zstd"
    return good.with_manifest(manifest)
