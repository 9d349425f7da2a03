"""The data sheet beside each archive elsewhere: what it holds, without reading the archive.

`<backup_ref>.json` is canonical JSON with a digest over itself. It is written last, so its
presence means that the archive is complete, and that it was read back with this digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contexta.recovery._find import ARCHIVE_SUFFIX
from contexta.recovery._manifest import canonical
from contexta.recovery._names import checked_ref
from contexta.recovery._unlock import key_id_of

if TYPE_CHECKING:
    from contexta.contract.errors import RecoveryError
    from contexta.recovery._manifest import Manifest

SHEET_SUFFIX = ".json"
SHEET_FORMAT_VERSION = 1
LARGEST_SHEET_BYTES = 1 << 20
_DIGEST = "sheet_sha256"
_PLAIN_NAME = re.compile(r"\w[\w.\- ]*")  # what no store takes for a pattern or a query
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY_ID = re.compile(r"[0-9a-f]{16}|unknown")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z")
_MOST_BYTES = 1 << 62
_LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is known of an archive elsewhere.

    Attributes:
        size: Bytes of the archive.
        sha256: Of the archive, in hex.
    """

    backup_ref: str
    size: int
    sha256: str
    created_at: str
    counts: Mapping[str, int]
    encrypted: bool
    key_id: str | None

    @property
    def archive(self) -> str:
        """The name of the archive."""
        return archive_name(self.backup_ref)

    @property
    def name(self) -> str:
        """The name of the sheet."""
        return sheet_name(self.backup_ref)

    def to_bytes(self) -> bytes:
        """Return the canonical form, digest included."""
        body = {
            "format_version": SHEET_FORMAT_VERSION,
            "kind": "contexta-remote-backup",
            "backup_ref": self.backup_ref,
            "archive": self.archive,
            "size": self.size,
            "sha256": self.sha256,
            "created_at": self.created_at,
            "counts": dict(self.counts),
            "encrypted": self.encrypted,
            "key_id": self.key_id,
        }
        return canonical(body | {_DIGEST: hashlib.sha256(canonical(body)).hexdigest()})


def archive_name(ref: str) -> str:
    """Return the name of the archive of a backup elsewhere."""
    return f"{ref}{ARCHIVE_SUFFIX}"


def sheet_name(ref: str) -> str:
    """Return the name of the data sheet of a backup elsewhere."""
    return f"{ref}{SHEET_SUFFIX}"


def sheet_of(manifest: Manifest, ref: str, size: int, sha256: str) -> Sheet:
    """Return the sheet of an archive that was measured."""
    return Sheet(
        backup_ref=ref,
        size=size,
        sha256=sha256,
        created_at=manifest.created_at,
        counts=dict(manifest.counts),
        encrypted=manifest.encryption is not None,
        key_id=key_id_of(manifest),
    )


def parse_sheet(raw: bytes, ref: str) -> Sheet | str:
    """Return the sheet of the backup `ref`, or why these bytes are none."""
    if len(raw) > LARGEST_SHEET_BYTES:
        return f"it is larger than {LARGEST_SHEET_BYTES} bytes"
    try:
        data: Any = json.loads(raw)
        version = data["format_version"]
        if data["kind"] != "contexta-remote-backup" or not isinstance(version, int):
            return "it is not a data sheet"
        if version > SHEET_FORMAT_VERSION:
            return f"format {version}; this release reads {SHEET_FORMAT_VERSION}, upgrade contexta"
        sheet = _parsed(data)
        if sheet.to_bytes() != raw:
            return "its bytes are not what was written"
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return "it is not a data sheet"
    if sheet.backup_ref != ref:
        return f"it is of backup {sheet.backup_ref!r}"
    return sheet


def _parsed(data: Mapping[str, Any]) -> Sheet:
    encrypted, key_id = data["encrypted"], data["key_id"]
    if not isinstance(encrypted, bool):
        raise TypeError("not a flag")
    created_at = _text(data["created_at"], _TIME)
    datetime.fromisoformat(created_at)  # the 99th of a month is no time
    return Sheet(
        backup_ref=_text(data["backup_ref"]),
        size=_number(data["size"]),
        sha256=_text(data["sha256"], _SHA256),
        created_at=created_at,
        counts={_text(name): _number(value) for name, value in data["counts"].items()},
        encrypted=encrypted,
        key_id=None if key_id is None else _text(key_id, _KEY_ID),
    )


def _text(value: object, form: re.Pattern[str] | None = None) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT:
        raise ValueError("not a short text")
    if form is not None and form.fullmatch(value) is None:
        raise ValueError("not of its form")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_BYTES:
        raise ValueError("not a size")
    return value


def remote_ref(ref: object, error_type: type[RecoveryError]) -> str:
    """Return a name that is one plain name in any store.

    Raises:
        ValidationError: `recovery_invalid_text`.
        RecoveryError: Of the given class, `recovery_invalid_backup_ref`.
    """
    text = checked_ref(ref, error_type).removesuffix(ARCHIVE_SUFFIX)
    if not is_remote_ref(text):
        raise error_type(
            f"{text!r} cannot be the name of a backup elsewhere: letters, digits, '-', '_', '.' "
            "and blanks only, at most 200 bytes. Rename it, or name one from "
            "list_remote_backups.",
            code="recovery_invalid_backup_ref",
            details={"backup_ref": text},
        )
    return text


def is_remote_ref(text: str) -> bool:
    """Tell whether a name can be that of a backup elsewhere."""
    return (
        _PLAIN_NAME.fullmatch(text) is not None
        and not text.endswith(SHEET_SUFFIX)
        and len(text.encode("utf-8", "surrogatepass")) <= 200
    )
