"""Read a manifest back, trusting nothing in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.recovery._manifest import (
    BACKUP_FORMAT_VERSION,
    DIGEST,
    ENCODINGS,
    FORMS,
    PAYLOAD,
    SEALED,
    FileEntry,
    Manifest,
    PlaneInspection,
    StoredFile,
    encoded,
)
from contexta.recovery._source import manifest_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contexta.recovery._models_backup import BackupProblem
    from contexta.recovery._source import BackupSource

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEADS_ELSEWHERE = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)")  # an empty part, `.` or `..`
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
_MOST_BYTES = 1 << 62
_LONGEST_PATH_BYTES = 4096


class LoadedManifest(NamedTuple):
    """A manifest file: None and the problems when it cannot be trusted."""

    manifest: Manifest | None
    problems: tuple[BackupProblem, ...]
    sha256: str | None


def load_manifest(source: BackupSource) -> LoadedManifest:
    """Read and check the manifest of a backup; never raises for damage."""
    raw = source.read_manifest()
    if not isinstance(raw, bytes):
        return LoadedManifest(None, (raw,), None)
    digest = hashlib.sha256(raw).hexdigest()
    found = parse_manifest(raw)
    if isinstance(found, Manifest):
        return LoadedManifest(found, (), digest)
    return LoadedManifest(None, (found,), digest)


def parse_manifest(raw: bytes) -> Manifest | BackupProblem:
    """Return the manifest, or the first reason not to trust it."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return manifest_problem("manifest_invalid", f"not JSON: {error}")
    if not isinstance(data, dict):
        return manifest_problem("manifest_invalid", "not an object")
    version = data.get("format_version")
    if isinstance(version, int) and version > BACKUP_FORMAT_VERSION:
        message = (
            f"format {version}; this release reads up to {BACKUP_FORMAT_VERSION}. Upgrade contexta"
        )
        return manifest_problem("manifest_newer", message)
    claimed = data.pop(DIGEST, None)
    malformed: Exception | None = None
    try:
        manifest = _parse(data)
        if manifest.to_bytes() == raw:
            return manifest
    except _MALFORMED as caught:
        malformed = caught
    return manifest_problem(*_why_not(data, claimed, malformed))


def _why_not(data: dict[str, Any], claimed: object, malformed: Exception | None) -> tuple[str, str]:
    """Return kind and message of what is wrong with a manifest that was not accepted."""
    try:
        digest = hashlib.sha256(encoded(data)).hexdigest()
    except _MALFORMED as caught:
        return "manifest_invalid", f"a field is missing or of the wrong kind: {caught!r}"
    if claimed != digest:
        return "manifest_edited", "its content does not match its own digest"
    if malformed is not None:
        return "manifest_invalid", f"a field is missing or of the wrong kind: {malformed!r}"
    return "manifest_edited", "its bytes are not the canonical form that was written"


def parse_unverified(raw: bytes) -> Manifest | None:
    """Return a manifest that its digest disowns, to find files by; None when it is no manifest.

    Paths in it are checked as in any other; nothing else of it is to be believed.
    """
    try:
        data = json.loads(raw)
        data.pop(DIGEST, None)
        return _parse(data)
    except _MALFORMED:
        return None


def _parse(data: dict[str, Any]) -> Manifest:
    version = int(data["format_version"])
    read = _newer_fields(data) if version >= 2 else {"files": _plain_entries(data["files"])}
    return Manifest(
        backup_ref=_name(data["backup_ref"]),
        created_at=_text(data["created_at"]),
        workspace_root=_text(data["workspace_root"]),
        workspace_id=None if data["workspace_id"] is None else _text(data["workspace_id"]),
        profile_name=_text(data["profile_name"]),
        included_sections=_texts(data["included_sections"]),
        store_schema_versions={k: _text(v) for k, v in data["store_schema_versions"].items()},
        planes={name: bool(data["planes"][name]) for name in data["planes"]},
        counts={name: int(number) for name, number in data["counts"].items()},
        notes=_texts(data["notes"]),
        warnings=_texts(data["warnings"]),
        damage=_texts(data["damage"]),
        format_version=version,
        **read,
    )


