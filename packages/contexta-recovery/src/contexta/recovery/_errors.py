"""The errors of this package, and the one place where foreign failures become ours."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator


class BackupError(RecoveryError):
    """A backup could not be planned, written, read or trusted."""


class RestoreError(RecoveryError):
    """A restore was refused or failed; the target is as it was unless `details` says otherwise."""


class ReplayError(RecoveryError):
    """The outbox could not be replayed. Unrelated to `contexta.store.records.ReplayError`."""


@contextmanager
def translated(error_type: type[RecoveryError], action: str) -> Iterator[None]:
    """Raise `error_type` for failures of the system, of SQLite and of the stores.

    Recovery and validation errors pass as they are: they already say what to do.

    Args:
        error_type: The class to raise.
        action: What was tried, as a verb phrase ("write the backup").

    Raises:
        RecoveryError: Of the given class: `recovery_disk_full` (retryable),
            `recovery_permission_denied` or `recovery_io_failed`; `details` name path and errno.
    """
    try:
        yield
    except OSError as error:
        raise _from_os_error(error_type, action, error) from error
    except sqlite3.Error as error:
        raise error_type(
            f"Cannot {action}: the metadata database answered {str(error)!r}. "
            "Check it with the store's integrity check.",
            code="recovery_database_failed",
            details={"reason": str(error)},
            cause=error,
        ) from error


def _from_os_error(error_type: type[RecoveryError], action: str, error: OSError) -> RecoveryError:
    # StoreAccessError is an OSError too; it carries path and errno in its details.
    details = dict(error.details or {}) if isinstance(error, ContextaError) else {}
    root = error.__cause__ if isinstance(error.__cause__, OSError) else error
    details.setdefault("path", str(root.filename) if root.filename is not None else None)
    details.setdefault("errno", errno.errorcode.get(root.errno or 0, "unknown"))
    code = {
        errno.ENOSPC: "recovery_disk_full",
        errno.EDQUOT: "recovery_disk_full",
        errno.EACCES: "recovery_permission_denied",
        errno.EPERM: "recovery_permission_denied",
        errno.EROFS: "recovery_permission_denied",
    }.get(root.errno or 0, "recovery_io_failed")
    return error_type(
        f"Cannot {action}: {error}. Remove the cause and call again.",
        code=code,
        details=details,
        retryable=code == "recovery_disk_full",
        cause=error,
    )
