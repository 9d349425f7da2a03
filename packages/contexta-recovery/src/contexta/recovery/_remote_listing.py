"""What lies in a place elsewhere, told by its names and data sheets alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError
from contexta.recovery._find import ARCHIVE_SUFFIX
from contexta.recovery._models_remote import RemoteBackup
from contexta.recovery._remote_sheet import (
    LARGEST_SHEET_BYTES,
    SHEET_SUFFIX,
    Sheet,
    archive_name,
    is_remote_ref,
    parse_sheet,
    sheet_name,
)

if TYPE_CHECKING:
    from contexta.recovery._remote_place import RemotePlace


def listing(place: RemotePlace) -> tuple[RemoteBackup, ...]:
    """Return every backup and every rest of one, the complete ones first, oldest first."""
    sizes = place.sizes()
    refs = sorted(
        {
            ref
            for suffix in (ARCHIVE_SUFFIX, SHEET_SUFFIX)
            for name in sizes
            if name.endswith(suffix) and is_remote_ref(ref := name.removesuffix(suffix))
        }
    )
    sheeted = [ref for ref in refs if sheet_name(ref) in sizes]
    raw = place.read_small([sheet_name(ref) for ref in sheeted], LARGEST_SHEET_BYTES)
    read = dict(zip(sheeted, raw, strict=True))
    found = []
    for ref in refs:
        size = sizes.get(archive_name(ref))
        if ref not in read:
            found.append(_incomplete(place, ref, size or 0, _NO_SHEET))
            continue
        data = read[ref]
        sheet = "it cannot be read" if data is None else parse_sheet(data, ref)
        if isinstance(sheet, Sheet):
            found.append(_line(place, sheet, size))
        elif size is not None:  # else a file of somebody else
            found.append(_incomplete(place, ref, size, f"its data sheet: {sheet}"))
    unfinished = place.partials(sizes)
    found += [
        _incomplete(place, ref, sizes[name], f"a push did not finish and left {name}; push again")
        for name, target in sorted(unfinished.items())
        if is_remote_ref(ref := target.removesuffix(ARCHIVE_SUFFIX).removesuffix(SHEET_SUFFIX))
    ]
    return tuple(
        sorted(found, key=lambda one: (not one.complete, one.created_at or "", one.backup_ref))
    )


_NO_SHEET = "it has no data sheet: a push did not finish, or somebody else put it there"


def _line(place: RemotePlace, sheet: Sheet, size: int | None) -> RemoteBackup:
    problem = None
    if size is None:
        problem = "its archive is gone"
    elif size not in (sheet.size, -1):
        problem = f"its archive has {size} bytes, {sheet.size} were sent"
    return RemoteBackup(
        backup_ref=sheet.backup_ref,
        url=f"{place.url}/{sheet.archive}",
        size_bytes=sheet.size,
        complete=problem is None,
        created_at=sheet.created_at,
        counts=sheet.counts,
        sha256=sheet.sha256,
        encrypted=sheet.encrypted,
        key_id=sheet.key_id,
        problem=problem,
    )


def _incomplete(place: RemotePlace, ref: str, size: int, problem: str) -> RemoteBackup:
    url = f"{place.url}/{archive_name(ref)}"
    return RemoteBackup(ref, url, max(size, 0), complete=False, problem=problem)


def read_sheet(place: RemotePlace, ref: str) -> Sheet | str | None:
    """Return the data sheet of a backup, why it cannot be trusted, or None without one."""
    name = sheet_name(ref)
    if place.size_of(name) is None:
        return None
    return parse_sheet(b"".join(place.read(name, LARGEST_SHEET_BYTES)), ref)


def sheet_there(place: RemotePlace, ref: str) -> Sheet | None:
    """Return the data sheet of a backup; None when there is none.

    Raises:
        BackupError: `recovery_remote_sheet_invalid`.
    """
    sheet = read_sheet(place, ref)
    if not isinstance(sheet, str):
        return sheet
    raise BackupError(
        f"The data sheet {sheet_name(ref)!r} at {place.url!r} cannot be trusted: {sheet}. Remove "
        "it and its archive there, then push the backup again.",
        code="recovery_remote_sheet_invalid",
        details={"url": place.url, "backup_ref": ref},
    )


def not_there(place: RemotePlace, ref: str) -> BackupError:
    """Return the error of a name that nothing has."""
    return BackupError(
        f"There is no backup {ref!r} at {place.url!r}. list_remote_backups names them.",
        code="recovery_backup_not_found",
        details={"url": place.url, "backup_ref": ref},
    )


def complete_backup(place: RemotePlace, ref: str) -> Sheet:
    """Return the data sheet of a backup that is there as a whole, as far as sizes tell.

    Raises:
        BackupError: `recovery_backup_not_found`, `recovery_remote_incomplete`,
            `recovery_remote_sheet_invalid`, `recovery_remote_damaged`.
    """
    sheet = sheet_there(place, ref)
    size = place.size_of(archive_name(ref))
    if sheet is None and size is None:
        raise not_there(place, ref)
    if sheet is None or size is None:
        what = "data sheet" if sheet is None else "archive"
        raise BackupError(
            f"Backup {ref!r} at {place.url!r} has no {what}: a push did not finish, or somebody "
            "removed it. Push the backup again from where it was made.",
            code="recovery_remote_incomplete",
            details={"url": place.url, "backup_ref": ref, "missing": what},
        )
    if size not in (sheet.size, -1):
        raise damaged_there(place, ref, f"it has {size} bytes, {sheet.size} were sent")
    return sheet


def damaged_there(place: RemotePlace, ref: str, reason: str) -> BackupError:
    """Return the error of a remote backup that is not what was sent."""
    return BackupError(
        f"Backup {ref!r} at {place.url!r} is not what was sent: {reason}. Take another backup; "
        "to send this one again, remove its archive and its data sheet there.",
        code="recovery_remote_damaged",
        details={"url": place.url, "backup_ref": ref},
    )
