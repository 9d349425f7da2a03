"""Files on their way into the store: written here, published whole."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import StoreAccessError
from contexta.store.fs import FileLock, ensure_private_dir, translated_os_errors
from contexta.store.records._layout import Layout, names_in

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from contexta.store.records._part_entry import PartEntry

_NAME = re.compile(r"_([0-9a-f]{32})(?:-[0-9]+\.tmp|\.lock)")
_ATTEMPTS = 20


class StagedPart(NamedTuple):
    """A part that is written and synced, but not in the store yet. `path` is where it waits."""

    path: Path
    entry: PartEntry


class Staging:
    """A session of one writer of parts; what it did not publish goes at its end.

    Its lock tells others that it lives: files of a session whose process died are removed by
    the next one who publishes (`remove_abandoned`).
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._count = 0
        self._id = ""
        self._lock: FileLock | None = None

    def __enter__(self) -> Self:
        ensure_private_dir(self.layout.staging, follow=False)
        for _ in range(_ATTEMPTS):
            self._id = uuid.uuid4().hex
            lock = FileLock(self.layout.staging / f"_{self._id}.lock")
            # Somebody who cleans up may take it, and remove it, in the instant before us.
            if lock.try_acquire():
                if lock.path.exists():
                    self._lock = lock
                    return self
                lock.release()
        raise StoreAccessError(
            f"No file could be locked in {str(self.layout.staging)!r} in {_ATTEMPTS} attempts. "
            "Check that nothing else removes or locks its files.",
            code="record_store_staging_failed",
            details={"path": str(self.layout.staging)},
            retryable=True,
        )

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lock is None:
            return
        with suppress(OSError):  # what stays is removed by the next one who publishes
            for number in range(self._count):
                self._path(number).unlink(missing_ok=True)
            self._lock.path.unlink(missing_ok=True)
        self._lock.release()
        self._lock = None

    def new_path(self) -> Path:
        """Return the path of one more file."""
        self._count += 1
        return self._path(self._count - 1)

    def _path(self, number: int) -> Path:
        return self.layout.staging / f"_{self._id}-{number}.tmp"


def remove_abandoned(layout: Layout) -> None:
    """Remove the files of sessions whose process died; the caller holds the store's lock."""
    sessions: dict[str, list[str]] = {}
    for name in names_in(layout.staging):
        match = _NAME.fullmatch(name)
        if match is not None:
            sessions.setdefault(match.group(1), []).append(name)
    for session, names in sessions.items():
        lock = FileLock(layout.staging / f"_{session}.lock")
        if not lock.try_acquire():
            continue
        try:
            with translated_os_errors("remove abandoned files in", layout.staging):
                for name in {*names, lock.path.name}:
                    (layout.staging / name).unlink(missing_ok=True)
        finally:
            lock.release()
