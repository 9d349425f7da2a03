"""The file in which failed deliveries wait: one JSON object per line.

`append_entry` is for whoever writes into it while others may replay. Lines written by hand with
any editor or script are accepted too. Every change of the file is a whole new file put in its
place by one rename, under a lock, so that a kill leaves the old lines or the new ones.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.recovery._errors import ReplayError
from contexta.store.fs import (
    FileLock,
    atomic_write_bytes,
    ensure_private_dir,
    fsync_dir,
    open_private,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Entry", "OutboxFile", "append_entry"]

PENDING_NAME = "failed_deliveries.jsonl"
DEAD_LETTER_NAME = "dead_letter.jsonl"
_APPEND_LOCK = "_append.lock"
_REPLAY_LOCK = "_replay.lock"


@dataclass(frozen=True, slots=True)
class Entry:
    """One waiting delivery.

    Args:
        line: The bytes of its line, which identify it in the file.
        fields: The whole object.
    """

    line: bytes
    fields: Mapping[str, Any]

    @property
    def replay_ref(self) -> str:
        """The stable id of the delivery."""
        return str(self.fields["replay_ref"])

    @property
    def family(self) -> str:
        """CONTEXT, RECORD, ARTIFACT or DEGRADATION, as written."""
        return str(self.fields["family"])

    @property
    def sink_name(self) -> str | None:
        """The sink that failed, or None when the entry names none."""
        name = self.fields.get("sink_name")
        return name if isinstance(name, str) and name else None

    @property
    def attempts(self) -> int:
        """How often a replay of it has failed."""
        return int(self.fields.get("attempts", 0))


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no delivery, and why."""

    line: bytes
    reason: str


class OutboxFile:
    """The waiting and the dead entries below one outbox folder.

    Args:
        root: The folder; created when something is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pending = root / PENDING_NAME
        self.dead_letter = root / DEAD_LETTER_NAME

    def replay_lock(self) -> FileLock:
        """Return the lock that lets one replay run at a time."""
        return FileLock(self.root / _REPLAY_LOCK)

    def append(self, fields: Mapping[str, Any]) -> None:
        """Add one entry, durably, also when the last line of the file was cut by a crash."""
        ensure_private_dir(self.root)
        with self._changing():
            _append_line(self.pending, _encode(fields))

    def read(self) -> tuple[tuple[Entry, ...], tuple[BadLine, ...]]:
        """Return the entries in file order, and the lines that are none."""
        entries, bad = [], []
        for line in self._lines():
            try:
                entries.append(parse_line(line))
            except ReplayError as error:
                bad.append(BadLine(line, error.message))
        return tuple(entries), tuple(bad)

    def acknowledge(self, entry: Entry) -> None:
        """Remove one entry, durably."""
        self._replace_line(entry.line, None)

    def put_back(self, entry: Entry, changes: Mapping[str, Any]) -> None:
        """Replace an entry by a changed one behind all others, durably."""
        self._replace_line(entry.line, _encode({**entry.fields, **changes}))

    def bury(self, entry: Entry, changes: Mapping[str, Any]) -> None:
        """Move an entry to the dead letters. A kill in between leaves it in both, never neither."""
        with self._changing():
            _append_line(self.dead_letter, _encode({**entry.fields, **changes}))
        self._replace_line(entry.line, None)

    def quarantine(self, bad: BadLine, moment: str) -> None:
        """Move a line that is no delivery to the dead letters, with the reason."""
        try:
            text, encoding = bad.line.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(bad.line).decode("ascii"), "base64"
        letter = {
            "code": "recovery_invalid_outbox_entry",
            "dead_lettered_at": moment,
            "encoding": encoding,
            "line": text,
            "reason": bad.reason,
        }
        with self._changing():
            _append_line(self.dead_letter, _encode(letter))
        self._replace_line(bad.line, None)

    def count(self) -> int:
        """Return the number of waiting lines."""
        return len(self._lines())

    def _lines(self) -> list[bytes]:
        try:
            raw = self.pending.read_bytes()
        except FileNotFoundError:
            return []
        return [line for line in raw.split(b"\n") if line.strip()]

    def _replace_line(self, line: bytes, replacement: bytes | None) -> None:
        # Read again under the lock: others have appended since the entry was read.
        with self._changing():
            lines = self._lines()
            if line in lines:
                lines.remove(line)
                if replacement is not None:
                    lines.append(replacement)
                atomic_write_bytes(self.pending, b"".join(one + b"\n" for one in lines))

    def _changing(self) -> FileLock:
        return FileLock(self.root / _APPEND_LOCK)


def append_entry(outbox_root: str | Path, fields: Mapping[str, Any]) -> None:
    """Add one failed delivery to the outbox below `outbox_root`, durably.

    Safe beside other writers and beside a running replay. `fields` needs `replay_ref` (unique:
    it identifies the delivery to its receiver), `family` and `payload`; `sink_name` says whose
    delivery it is, `attempts` counts failed replays and starts at 0.

    Raises:
        ReplayError: `recovery_invalid_outbox_entry` when a field is missing or not JSON.
        StoreAccessError: When the file cannot be written.
    """
    parse_line(_encode(fields))
    OutboxFile(Path(outbox_root)).append(fields)


def parse_line(line: bytes) -> Entry:
    """Read one line.

    Raises:
        ReplayError: `recovery_invalid_outbox_entry`, naming all that is wrong.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _invalid([f"not JSON ({error})"]) from error
    if not isinstance(fields, dict):
        raise _invalid(["not an object"])
    wrong = [
        f"{name} is not a text"
        for name in ("replay_ref", "family")
        if not isinstance(fields.get(name), str) or not fields[name].strip()
    ]
    if "payload" not in fields:
        wrong.append("payload is missing")
    attempts = fields.get("attempts", 0)
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 0:
        wrong.append("attempts is not a number of at least 0")
    if wrong:
        raise _invalid(wrong)
    return Entry(line, fields)


def _invalid(reasons: list[str]) -> ReplayError:
    return ReplayError(
        f"An outbox line is no delivery: {'; '.join(reasons)}.",
        code="recovery_invalid_outbox_entry",
        details={"reasons": reasons},
    )


def _encode(fields: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(dict(fields), sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise _invalid([f"not JSON ({error})"]) from error
    return text.encode("ascii")


def _append_line(path: Path, line: bytes) -> None:
    created = not os.path.lexists(path)
    fd = open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        size = os.fstat(fd).st_size
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        write_all(fd, (b"\n" if torn else b"") + line + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)
    if created:
        fsync_dir(path.parent)
