"""Durable, private file operations shared by the planes.

A function of this package returns only when what it promises is on disk: file content, the name
in its folder, and the folder in its parent. New folders are 0700 and new files 0600, whatever
the umask.

Failures of the operating system are raised as `StoreAccessError` (itself an `OSError`) with the
code `store_disk_full` (retryable), `store_permission_denied`, `store_path_missing` or
`store_io_failed`; `details` names the path and the errno. A lock that stays taken raises
`StoreAccessError` with the code `store_lock_timeout` (retryable).
"""

from __future__ import annotations

from contexta.store.fs._atomic import atomic_write_bytes, atomic_write_text, temporary_name
from contexta.store.fs._errors import translated_os_errors
from contexta.store.fs._exchange import exchange
from contexta.store.fs._hashing import CopyResult, copy_hashed, sha256_file
from contexta.store.fs._locks import FileLock, lock_is_held
from contexta.store.fs._private import ensure_private_dir, open_private, write_all
from contexta.store.fs._sync import fsync_dir, fsync_file

__all__ = [
    "CopyResult",
    "FileLock",
    "atomic_write_bytes",
    "atomic_write_text",
    "copy_hashed",
    "ensure_private_dir",
    "exchange",
    "fsync_dir",
    "fsync_file",
    "lock_is_held",
    "open_private",
    "sha256_file",
    "temporary_name",
    "translated_os_errors",
    "write_all",
]
