"""What recovery asks of a configuration.

A Protocol, not the class: `UnifiedConfig` lives in a package above this one. All fields are read
only; unset paths take the place that the workspace layout gives them (see `_layout`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class WorkspaceSection(Protocol):
    """Folders of the workspace; None means the default below `root_path`."""

    @property
    def root_path(self) -> Path: ...
    @property
    def metadata_path(self) -> Path | None: ...
    @property
    def records_path(self) -> Path | None: ...
    @property
    def artifacts_path(self) -> Path | None: ...
    @property
    def exports_path(self) -> Path | None: ...
    @property
    def cache_path(self) -> Path | None: ...


class MetadataSection(Protocol):
    """Where the metadata database is; a ledger in memory has no file to back up."""

    @property
    def database_path(self) -> Path | str | None: ...


class PlaneSection(Protocol):
    """Where the record plane or the artifact plane is."""

    @property
    def root_path(self) -> Path | None: ...


class RecoverySection(Protocol):
    """Folders and habits of recovery."""

    @property
    def outbox_root(self) -> Path | None: ...
    @property
    def backup_root(self) -> Path | None: ...
    @property
    def restore_staging_root(self) -> Path | None: ...
    @property
    def create_backup_before_restore(self) -> bool: ...


class RecoveryConfig(Protocol):
    """The parts of a resolved configuration that recovery reads.

    Also read when present: `profile_name`, `recovery.backup_key_file` (the path of a key file, or
    None for readable backups), `recovery.replay_mode_default`,
    `recovery.require_plan_before_apply`, `records.layout_version`, `artifacts.layout_version`
    and `model_dump(mode="json")`, which is written, redacted, into backups.
    """

    @property
    def workspace(self) -> WorkspaceSection: ...
    @property
    def metadata(self) -> MetadataSection: ...
    @property
    def records(self) -> PlaneSection: ...
    @property
    def artifacts(self) -> PlaneSection: ...
    @property
    def recovery(self) -> RecoverySection: ...
