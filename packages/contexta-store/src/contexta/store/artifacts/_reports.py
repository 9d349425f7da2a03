"""What checks of the artifact plane report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from contexta.contract.errors import ValidationError
from contexta.store.artifacts._checks import require_count, require_instant, require_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class VerificationStatus(StrEnum):
    """What reading a body found."""

    VERIFIED = "verified"
    MISSING = "missing"
    SIZE_MISMATCH = "size_mismatch"
    HASH_MISMATCH = "hash_mismatch"


@dataclass(frozen=True, slots=True)
class VerificationRecord:
    """The status of one artifact at one time."""

    artifact_ref: str
    status: VerificationStatus
    checked_at: str
    message: str | None = None

    def __post_init__(self) -> None:
        require_text("artifact_ref", self.artifact_ref)
        require_instant("checked_at", self.checked_at)


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """Every byte of one artifact, compared with what its manifest or binding says.

    For a folder the actual values are None unless every member was read and is right.
    """

    artifact_ref: str
    status: VerificationStatus
    verified: bool
    exists: bool
    actual_size_bytes: int | None
    expected_size_bytes: int | None
    actual_hash_value: str | None
    expected_hash_value: str | None
    checked_at: str
    messages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_text("artifact_ref", self.artifact_ref)
        require_instant("checked_at", self.checked_at)
        agrees = self.verified == (self.status is VerificationStatus.VERIFIED)
        if not agrees or self.exists != (self.status is not VerificationStatus.MISSING):
            raise ValidationError(
                f"verified and exists do not fit the status {self.status.value!r}.",
                code="artifact_store_invalid_verification_report",
            )

    def to_record(self) -> VerificationRecord:
        """Return the short form."""
        message = self.messages[0] if self.messages else None
        return VerificationRecord(self.artifact_ref, self.status, self.checked_at, message)


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """Counts over a store.

    Attributes:
        artifact_count: Readable bindings.
        total_size_bytes: Sum of the sizes recorded at ingest. Bodies that several refs share
            count each time.
        kinds: Artifact kind to count, sorted, read-only.
        verified_count: Artifacts whose size and hash are as expected. Without `deep`, bodies
            whose files did not change since they were last hashed are not read again.
        missing_count: Artifacts whose body (or a member of it) is not there.
        drift_count: Artifacts of the wrong size or hash.
        orphan_count: Bodies that no binding names.
        damaged_binding_count: Binding files that cannot be read.
        deep: Whether every byte was read by this very call.
        unverified_count: References, whose files were looked at by size only; 0 with `deep`.
        oldest_check_at: When the body was hashed whose last hashing is the longest ago, UTC
            text; None with `deep` or without bodies.
    """

    artifact_count: int
    total_size_bytes: int
    kinds: Mapping[str, int]
    verified_count: int
    missing_count: int
    drift_count: int
    orphan_count: int
    damaged_binding_count: int = 0
    deep: bool = False
    unverified_count: int = 0
    oldest_check_at: str | None = None

    def __post_init__(self) -> None:
        require_count("artifact_count", self.artifact_count)
        require_count("total_size_bytes", self.total_size_bytes)
        object.__setattr__(self, "kinds", MappingProxyType(dict(sorted(self.kinds.items()))))


@dataclass(frozen=True, slots=True)
class SweepReport:
    """Every artifact of a store, verified; refs in order.

    `drifted_refs` have the wrong size or hash. `orphan_paths` are bodies that no binding names;
    they are listed only when every binding could be read. `damaged_bindings` are files.
    """

    verification_records: tuple[VerificationRecord, ...] = ()
    missing_refs: tuple[str, ...] = ()
    drifted_refs: tuple[str, ...] = ()
    orphan_paths: tuple[Path, ...] = ()
    damaged_bindings: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far a sweep is: bodies and bytes that were read, of those that will be."""

    done_bodies: int
    total_bodies: int
    done_bytes: int
    total_bytes: int