def _newer_fields(data: dict[str, Any]) -> dict[str, Any]:
    encryption = data["encryption"]
    files = checked_entries(parse_entries(data["files"]))
    if encryption is not None and files:
        raise ValueError("it is encrypted and lists files")
    if encryption is None and any(entry.encoding.endswith(SEALED) for entry in files):
        raise ValueError("it is not encrypted and lists sealed files")
    return {
        "files": files,
        "form": _one_of(data["form"], FORMS),
        "inspections": {
            _text(name): PlaneInspection(
                _digest(one["digest"]), dict(one["facts"]), _texts(one["damage"])
            )
            for name, one in data["inspections"].items()
        },
        "encryption": None if encryption is None else dict(encryption),
        "sealed_files": tuple(
            StoredFile(_safe_path(item["stored"]), _size(item["size"]), _digest(item["sha256"]))
            for item in data["sealed_files"]
        ),
    }


def _plain_entries(items: list[dict[str, Any]]) -> tuple[FileEntry, ...]:
    return checked_entries(
        FileEntry.plain(_safe_path(item["path"]), _size(item["size"]), _digest(item["sha256"]))
        for item in items
    )


def parse_entries(items: Iterable[Mapping[str, Any]]) -> tuple[FileEntry, ...]:
    """Return entries of JSON data, each checked.

    Raises:
        KeyError, TypeError, ValueError: When a field is missing or could lead elsewhere.
    """
    return tuple(
        FileEntry(
            path=_safe_path(item["path"]),
            size=_size(item["size"]),
            sha256=_digest(item["sha256"]),
            stored=item["stored"] if item["stored"] == item["path"] else _safe_path(item["stored"]),
            stored_size=_size(item["stored_size"]),
            stored_sha256=_digest(item["stored_sha256"]),
            encoding=_one_of(item["encoding"], ENCODINGS),
        )
        for item in items
    )


def checked_entries(entries: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    """Return the entries when they do not contradict each other.

    Raises:
        ValueError: When a path is listed twice, a file is a folder too, or two entries say
            different things about one stored file.
    """
    listed = tuple(entries)
    paths = {entry.path for entry in listed}
    if len(paths) != len(listed):
        raise ValueError("a path is listed twice")
    _refuse_file_above_file(paths)
    by_name: dict[str, FileEntry] = {}
    for entry in listed:
        same = by_name.setdefault(entry.stored, entry)
        if same[1:] != entry[1:]:
            raise ValueError(f"{entry.stored!r} is described in two ways")
        if entry.encoding == "plain" and entry[1:3] != entry[4:6]:
            raise ValueError(f"{entry.stored!r} is plain but differs from its file")
    _refuse_file_above_file(set(by_name))
    return listed


def _refuse_file_above_file(paths: set[str]) -> None:
    folders = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    if both := paths & folders:
        raise ValueError(f"{min(both)!r} is a file and a folder")


def _safe_path(path: object) -> str:
    text = _text(path)
    if not text.startswith(f"{PAYLOAD}/") or "\0" in text:
        raise ValueError(f"path {text!r} is not below {PAYLOAD}/")
    if _LEADS_ELSEWHERE.search(text):
        raise ValueError(f"path {text!r} could lead elsewhere")
    # fsencode refuses what no file is called
    if len(text if text.isascii() else os.fsencode(text)) > _LONGEST_PATH_BYTES:
        raise ValueError(f"path {text[:80]!r}... is longer than {_LONGEST_PATH_BYTES} bytes")
    return text


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_BYTES:
        raise ValueError(f"{value!r} is not a size in bytes")
    return value


def _digest(value: object) -> str:
    text = _text(value)
    if not _SHA256.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is not a SHA-256 in hex")
    return text


def _one_of(value: object, allowed: frozenset[str]) -> str:
    text = _text(value)
    if text not in allowed:
        raise ValueError(f"{text[:80]!r} is none of {sorted(allowed)}")
    return text


def _name(value: object) -> str:
    # It is shown and compared with a file name: no way out, no escape sequence, no surrogate.
    text = _text(value)
    if not text.isprintable() or "/" in text:
        raise ValueError(f"{text[:80]!r} is not the name of a backup")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _texts(values: list[Any]) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)
