"""Backups that somebody prepared to do harm, made from a good archive.

Each maker takes the good archive and returns the bytes of a hostile one. Digests are made anew
wherever the format has one, as somebody does who knows it: what is refused is refused for what
it is, not for a digest that is stale.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _archive_faults import BLOCK, Member, members_of
from _backup_faults import DIGEST, MANIFEST, canonical, digest_of

Maker = Callable[["Good"], bytes]
HOSTILE: dict[str, Maker] = {}
SYMLINK, HARD_LINK, DEVICE, FOLDER, FIFO = b"2", b"1", b"3", b"5", b"6"


class Good:
    """A good archive, taken apart."""

    def __init__(self, raw: bytes, outside: Path) -> None:
        self.raw, self.outside = raw, outside
        self.members = list(members_of(raw))
        self.tail = raw[self.members[-1].end :]
        self.plain_header = next(one.header for one in self.members if len(one.header) == BLOCK)

    @property
    def manifest(self) -> dict[str, Any]:
        """A fresh copy of the manifest."""
        found: dict[str, Any] = json.loads(self.members[0].body)
        return found

    def raw_members(self) -> list[bytes]:
        return [self.raw[one.start : one.end] for one in self.members]

    def member(self, name: str | bytes, body: bytes = b"", **fields: Any) -> bytes:
        """Return a member that differs from a good one in the given fields only."""
        raw = bytearray(self.plain_header)
        text = name if isinstance(name, bytes) else name.encode()
        raw[0:100] = text[:100].ljust(100, b"\0")
        raw[124:136] = fields.get("size_field", b"%011o\0" % fields.get("size", len(body)))
        raw[156:157] = fields.get("kind", b"0")
        raw[157:257] = fields.get("link", b"").ljust(100, b"\0")
        raw[148:156] = b" " * 8
        raw[148:156] = b"%06o\0 " % sum(raw)
        return bytes(raw) + body + bytes(-len(body) % BLOCK)

    def with_more(self, *members: bytes) -> bytes:
        return b"".join([*self.raw_members(), *members]) + self.tail

    def with_manifest(self, body: dict[str, Any] | bytes, *more: bytes) -> bytes:
        raw = body if isinstance(body, bytes) else redone(body)
        rest = self.raw_members()[1:]
        return b"".join([self.member(MANIFEST, raw), *rest, *more]) + self.tail

    def instead(self, old: Member, new: bytes) -> bytes:
        parts = [
            new if one is old else raw
            for one, raw in zip(self.members, self.raw_members(), strict=True)
        ]
        return b"".join(parts) + self.tail

    def some_member(self) -> Member:
        """A member that holds a file, with a short name."""
        return next(one for one in self.members[1:] if len(one.header) == BLOCK and one.body)


def redone(body: dict[str, Any]) -> bytes:
    """Return a manifest with a right digest."""
    body[DIGEST] = digest_of(body)
    return canonical(body)


def hostile(maker: Maker) -> Maker:
    """Register a maker under its name."""
    HOSTILE[maker.__name__] = maker
    return maker


def listed(good: Good, name: str, body: bytes, **fields: Any) -> bytes:
    """Add a member that the manifest lists, too, all digests right."""
    manifest = good.manifest
    digest = hashlib.sha256(body).hexdigest()
    entry = dict(manifest["files"][0])
    entry |= {"path": name, "stored": name, "size": len(body), "stored_size": len(body)}
    entry |= {"sha256": digest, "stored_sha256": digest, "encoding": "plain"}
    manifest["files"].append(entry)
    manifest["files"].sort(key=lambda one: one["path"])
    return good.with_manifest(manifest, good.member(name, body, **fields))


# Names that lead elsewhere


@hostile
def absolute_name(good: Good) -> bytes:
    return listed(good, f"{good.outside}/planted", b"planted")


@hostile
def absolute_name_not_listed(good: Good) -> bytes:
    return good.with_more(good.member(f"{good.outside}/planted", b"planted"))


@hostile
def parent_of_the_target(good: Good) -> bytes:
    return listed(good, "workspace/../../planted", b"planted")


@hostile
def parent_inside_a_section(good: Good) -> bytes:
    return listed(good, "workspace/records/../../../planted", b"planted")


@hostile
def parent_as_path_of_a_good_member(good: Good) -> bytes:
    manifest = good.manifest
    manifest["files"][0]["path"] = "workspace/metadata/../../../planted"
    return good.with_manifest(manifest)


@hostile
def backslashes_and_a_drive(good: Good) -> bytes:
    return good.with_more(good.member("C:\\planted", b"planted"))


@hostile
def name_with_a_nul(good: Good) -> bytes:
    return listed(good, "workspace/reports/a\0/../../../planted", b"planted")


@hostile
def dot_segments(good: Good) -> bytes:
    return listed(good, "workspace/./records//planted", b"planted")


@hostile
def file_where_a_folder_is(good: Good) -> bytes:
    return listed(good, "workspace/records", b"planted")


@hostile
def mark_of_the_workspace_as_a_folder(good: Good) -> bytes:
    return listed(good, "workspace/workspace.json/planted", b"planted")


# Things that are no files


@hostile
def symbolic_link(good: Good) -> bytes:
    return good.with_more(
        good.member("workspace/reports", kind=SYMLINK, link=str(good.outside).encode())
    )


@hostile
def symbolic_link_in_the_place_of_a_file(good: Good) -> bytes:
    old = good.some_member()
    link = str(good.outside / "secret").encode()
    return good.instead(old, good.member(old.info.name, kind=SYMLINK, link=link))


@hostile
def hard_link_in_the_place_of_a_file(good: Good) -> bytes:
    old = good.some_member()
    link = str(good.outside / "secret").encode()
    return good.instead(old, good.member(old.info.name, kind=HARD_LINK, link=link))


@hostile
def link_and_a_file_through_it(good: Good) -> bytes:
    link = good.member("workspace/out", kind=SYMLINK, link=str(good.outside).encode())
    return good.with_more(link, good.member("workspace/out/planted", b"planted"))


@hostile
def device(good: Good) -> bytes:
    return good.with_more(good.member("workspace/device", kind=DEVICE))


@hostile
def named_pipe(good: Good) -> bytes:
    return good.with_more(good.member("workspace/pipe", kind=FIFO))


@hostile
def folder(good: Good) -> bytes:
    return good.with_more(good.member("workspace/folder/", kind=FOLDER))


@hostile
def sparse_file(good: Good) -> bytes:
    return good.with_more(good.member("workspace/sparse", kind=b"S"))


# Members that tools read differently


@hostile
def one_name_twice(good: Good) -> bytes:
    old = good.some_member()
    return good.with_more(good.member(old.info.name, b"another content"))


@hostile
def manifest_twice(good: Good) -> bytes:
    return good.with_more(good.raw_members()[0])


@hostile
def manifest_last(good: Good) -> bytes:
    first, *rest = good.raw_members()
    return b"".join([*rest, first]) + good.tail


@hostile
def no_manifest(good: Good) -> bytes:
    return b"".join(good.raw_members()[1:]) + good.tail


@hostile
def path_in_an_extended_header(good: Good) -> bytes:
    record = b"path=../../planted\n"
    record = b"%d " % (len(record) + 3) + record
    header = good.member("PaxHeader", record, kind=b"x")
    return good.with_more(header, good.member("workspace/innocent", b"planted"))


@hostile
def size_in_an_extended_header(good: Good) -> bytes:
    old = good.some_member()
    header = good.member("PaxHeader", b"12 size=1024", kind=b"x")
    return good.instead(old, header + good.member(old.info.name, old.body))


@hostile
def record_about_all_members(good: Good) -> bytes:
    header = good.member("PaxHeader", b"19 path=../planted\n", kind=b"g")
    return b"".join([header, *good.raw_members()]) + good.tail


@hostile
def gnu_long_name(good: Good) -> bytes:
    header = good.member("././@LongLink", b"../planted\0", kind=b"L")
    return good.with_more(header, good.member("workspace/innocent", b"planted"))


@hostile
def base_256_size(good: Good) -> bytes:
    old = good.some_member()
    field = b"\x80" + len(old.body).to_bytes(11, "big")
    return good.instead(old, good.member(old.info.name, old.body, size_field=field))


@hostile
def negative_size(good: Good) -> bytes:
    field = b"\xff" * 11 + b"\x00"
    return good.with_more(good.member("workspace/negative", b"", size_field=field))


@hostile
def size_beyond_the_end(good: Good) -> bytes:
    return good.with_more(good.member("workspace/huge", b"", size=8**11 - 1))


@hostile
def larger_than_listed(good: Good) -> bytes:
    old = good.some_member()
    return good.instead(old, good.member(old.info.name, old.body + b"more"))


@hostile
def something_behind_the_end(good: Good) -> bytes:
    return good.raw + good.raw_members()[1]


@hostile
def no_end(good: Good) -> bytes:
    return good.raw[: -len(good.tail)]


@hostile
def bytes_in_the_padding(good: Good) -> bytes:
    old = next(one for one in good.members if one.end - one.start > len(one.header + one.body))
    raw = bytearray(good.raw)
    raw[old.end - 1] = 1
    return bytes(raw)


@hostile
def compressed_as_a_whole(good: Good) -> bytes:
    return gzip.compress(good.raw)


@hostile
def nothing_at_all(good: Good) -> bytes:
    return b""


@hostile
def zeros(good: Good) -> bytes:
    return bytes(10_240)
