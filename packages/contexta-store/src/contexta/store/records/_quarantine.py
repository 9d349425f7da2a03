"""What was taken aside: list it, let it go, or put a right copy of a part in its place."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from contexta.contract.errors import RecordError, ValidationError
from contexta.contract.time import from_epoch_us
from contexta.store.fs import FileLock, open_private, sha256_file, translated_os_errors
from contexta.store.records._audit import AUDIT_VERSION, read_audit_lines
from contexta.store.records._catalogue import replace_parts
from contexta.store.records._journal import complete_pending
from contexta.store.records._layout import Layout
from contexta.store.records._log_write import condense_log
from contexta.store.records._part_entry import PartEntry, part_from_entry
from contexta.store.records._parts_log import PartsLog, read_log
from contexta.store.records._quarantine_files import note_of, quarantined_files, remove_aside
from contexta.store.records._repair_apply import note_repair
from contexta.store.records._repair_models import QuarantineItem
from contexta.store.records._repair_part import LOST, put_right_bytes, staged_copy
from contexta.store.records._staging import Staging

SUPPLIED = "supply_part"
RELEASED = "release_quarantine"
_MAX_PART_BYTES = 1 << 30


def list_quarantine(layout: Layout) -> tuple[QuarantineItem, ...]:
    """Return what was taken aside, sorted by name; the hash is that of the file now."""
    return tuple(_item(path) for path in quarantined_files(layout))


def _item(path: Path) -> QuarantineItem:
    note = note_of(path)
    at_us = note.get("at_us")
    reason = "torn_tail" if path.suffix == ".tail" else "damaged_segment"
    return QuarantineItem(
        path.name,
        str(path),
        path.stat().st_size,
        sha256_file(path),
        str(note.get("origin", "")),
        str(note.get("reason", reason if path.suffix in (".tail", ".seg") else "unknown")),
        None if at_us is None else from_epoch_us(at_us),
    )


def release_quarantine(
    layout: Layout, item: QuarantineItem | str, *, confirmed: bool, actor: str | None
) -> None:
    """Remove a file from quarantine for good; see `RecordStore.release_quarantine`."""
    name = item.name if isinstance(item, QuarantineItem) else item
    known = {path.name: path for path in quarantined_files(layout)}
    if name not in known:
        raise RecordError(
            f"{name!r} is not in quarantine. list_quarantine names what is.",
            code="record_store_quarantine_item_unknown",
            details={"name": name},
        )
    if not confirmed:
        raise ValidationError(
            f"{name!r} may be the last copy of damaged records. Pass confirmed=True to remove it.",
            code="record_store_release_not_confirmed",
            details={"name": name},
        )
    digest = sha256_file(known[name])
    remove_aside(known[name])
    text = f"{name!r} was removed from quarantine."
    note_repair(layout, RELEASED, str(known[name]), text, actor, sha256=digest)


def supply_part(layout: Layout, source: Path, *, actor: str | None) -> str:
    """Put a right copy of a part where it belongs; see `RecordStore.supply_part`."""
    data = _read(source)
    digest = hashlib.sha256(data).hexdigest()
    log = read_log(layout)
    for part in log.parts.values():
        if part.sha256 == digest:
            put_right_bytes(layout, part, data)
            _note(layout, part, actor)
            return part.path
    found = _lost_part(layout, digest)
    if found is None:
        raise RecordError(
            f"{str(source)!r} is not the right content of any part of this store: its SHA-256 is "
            "neither in the log of parts nor among those that were lost.",
            code="record_store_part_unknown",
            details={"path": str(source), "sha256": digest},
        )
    part, left = found
    _bring_back(layout, log, part, left, data)
    _note(layout, part, actor)
    return part.path


def _read(source: Path) -> bytes:
    with translated_os_errors("read", source):
        fd = open_private(source, os.O_RDONLY)
        with os.fdopen(fd, "rb") as file:
            if os.fstat(file.fileno()).st_size > _MAX_PART_BYTES:
                raise RecordError(
                    f"{str(source)!r} is larger than any part.",
                    code="record_store_part_unknown",
                    details={"path": str(source)},
                )
            return file.read()


def _lost_part(layout: Layout, digest: str) -> tuple[PartEntry, str | None] | None:
    """Return the part that a repair gave up, and the path of what was salvaged of it."""
    for entry in reversed(read_audit_lines(layout.repairs, AUDIT_VERSION).entries):
        raw: dict[str, Any] | None = entry.get("part")
        if raw is not None and raw["sha256"] == digest and entry.get("how") != "healed":
            return part_from_entry(raw), entry["left"]
    return None


def _bring_back(
    layout: Layout, log: PartsLog, part: PartEntry, left: str | None, data: bytes
) -> None:
    if left is not None and left not in log.parts:
        raise RecordError(
            f"What was salvaged of {part.path!r} has been merged or erased since, so the part "
            "would bring records in twice. Import the missing records instead.",
            code="record_store_part_superseded",
            details={"path": part.path},
        )
    old = [] if left is None else [log.parts[left]]
    with Staging(layout) as staging:
        staged = staged_copy(staging, part, data)
        replace_parts(layout, old=old, new=[staged], reason="repair")
    with FileLock(layout.lock):
        complete_pending(layout)
        condense_log(
            layout,
            known=lambda known: [m for m in known if (m.path, m.reason) != (part.path, LOST)],
        )


def _note(layout: Layout, part: PartEntry, actor: str | None) -> None:
    text = f"{part.path!r} was put back from a right copy."
    note_repair(layout, SUPPLIED, str(layout.root / part.path), text, actor, sha256=part.sha256)
