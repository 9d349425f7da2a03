"""What a caller asks when registering an artifact, as plain data."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from contexta.common.results import read_only
from contexta.contract.errors import ValidationError

__all__ = [
    "ArtifactBindingStatus",
    "ArtifactRegistrationRequest",
    "ArtifactSource",
    "ArtifactSourceKind",
    "ArtifactVerificationPolicy",
]


class ArtifactSourceKind(str, Enum):  # noqa: UP042 - StrEnum would change str() of the members
    """Where the body comes from."""

    PATH = "PATH"
    STAGED_PATH = "STAGED_PATH"
    URI = "URI"


class ArtifactBindingStatus(str, Enum):  # noqa: UP042 - as above
    """Whether the ref is bound to a stored body."""

    BOUND = "BOUND"
    PENDING = "PENDING"
    DEGRADED = "DEGRADED"


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """The file or folder that was named."""

    kind: ArtifactSourceKind
    uri: str
    exists: bool

    @classmethod
    def from_path(cls, path: str) -> ArtifactSource:
        """Resolve `path` (`~` expanded, made absolute) and look whether it is there."""
        resolved = Path(path)
        # Without such a user a `~` is a letter like others, and the path is missing.
        with contextlib.suppress(RuntimeError):
            resolved = resolved.expanduser()
        resolved = resolved.absolute()
        return cls(ArtifactSourceKind.PATH, resolved.as_posix(), resolved.exists())

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order."""
        return {"kind": self.kind.value, "uri": self.uri, "exists": self.exists}


@dataclass(frozen=True, slots=True)
class ArtifactVerificationPolicy:
    """What is checked while registering."""

    compute_hash: bool = True
    require_existing_source: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order."""
        return {
            "compute_hash": self.compute_hash,
            "require_existing_source": self.require_existing_source,
        }


@dataclass(frozen=True, slots=True)
class ArtifactRegistrationRequest:
    """One registration.

    Raises:
        ValidationError: code `artifact_registration_invalid_value`.
    """

    artifact_ref: str
    artifact_kind: str
    source: ArtifactSource
    verification_policy: ArtifactVerificationPolicy
    attributes: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("artifact_ref", "artifact_kind"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ValidationError(
                    f"{name} must be a non-blank string, got {value!r}",
                    code="artifact_registration_invalid_value",
                    details={"field_name": name},
                )
        object.__setattr__(self, "attributes", read_only(self.attributes))

    def to_dict(self) -> dict[str, Any]:
        """Return all fields in order."""
        return {
            "artifact_ref": self.artifact_ref,
            "artifact_kind": self.artifact_kind,
            "source": self.source.to_dict(),
            "verification_policy": self.verification_policy.to_dict(),
            "attributes": dict(self.attributes or {}),
        }
