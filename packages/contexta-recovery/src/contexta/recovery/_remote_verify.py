"""Read an archive elsewhere to its end, and compare it with its data sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.recovery._errors import BackupError
from contexta.recovery._models_backup import BackupProblem, BackupVerification
from contexta.recovery._remote_listing import not_there, read_sheet
from contexta.recovery._remote_sheet import Sheet, archive_name, sheet_name
from contexta.recovery._remote_stream import Meter

if TYPE_CHECKING:
    from contexta.recovery._progress import Reporter
    from contexta.recovery._remote_place import RemotePlace


def verification(place: RemotePlace, ref: str, report: Reporter) -> BackupVerification:
    """Return what reading every byte showed; see `remote.verify_remote_backup`."""
    sheet, size = read_sheet(place, ref), place.size_of(archive_name(ref))
    if sheet is None and size is None and not _is_unfinished(place, ref):
        raise not_there(place, ref)
    found, problem = 0, _obvious(ref, sheet, size)
    if problem is None and isinstance(sheet, Sheet):
        found, problem = _compared(place, sheet, report)
    return BackupVerification(
        status="SUCCESS" if problem is None else "FAILURE",
        warnings=() if problem is None else (problem.message,),
        notes=("remote_bytes_read",) if found else (),
        details={"url": f"{place.url}/{archive_name(ref)}"},
        backup_ref=ref,
        problems=() if problem is None else (problem,),
        file_count=1 if found else 0,
        bytes_read=found,
    )


def _is_unfinished(place: RemotePlace, ref: str) -> bool:
    try:
        return archive_name(ref) in place.partials(place.sizes()).values()
    except BackupError as error:
        if error.code != "recovery_remote_not_found":
            raise
        return False


def _obvious(ref: str, sheet: Sheet | str | None, size: int | None) -> BackupProblem | None:
    """Return what is wrong before a byte of the archive was read."""
    archive, name = archive_name(ref), sheet_name(ref)
    if size is None:
        return BackupProblem("file_missing", archive, f"{archive}: a push did not finish, or gone.")
    if sheet is None:
        message = f"{name}: there is none; a push did not finish, or somebody removed it."
        return BackupProblem("manifest_missing", name, message)
    if isinstance(sheet, str):
        return BackupProblem("manifest_invalid", name, f"{name}: {sheet}.")
    return None


def _compared(
    place: RemotePlace, sheet: Sheet, report: Reporter
) -> tuple[int, BackupProblem | None]:
    report.begin("read_back", 1, sheet.size)
    meter = Meter()
    for chunk in meter.passing(place.read(sheet.archive, sheet.size)):
        report.advance(len(chunk))
    report.advance(files=1)
    report.end()
    found, problem = meter.result, None
    if found.size != sheet.size:
        message = f"{sheet.archive}: it does not end after the {sheet.size} bytes that were sent."
        problem = BackupProblem("size_differs", sheet.archive, message)
    elif found.sha256 != sheet.sha256:
        message = f"{sheet.archive}: its SHA-256 is not that of what was sent."
        problem = BackupProblem("hash_differs", sheet.archive, message)
    return found.size, problem
