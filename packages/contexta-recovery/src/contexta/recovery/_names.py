"""Names of backups: made from labels and times, checked before they become paths."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from contexta.recovery._checks import required_text

if TYPE_CHECKING:
    from contexta.contract.errors import RecoveryError

_UNSAFE = re.compile(r"[^\w-]")  # \w: letters and digits of any script, and _
_REF = re.compile(r"(?P<label>.+)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_\d{6}Z(-\d+)?")
_LONGEST_LABEL_BYTES = 180  # file names end at 255 bytes; the time, -<n> and .partial- need 45

_last_issued = datetime.min.replace(tzinfo=UTC)
_last_issued_lock = threading.Lock()


def clean_label(label: str | None) -> str:
    """Return the label with everything but letters, digits, `-` and `_` made `-`."""
    text = _UNSAFE.sub("-", label or "").strip("-_")
    text = text.encode("utf-8")[:_LONGEST_LABEL_BYTES].decode("utf-8", "ignore").strip("-_")
    return text or "backup"


def new_backup_ref(label: str | None) -> str:
    """Return `<label>-<UTC time>`, never the same twice in one process, whatever the clock."""
    global _last_issued
    with _last_issued_lock:
        _last_issued = max(datetime.now(UTC), _last_issued + timedelta(microseconds=1))
        moment = _last_issued
    return f"{clean_label(label)}-{moment.strftime('%Y-%m-%dT%H-%M-%S_%fZ')}"


def checked_ref(ref: object, error_type: type[RecoveryError]) -> str:
    """Return a name that is one plain folder name and cannot be a temporary one.

    Raises:
        ValidationError: `recovery_invalid_text` when it is blank or not text.
        RecoveryError: Of the given class, `recovery_invalid_backup_ref`, when it could lead
            elsewhere.
    """
    text = required_text("backup_ref", ref)
    unsafe = any(char in "/\\:" or ord(char) < 32 or ord(char) == 127 for char in text)
    if unsafe or text.startswith(".") or len(text.encode("utf-8", "surrogatepass")) > 250:
        raise error_type(
            f"{text!r} is not the name of a backup: one folder name without '/', '\\', ':' or "
            "control characters, not starting with '.'. Use a name from list_backups, or pass "
            "an absolute path.",
            code="recovery_invalid_backup_ref",
            details={"backup_ref": text},
        )
    return text


def label_of(ref: str) -> str:
    """Return the label in the name of a backup; a name that was not made here is all label."""
    found = _REF.fullmatch(ref)
    return found["label"] if found else ref
