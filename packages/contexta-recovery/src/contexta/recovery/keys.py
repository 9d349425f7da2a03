"""Key files: the one secret that encrypted backups need.

A key file is text: lines that start with `#` say what it is, one line holds 32 random bytes in
hex with a checksum, so that a slip in a copy typed from paper is noticed. Who has the file reads
every backup made with it; without it nobody does, its owner included. Keep a copy of it apart
from the backups.

The id of a key names it without giving anything of it away: backups carry it, so that you find
the right key years later.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.recovery._derive import derive
from contexta.recovery._errors import BackupError, translated
from contexta.recovery._layout import absolute
from contexta.store.fs import ensure_private_dir, fsync_dir, open_private, temporary_name, write_all

if TYPE_CHECKING:
    from contexta.contract.errors import RecoveryError

__all__ = ["create_key_file", "read_key_id"]

KEY_BYTES = 32
_WORD = "contexta-backup-key-1"
_LINE = re.compile(rf"{_WORD} ([0-9a-f]{{{2 * KEY_BYTES}}}) ([0-9a-f]{{8}})")
_LARGEST_FILE_BYTES = 4096
_NOT_OWNER = 0o077
_COMMENT = """\
# Key of Contexta backups, id {key_id}.
# Who has this file reads the backups; without it nobody can. Keep a copy apart from them.
"""


class BackupKey:
    """32 secret bytes. Printing it shows its id only."""

    __slots__ = ("__dict__", "secret")

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    @cached_property
    def key_id(self) -> str:
        """16 hex digits that name the key and tell nothing of it."""
        return derive(self, "key id", 8).hex()

    def __repr__(self) -> str:
        return f"BackupKey({self.key_id})"


def create_key_file(path: str | Path) -> str:
    """Write a new random key to a new file, 0600 whatever the umask, and return the key's id.

    The file appears whole or not at all, and is on disk when this returns.

    Args:
        path: Where; missing folders are created, 0700. An existing file is never touched: its
            key may be the only one that reads some backups.

    Raises:
        BackupError: `recovery_key_exists`, `recovery_encryption_unavailable` when the extra
            `encryption` is not installed, and the codes of system failures.
    """
    target = absolute(path)
    key = BackupKey(secrets.token_bytes(KEY_BYTES))
    text = _COMMENT.format(key_id=key.key_id) + key_line(key) + "\n"
    with translated(BackupError, "create the key file"):
        ensure_private_dir(target.parent)
        try:
            _write_new(target, text.encode("ascii"))
        except FileExistsError as error:
            raise BackupError(
                f"{str(target)!r} exists. A key file is never overwritten: backups made with its "
                "key could not be read any more. Choose another path.",
                code="recovery_key_exists",
                details={"path": str(target)},
                cause=error,
            ) from error
        fsync_dir(target.parent)
    return key.key_id


def _write_new(target: Path, data: bytes) -> None:
    """Write a file that appears whole; raises `FileExistsError` instead of replacing one."""
    if _written_unnamed(target, data):
        return
    temporary = target.with_name(temporary_name())
    fd = open_private(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        _fill(fd, data)
        os.link(temporary, target)  # a rename would replace a file that appeared meanwhile
    finally:
        os.close(fd)
        with suppress(FileNotFoundError):
            temporary.unlink()


def _written_unnamed(target: Path, data: bytes) -> bool:
    """Write a file that has no name until it is whole: a kill leaves no secret under another one.

    Returns:
        False where the system or the disk has no such files.
    """
    if not hasattr(os, "O_TMPFILE"):
        return False
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = os.open(target.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            _fill(fd, data)
            os.link(f"/proc/self/fd/{fd}", target.name, dst_dir_fd=folder)
        finally:
            os.close(fd)
    except FileExistsError:
        raise
    except OSError:  # what else is wrong, the other way meets and says
        return False
    finally:
        os.close(folder)
    return True


def _fill(fd: int, data: bytes) -> None:
    os.fchmod(fd, 0o600)
    write_all(fd, data)
    os.fsync(fd)


def read_key_id(path: str | Path) -> str:
    """Return the id of the key in a file, as backups and `list_backups` show it.

    Raises:
        BackupError: As `read_key_file`.
    """
    return read_key_file(path, BackupError).key_id


def read_key_file(path: str | Path, error_type: type[RecoveryError]) -> BackupKey:
    """Return the key in a file. A link is followed: secrets are often mounted as links.

    Raises:
        RecoveryError: Of the given class: `recovery_key_missing` when there is no such file,
            `recovery_key_permissions` when others than its owner may read or write it,
            `recovery_key_invalid` when it holds no key, or one with a slip.
    """
    target = absolute(path)
    with translated(error_type, "read the key file"):
        fd = _open(target, error_type)
        try:
            _check_file(target, os.fstat(fd), error_type)
            raw = os.read(fd, _LARGEST_FILE_BYTES + 1)
        finally:
            os.close(fd)
    return BackupKey(_parse(target, raw, error_type))


def key_line(key: BackupKey) -> str:
    """Return the line of a key file that holds the key."""
    return f"{_WORD} {key.secret.hex()} {_checksum(key.secret)}"


def _open(path: Path, error_type: type[RecoveryError]) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise error_type(
            f"There is no key file {str(path)!r}. Pass the path of the key file that "
            "create_key_file wrote; a lost key cannot be made again.",
            code="recovery_key_missing",
            details={"path": str(path)},
            cause=error,
        ) from error


def _check_file(path: Path, status: os.stat_result, error_type: type[RecoveryError]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _invalid(path, "it is not a regular file", error_type)
    if status.st_mode & _NOT_OWNER:
        raise error_type(
            f"Others may read or write the key file {str(path)!r} (mode "
            f"{stat.S_IMODE(status.st_mode):04o}). Take that away: chmod 600.",
            code="recovery_key_permissions",
            details={"path": str(path), "mode": f"{stat.S_IMODE(status.st_mode):04o}"},
        )


def _parse(path: Path, raw: bytes, error_type: type[RecoveryError]) -> bytes:
    if len(raw) > _LARGEST_FILE_BYTES:
        raise _invalid(path, f"it is larger than {_LARGEST_FILE_BYTES} bytes", error_type)
    try:
        lines = [line.strip() for line in raw.decode("ascii").splitlines()]
    except UnicodeDecodeError:
        raise _invalid(path, "it is not text", error_type) from None
    lines = [line for line in lines if line and not line.startswith("#")]
    if len(lines) != 1:
        raise _invalid(path, f"it holds {len(lines)} keys, not one", error_type)
    match = _LINE.fullmatch(lines[0])
    if match is None:
        reason = f"its line is not {_WORD!r}, {2 * KEY_BYTES} hex digits and a checksum"
        raise _invalid(path, reason, error_type)
    secret = bytes.fromhex(match[1])
    if match[2] != _checksum(secret):
        raise _invalid(path, "the checksum of the key is wrong; it was copied badly", error_type)
    return secret


def _checksum(secret: bytes) -> str:
    return hashlib.sha256(_WORD.encode("ascii") + secret).hexdigest()[:8]


def _invalid(path: Path, reason: str, error_type: type[RecoveryError]) -> RecoveryError:
    return error_type(
        f"{str(path)!r} is no key file: {reason}. Use one that create_key_file wrote.",
        code="recovery_key_invalid",
        details={"path": str(path), "reason": reason},
    )
