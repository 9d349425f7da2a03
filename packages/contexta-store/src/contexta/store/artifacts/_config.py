"""Settings of the artifact plane."""

from __future__ import annotations

from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, StrictBool

from contexta.contract.errors import ValidationError
from contexta.store._settings import StoreSettings, absolute_path


class IngestMode(StrEnum):
    """What happens to the source of a put.

    `COPY` keeps it. `MOVE` removes it once the stored bytes are verified. `ADOPT` consumes a
    file that was written at a path from `create_staging_path` or a staged ingest; a file that
    is to stay elsewhere is bound by `reference_artifact`.
    """

    COPY = "copy"
    MOVE = "move"
    ADOPT = "adopt"


class VerificationMode(StrEnum):
    """What is compared with what, when a body is stored and when it is read.

    ======================= ============================================ =====================
    mode                    storing: claims of the manifest              reading
    ======================= ============================================ =====================
    `NONE`                  are not looked at                            is not verified
    `STORED`                are not looked at                            every byte is hashed
    `MANIFEST_IF_AVAILABLE` size and hash are compared, where given      every byte is hashed
    `STRICT`                size and hash are required and compared      every byte is hashed
    ======================= ============================================ =====================

    Reading compares with the hash that was recorded when the body was stored, which happens in
    every mode; `verify=` of a reading method overrides the mode. Checks always read every byte.
    """

    NONE = "none"
    STORED = "stored"
    MANIFEST_IF_AVAILABLE = "manifest_if_available"
    STRICT = "strict"


def _token(value: object) -> object:
    return (
        value.strip().lower() if isinstance(value, str) and not isinstance(value, Enum) else value
    )


class VaultConfig(StoreSettings):
    """How the artifact plane is opened.

    Attributes:
        root_path: The folder of the store. Absolute once constructed.
        default_ingest_mode: Used by `put_artifact` when no mode is given.
        verification_mode: See `VerificationMode`.
        create_missing_dirs: Whether the folder is created at open; otherwise at the first write.
        layout_version: Label that new bindings carry.
        chunk_size_bytes: Bytes read at a time.
        read_only: Whether nothing is ever written or created.
    """

    error_code: ClassVar[str] = "artifact_store_invalid_config"
    field_error_codes = {
        "default_ingest_mode": "artifact_store_invalid_ingest_mode",
        "verification_mode": "artifact_store_invalid_verification_mode",
    }

    root_path: Annotated[Path | None, BeforeValidator(absolute_path)] = None
    default_ingest_mode: Annotated[IngestMode, BeforeValidator(_token)] = IngestMode.COPY
    verification_mode: Annotated[VerificationMode, BeforeValidator(_token)] = (
        VerificationMode.MANIFEST_IF_AVAILABLE
    )
    create_missing_dirs: StrictBool = True
    layout_version: Annotated[str, Field(min_length=1, pattern=r"\S")] = "v1"
    chunk_size_bytes: Annotated[int, Field(strict=True, gt=0)] = 1_048_576
    read_only: StrictBool = False

    def resolved_root(self) -> Path:
        """Return the absolute folder of the store.

        Raises:
            ValidationError: `artifact_store_missing_root_path` when none is set.
        """
        if self.root_path is None:
            raise ValidationError(
                "No folder is set for the artifact store. Pass VaultConfig(root_path=...).",
                code="artifact_store_missing_root_path",
            )
        return self.root_path

    @classmethod
    def from_unified_config(cls, config: Any) -> VaultConfig:
        """Return the section `config.artifacts` with its root filled in.

        Args:
            config: Anything with `.artifacts` and `.workspace.artifacts_path`.
        """
        section: VaultConfig = config.artifacts
        if section.root_path is not None:
            return section
        return section.model_copy(update={"root_path": Path(config.workspace.artifacts_path)})


ArtifactStoreConfig = VaultConfig
