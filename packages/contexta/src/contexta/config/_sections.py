"""Sections of the workspace, the contract, capture, recovery, retention and security."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from contexta.config._model import ConfigModel
from contexta.config._types import AbsolutePath, Flag, Name, Names, Number, Whole

SUPPORTED_SCHEMA_VERSIONS = ("1.0.0",)
"""Schema versions that this release can write and read back."""


def _schema_version(value: str) -> str:
    if value not in SUPPORTED_SCHEMA_VERSIONS:
        allowed = ", ".join(SUPPORTED_SCHEMA_VERSIONS)
        raise ValueError(f"no reader of this release accepts that version; use {allowed}")
    return value


class WorkspaceConfig(ConfigModel):
    """Where the workspace lies.

    Paths are stored absolute, with links resolved.  A relative path is relative to the
    working directory, in a config file to the folder of the file.  The paths that are
    ``None`` here are derived from ``root_path`` by :class:`UnifiedConfig`.

    Attributes:
        root_path: the workspace folder.
        metadata_path: folder of the metadata plane, by default ``<root>/metadata``.
        records_path: folder of the record plane, by default ``<root>/records``.
        artifacts_path: folder of the artifact plane, by default ``<root>/artifacts``.
        reports_path: folder of rendered reports, by default ``<root>/reports``.
        exports_path: folder of exports, by default ``<root>/exports``.
        cache_path: folder of derived files, by default ``<root>/cache``.
        create_missing_dirs: create the workspace when something is first written into
            it; ``False`` refuses a missing one instead.
    """

    section: ClassVar[str] = "workspace"

    root_path: AbsolutePath = Field(default=Path(".contexta"), validate_default=True)
    metadata_path: AbsolutePath | None = None
    records_path: AbsolutePath | None = None
    artifacts_path: AbsolutePath | None = None
    reports_path: AbsolutePath | None = None
    exports_path: AbsolutePath | None = None
    cache_path: AbsolutePath | None = None
    create_missing_dirs: Flag = True


class ContractConfig(ConfigModel):
    """How models are stamped and checked.

    Attributes:
        schema_version: stamped on everything that is captured; only versions that this
            release can read back are accepted.
        validation_mode: no effect yet, see ``INERT``.
        compatibility_mode: no effect yet, see ``INERT``.
        deterministic_serialization: no effect yet, see ``INERT``.
    """

    section: ClassVar[str] = "contract"

    schema_version: Annotated[Name, AfterValidator(_schema_version)] = "1.0.0"
    validation_mode: Literal["strict", "lenient"] = "strict"
    compatibility_mode: Literal["strict", "lenient"] = "strict"
    deterministic_serialization: Flag = True


class CaptureConfig(ConfigModel):
    """What a run records about itself and how captured records reach the disk.

    Attributes:
        producer_ref: token stamped on every captured record.
        capture_environment_snapshot: record Python, platform and argv of each run.
        capture_installed_packages: include the installed packages in that snapshot.
        capture_code_revision: record the git commit and whether files were changed.
        capture_config_snapshot: record the resolved settings of the run, redacted.
        retry_attempts: further tries per sink after a failure, 0 to 100.
        retry_backoff_seconds: seconds before the first retry, doubled each time.
        dispatch_failure_mode: ``outbox`` queues a failed delivery for replay and never
            disturbs the caller; ``raise`` raises ``DispatchError``.
        durability_mode: ``flush`` returns once the record survives the death of the
            process, and syncs in groups (at most 50 ms apart); ``fsync`` returns once
            it survives a power cut.
        write_degraded_marker_on_partial_failure: no effect yet, see ``INERT``: after a
            loss, a degraded record says what is missing as soon as writing works again.
    """

    section: ClassVar[str] = "capture"

    producer_ref: Name = "sdk.python.local"
    capture_environment_snapshot: Flag = True
    capture_installed_packages: Flag = True
    capture_code_revision: Flag = True
    capture_config_snapshot: Flag = True
    retry_attempts: Annotated[Whole, Field(ge=0, le=100)] = 0
    retry_backoff_seconds: Annotated[Number, Field(ge=0, le=3600)] = 0.0
    dispatch_failure_mode: Literal["raise", "outbox"] = "outbox"
    write_degraded_marker_on_partial_failure: Flag = True
    # After the fields of 1.0, so that positional arguments keep their meaning.
    durability_mode: Literal["flush", "fsync"] = "flush"


class RecoveryConfig(ConfigModel):
    """Where backups and undelivered records lie, and how restore and replay behave.

    Attributes:
        outbox_root: queue of failed deliveries, by default ``<root>/recovery/outbox``.
        backup_root: folder of backups, by default ``<root>/recovery/backups``.
        restore_staging_root: scratch of restores, by default ``<root>/recovery/staging``.
        replay_mode_default: what a replay does with outbox lines that are no delivery:
            ``tolerant`` makes them dead letters, ``strict`` refuses to replay.
        require_plan_before_apply: restore only with a plan made beforehand.
        create_backup_before_restore: back up the target before it is replaced.
        backup_key_file: key file that backups are encrypted with, made by
            ``contexta.recovery.create_key_file``; ``None`` leaves them readable.
    """

    section: ClassVar[str] = "recovery"

    outbox_root: AbsolutePath | None = None
    backup_root: AbsolutePath | None = None
    restore_staging_root: AbsolutePath | None = None
    replay_mode_default: Literal["strict", "tolerant"] = "tolerant"
    require_plan_before_apply: Flag = True
    create_backup_before_restore: Flag = True
    backup_key_file: AbsolutePath | None = None


Days = Annotated[Whole, Field(ge=0, le=36500)]


class RetentionConfig(ConfigModel):
    """Ages after which files may go.  No effect yet, see ``INERT``: nothing is deleted.

    Attributes:
        cache_ttl_days: age of cached files in days; ``None`` keeps them.
        report_ttl_days: age of reports in days; ``None`` keeps them.
        export_ttl_days: age of exports in days; ``None`` keeps them.
        artifact_retention_mode: who decides that an artifact goes.
        records_compaction_enabled: merge small record files on their own.
    """

    section: ClassVar[str] = "retention"

    cache_ttl_days: Days | None = 7
    report_ttl_days: Days | None = None
    export_ttl_days: Days | None = None
    artifact_retention_mode: Literal["manual", "planned", "enforced"] = "manual"
    records_compaction_enabled: Flag = False


class SecurityConfig(ConfigModel):
    """What is kept out of the workspace.

    Attributes:
        redaction_mode: ``safe_default`` hides values under secret-looking keys and values
            of well-known token shapes; ``strict`` also hides long random-looking texts
            and everything below a secret-looking key; ``off`` stores all as given.
        environment_variable_allowlist: names of environment variables to record, ``*``
            as a wildcard; nothing is recorded unless named here.
        secret_key_patterns: words that make a key secret-looking, compared word by word
            and without case: ``key`` matches ``api_key``, not ``keyboard``.
        allow_unredacted_local_exports: write exports as stored, without hiding secrets again.
        encryption_provider: no effect yet, see ``INERT``.
    """

    section: ClassVar[str] = "security"

    redaction_mode: Literal["safe_default", "strict", "off"] = "safe_default"
    environment_variable_allowlist: Names = ()
    secret_key_patterns: Names = ("token", "secret", "password", "passwd", "key")
    allow_unredacted_local_exports: Flag = False
    encryption_provider: Name | None = None
