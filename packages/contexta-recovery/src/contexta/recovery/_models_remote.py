"""Backups elsewhere: what is listed, and what sending and fetching did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contexta.recovery._checks import count, flag, frozen_mapping, required_text
from contexta.recovery._models_base import RecoveryResult, as_path, path_text, set_fields


@dataclass(frozen=True, slots=True)
class RemoteBackup:
    """One line of the list of backups elsewhere, from its data sheet alone.

    Args:
        backup_ref: Its name.
        url: Where it lies, without what is secret in the URL.
        size_bytes: Of the archive; what the store says when there is no sheet.
        complete: Whether it was sent to its end, and has the size it was sent with.
        created_at: UTC text, when the backup was made; None when unknown.
        counts: `runs`, `records`, `artifacts`, as the backup says.
        sha256: Of the archive, in hex; None when unknown.
        encrypted: Whether its content is encrypted.
        key_id: The id of the key then.
        problem: None, or why it is not complete.
    """

    backup_ref: str
    url: str
    size_bytes: int
    complete: bool
    created_at: str | None = None
    counts: Mapping[str, int] | None = None
    sha256: str | None = None
    encrypted: bool = False
    key_id: str | None = None
    problem: str | None = None

    def __post_init__(self) -> None:
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            complete=flag("complete", self.complete),
            counts=frozen_mapping(self.counts),
            encrypted=flag("encrypted", self.encrypted),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return {
            "backup_ref": self.backup_ref,
            "url": self.url,
            "size_bytes": self.size_bytes,
            "complete": self.complete,
            "created_at": self.created_at,
            "counts": dict(self.counts or {}),
            "sha256": self.sha256,
            "encrypted": self.encrypted,
            "key_id": self.key_id,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class PushResult(RecoveryResult):
    """A backup that is elsewhere now.

    `status` is `DEGRADED` when it is readable there. `already_there` says that the same content
    was there before, so that no byte was sent; `read_back` that what the store holds was read to
    its end and compared.
    """

    backup_ref: str = ""
    url: str = ""
    size_bytes: int = 0
    sha256: str = ""
    already_there: bool = False
    read_back: bool = False

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            url=required_text("url", self.url),
            size_bytes=count("size_bytes", self.size_bytes),
            sha256=required_text("sha256", self.sha256),
            already_there=flag("already_there", self.already_there),
            read_back=flag("read_back", self.read_back),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "url": self.url,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "already_there": self.already_there,
            "read_back": self.read_back,
        }


@dataclass(frozen=True, slots=True)
class PullResult(RecoveryResult):
    """A backup that was fetched and verified, and is among the backups of the workspace now.

    `location` is its archive. `already_here` says that the same backup was here before, so that
    only its data sheet was fetched.
    """

    backup_ref: str = ""
    url: str = ""
    location: Path | None = None
    size_bytes: int = 0
    sha256: str = ""
    already_here: bool = False

    def __post_init__(self) -> None:
        RecoveryResult.__post_init__(self)
        set_fields(
            self,
            backup_ref=required_text("backup_ref", self.backup_ref),
            url=required_text("url", self.url),
            location=as_path(self.location),
            size_bytes=count("size_bytes", self.size_bytes),
            sha256=required_text("sha256", self.sha256),
            already_here=flag("already_here", self.already_here),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-safe data."""
        return RecoveryResult.to_dict(self) | {
            "backup_ref": self.backup_ref,
            "url": self.url,
            "location": path_text(self.location),
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "already_here": self.already_here,
        }
