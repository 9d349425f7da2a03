"""Send a backup elsewhere: archive first, read back, data sheet last."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._errors import BackupError
from contexta.recovery._models_remote import PushResult
from contexta.recovery._remote_listing import damaged_there, sheet_there
from contexta.recovery._remote_sheet import LARGEST_SHEET_BYTES, Sheet, remote_ref, sheet_of
from contexta.recovery._remote_stream import ArchiveStream, Measured, Meter, damaged
from contexta.recovery._verify import check_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contexta.recovery._layout import Layout
    from contexta.recovery._manifest import Manifest
    from contexta.recovery._progress import Reporter
    from contexta.recovery._remote_place import RemotePlace
    from contexta.recovery._unlock import OpenedBackup

_MOST_TRIES = 3
_UNVERIFIED = "recovery_remote_unverified"
_READABLE = (
    "The backup is not encrypted: whoever can read {url} reads all of it. Make backups with a "
    "key file to keep them private."
)


class _Verified(NamedTuple):
    """A backup of which every byte was just compared."""

    ref: str
    manifest: Manifest
    stream: ArchiveStream


class Sent(NamedTuple):
    """What a push found and did."""

    sheet: Sheet
    already_there: bool
    notes: tuple[str, ...]


def push(
    backup: OpenedBackup, place: RemotePlace, report: Reporter, *, read_back: bool
) -> PushResult:
    """Send an opened backup; see `remote.push_backup`."""
    verified = _verified(backup, report)
    sent = _Push(verified, place, report, read_back=read_back).run()
    is_private = verified.manifest.encryption is not None
    warnings = () if is_private else (_READABLE.format(url=place.url),)
    return PushResult(
        status="DEGRADED" if warnings else "SUCCESS",
        warnings=warnings,
        notes=sent.notes,
        details={"counts": dict(sent.sheet.counts), "encrypted": is_private},
        backup_ref=verified.ref,
        url=f"{place.url}/{sent.sheet.archive}",
        size_bytes=sent.sheet.size,
        sha256=sent.sheet.sha256,
        already_there=sent.already_there,
        read_back="read_back" in sent.notes,
    )


def refuse_inside(layout: Layout, place: RemotePlace) -> None:
    """Refuse a folder in the workspace: a copy there is lost together with it."""
    if place.local_root is None:
        return
    real = os.path.realpath(place.local_root)
    for folder in (layout.root, layout.backups):
        if os.path.commonpath((real, os.path.realpath(folder))) == os.path.realpath(folder):
            raise BackupError(
                f"{place.url!r} lies in {str(folder)!r}, and would be lost together with it. "
                "Name a place on another disk.",
                code="recovery_remote_inside_workspace",
                details={"url": place.url, "folder": str(folder)},
            )


def _verified(backup: OpenedBackup, report: Reporter) -> _Verified:
    source, loaded = backup
    manifest = loaded.manifest
    if manifest is None:
        raise damaged(source.ref, loaded.problems)
    ref = remote_ref(source.ref, BackupError)
    problems = check_files(source, manifest, reporter=report)
    if problems:
        raise damaged(source.ref, problems)
    raw = source.read_manifest()
    if not isinstance(raw, bytes):
        raise damaged(source.ref, (raw,))
    if hashlib.sha256(raw).hexdigest() != loaded.sha256:
        raise BackupError(
            f"Backup {ref!r} was changed while it was read. Nothing was sent; call again.",
            code="recovery_backup_unverified",
            details={"backup_ref": ref},
        )
    return _Verified(ref, manifest, ArchiveStream(source, raw, manifest.stored_files()))


class _Push:
    """One push of one backup."""

    def __init__(
        self, backup: _Verified, place: RemotePlace, report: Reporter, *, read_back: bool
    ) -> None:
        self._backup = backup
        self._place = place
        self._report = report
        self._read_back = read_back
        self._known: Measured | None = None

    def run(self) -> Sent:
        """Send what is not there yet; another push of the same backup at once does no harm."""
        for _ in range(_MOST_TRIES - 1):
            try:
                return self._try()
            except BackupError:
                # The other one may have finished, and taken what we were writing for a rest.
                if not self._is_finished():
                    raise
        return self._try()

    def _is_finished(self) -> bool:
        try:
            sheet = sheet_there(self._place, self._backup.ref)
            return sheet is not None and sheet == self._local_sheet()
        except BackupError:
            return False

    def _try(self) -> Sent:
        ref = self._backup.ref
        listed = sheet_there(self._place, ref)
        local = sheet_of(self._backup.manifest, ref, 0, "")
        size = self._place.size_of(local.archive)
        if listed is not None and listed != self._local_sheet():
            raise self._exists("its data sheet tells of other content")
        if listed is not None and size is not None:
            if size not in (listed.size, -1):
                raise damaged_there(self._place, ref, f"it has {size} bytes")
            self._place.keep_names()
            return Sent(listed, already_there=True, notes=("already_there", *self._cleaned()))
        notes = self._adopt(size) if size is not None else self._send()
        sheet = self._local_sheet()
        self._write_sheet(sheet)
        return Sent(sheet, "already_there" in notes, (*notes, *self._cleaned()))

    def _local_sheet(self) -> Sheet:
        """Return the sheet of what is here; reads it to its end unless that was done before."""
        if self._known is None:
            meter = Meter()
            size = self._backup.stream.size
            for _ in self._reported("compare", meter.passing(self._backup.stream.chunks()), size):
                pass
            self._known = meter.result
        return sheet_of(self._backup.manifest, self._backup.ref, *self._known)

    def _adopt(self, size: int) -> tuple[str, ...]:
        """Accept an archive without a sheet, which a killed push left, if it is the same."""
        sheet = self._local_sheet()
        if size not in (sheet.size, -1) or self._measured(sheet.archive, sheet.size) != self._known:
            raise self._exists("an archive of that name, without data sheet, holds other content")
        return ("already_there", "read_back")

    def _send(self) -> tuple[str, ...]:
        place, stream = self._place, self._backup.stream
        archive = sheet_of(self._backup.manifest, self._backup.ref, 0, "").archive
        place.prepare()
        meter = Meter()
        chunks = self._reported("send", meter.passing(stream.chunks()), stream.size)
        written = place.write(archive, chunks, stream.size)
        self._known = meter.result
        try:
            self._compare(written, self._known)
            faster = None if written == archive else place.size_of(archive)
            if faster is not None:  # another push, or somebody else: nothing is overwritten
                place.remove_quietly(written)
                return self._adopt(faster)
            place.settle(written, archive)
        except BaseException as error:
            # A whole object that could not be compared now is compared by the next push instead.
            if written != archive or getattr(error, "code", None) == _UNVERIFIED:
                place.remove_quietly(written)
            raise
        return ("sent", "read_back") if self._read_back else ("sent",)

    def _compare(self, written: str, sent: Measured) -> None:
        if self._read_back:
            stored = self._measured(written, sent.size)
            is_same, what = stored == sent, f"{stored.size} bytes with SHA-256 {stored.sha256}"
        else:
            size = self._place.size_of(written)
            is_same, what = size in (sent.size, -1), f"{size} bytes"
        if not is_same:
            raise BackupError(
                f"{self._place.url!r} holds {what} of the {sent.size} bytes with SHA-256 "
                f"{sent.sha256} that were sent. They were removed there; call again.",
                code=_UNVERIFIED,
                details={"url": self._place.url, "backup_ref": self._backup.ref},
                retryable=True,
            )

    def _measured(self, name: str, size: int) -> Measured:
        meter = Meter()
        chunks = self._reported("read_back", meter.passing(self._place.read(name, size)), size)
        for _ in chunks:
            pass
        return meter.result

    def _write_sheet(self, sheet: Sheet) -> None:
        place, data = self._place, sheet.to_bytes()
        place.prepare()
        written = place.write(sheet.name, [data], len(data))
        if b"".join(place.read(written, LARGEST_SHEET_BYTES)) != data:
            place.remove_quietly(written)
            raise BackupError(
                f"The data sheet at {place.url!r} does not read back as sent. It was removed; "
                "call again.",
                code=_UNVERIFIED,
                details={"url": place.url, "backup_ref": self._backup.ref},
                retryable=True,
            )
        place.settle(written, sheet.name)

    def _cleaned(self) -> tuple[str, ...]:
        """Remove what killed pushes of this backup left; returns a note when some stays."""
        sheet = sheet_of(self._backup.manifest, self._backup.ref, 0, "")
        ours = {sheet.archive, sheet.name}
        try:
            found = self._place.partials(self._place.sizes())
        except BackupError:  # the backup is there; that is what was asked
            return ("leftovers_not_seen",)
        left = [
            name
            for name, target in found.items()
            if target in ours and not self._place.remove_quietly(name)
        ]
        dropped = self._place.drop_uploads(ours)
        return (*(["leftovers_kept"] if left else []), *([] if dropped else ["uploads_not_seen"]))

    def _reported(self, phase: str, chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
        self._report.begin(phase, 1, size)
        for chunk in chunks:
            yield chunk
            self._report.advance(len(chunk))
        self._report.advance(files=1)
        self._report.end()

    def _exists(self, why: str) -> BackupError:
        ref, url = self._backup.ref, self._place.url
        return BackupError(
            f"There is another backup {ref!r} at {url!r}: {why}. Nothing there is overwritten; "
            "push to another URL, or remove what is there.",
            code="recovery_remote_exists",
            details={"url": url, "backup_ref": ref},
        )
