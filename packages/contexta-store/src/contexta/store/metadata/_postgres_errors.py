"""Errors of PostgreSQL as errors of ours, by SQLSTATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import (
    IntegrityError,
    MetadataError,
    ReadOnlyStoreError,
    StoreAccessError,
    ValidationError,
)

if TYPE_CHECKING:
    from contexta.contract.errors import ContextaError


class _Answer(NamedTuple):
    kind: type[ContextaError]
    code: str
    text: str
    retryable: bool = False


_BUSY = _Answer(
    StoreAccessError,
    "metadata_store_busy",
    "{place!r} stayed busy: {reason}. Call again when the other writer is done.",
    retryable=True,
)
_LOST = _Answer(
    StoreAccessError,
    "metadata_store_connection_lost",
    "The connection to {place!r} was lost: {reason}. Nothing was changed; call again.",
    retryable=True,
)
_REFUSED = _Answer(
    StoreAccessError,
    "metadata_store_open_failed",
    "{place!r} cannot be opened: {reason}. Check user, password, database and rights.",
)
_UNREACHABLE = _Answer(
    StoreAccessError,
    "metadata_store_open_failed",
    "{place!r} cannot be reached: {reason}. Check host and port, or call again later.",
    retryable=True,
)
_READ_ONLY = _Answer(
    ReadOnlyStoreError, "metadata_store_read_only", "{place!r} cannot be written: {reason}."
)
_FULL = _Answer(
    StoreAccessError,
    "store_disk_full",
    "The disk of {place!r} is full; nothing was changed. Free space and call again.",
    retryable=True,
)
_IO = _Answer(StoreAccessError, "store_io_failed", "Reading or writing {place!r} failed: {reason}.")
_DAMAGED = _Answer(
    IntegrityError,
    "metadata_store_damaged",
    "{place!r} is damaged: {reason}. Restore it from a backup.",
)
_NUMBER = _Answer(
    ValidationError,
    "metadata_store_invalid_number",
    "A number is outside of the 64-bit range of the database.",
)
_TEXT = _Answer(
    ValidationError, "metadata_store_invalid_text", "Text that cannot be stored: {reason}."
)
_LONG = _Answer(
    ValidationError,
    "metadata_store_value_too_long",
    "A name or key is too long for an index of {place!r}: {reason}. Keep names and keys of "
    "parameters and tags below 2,000 bytes.",
)
_OTHER = _Answer(
    MetadataError, "metadata_store_failed", "The database {place!r} refused: {reason}."
)

_BY_STATE = {
    "55P03": _BUSY,  # lock_not_available
    "40001": _BUSY,
    "40P01": _BUSY,
    "53300": _BUSY,  # too_many_connections
    "57014": _BUSY,  # query_canceled, by a timeout or an administrator
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": _UNREACHABLE,  # cannot_connect_now
    "25P03": _LOST,  # idle in a transaction for too long
    "25006": _READ_ONLY,
    "42501": _REFUSED,  # insufficient_privilege
    "3D000": _REFUSED,  # no such database
    "53100": _FULL,
    "58030": _IO,
    "58P01": _IO,
    "22003": _NUMBER,
    "22021": _TEXT,
    "22P05": _TEXT,
    "54000": _LONG,
    "08P01": _OTHER,  # of all protocol violations, users can cause one: wrong parameters
}
_BY_CLASS = {"08": _LOST, "28": _REFUSED, "XX": _DAMAGED}
# Internal errors are not damage; only these two say that data is.
_DAMAGE_STATES = {"XX001", "XX002"}


def postgres_error(place: str, original: BaseException, *, lost: bool) -> ContextaError:
    """Build the error that stands for an error of psycopg.

    Args:
        place: What the user calls the database.
        original: The error of the driver.
        lost: Whether a connection that worked is gone.
    """
    state: str | None = getattr(original, "sqlstate", None)
    reason = " ".join(str(original).split())
    # What libpq says before or while connecting has no state.
    connecting = state is None and type(original).__name__ == "OperationalError"
    answer = _answer(state, lost=lost, connecting=connecting, reason=reason)
    return answer.kind(
        answer.text.format(place=place, reason=reason),
        code=answer.code,
        details={"database_path": place, "reason": reason, "driver_code": state},
        retryable=answer.retryable,
    )


def _answer(state: str | None, *, lost: bool, connecting: bool, reason: str) -> _Answer:
    if state is not None:
        if state in _BY_STATE:
            return _BY_STATE[state]
        found = _BY_CLASS.get(state[:2])
        if found is not None and (found is not _DAMAGED or state in _DAMAGE_STATES):
            return found
        return _LOST if lost else _OTHER
    if lost:
        return _LOST
    if "NUL" in reason:  # psycopg refuses it before the server could
        return _TEXT
    if not connecting:
        return _OTHER
    # The server's refusal of a login comes without a state, too.
    return _REFUSED if "FATAL" in reason and "starting up" not in reason else _UNREACHABLE
