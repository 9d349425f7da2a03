"""What a manifest claims about its body, compared with the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract import ArtifactManifest, deserialize_artifact_manifest
from contexta.contract.errors import ArtifactError, ValidationError
from contexta.store.artifacts._checks import bare_sha256
from contexta.store.artifacts._config import VerificationMode

if TYPE_CHECKING:
    from collections.abc import Mapping


def manifest_of(manifest: ArtifactManifest | Mapping[str, Any]) -> ArtifactManifest:
    """Return the manifest, given as a model or as its `to_dict()`.

    Raises:
        SerializationError: `deserialize_*` when it is no such mapping.
        ValidationError: When the mapping breaks a rule of the model.
    """
    if isinstance(manifest, ArtifactManifest):
        return manifest
    return deserialize_artifact_manifest(manifest)


def check_claims(
    manifest: ArtifactManifest, size_bytes: int, sha256: str, mode: VerificationMode
) -> None:
    """Compare the claims of a manifest with the bytes at hand, as the mode asks.

    Raises:
        ArtifactError: `artifact_store_strict_verification_missing_claims`,
            `artifact_store_size_mismatch` or `artifact_store_hash_mismatch`.
    """
    if mode in {VerificationMode.NONE, VerificationMode.STORED}:
        return
    ref = manifest.artifact_ref.text
    claims = (manifest.size_bytes, manifest.hash_value)
    if mode is VerificationMode.STRICT and None in claims:
        raise ArtifactError(
            f"Strict verification needs size_bytes and hash_value in the manifest of {ref!r}.",
            code="artifact_store_strict_verification_missing_claims",
            details={"artifact_ref": ref},
        )
    if manifest.size_bytes is not None and manifest.size_bytes != size_bytes:
        raise ArtifactError(
            f"The manifest of {ref!r} claims {manifest.size_bytes} bytes, the source has "
            f"{size_bytes}. Nothing was stored.",
            code="artifact_store_size_mismatch",
            details={
                "artifact_ref": ref,
                "expected_size_bytes": manifest.size_bytes,
                "actual_size_bytes": size_bytes,
            },
        )
    if manifest.hash_value is not None and bare_sha256(manifest.hash_value) != sha256:
        raise ArtifactError(
            f"The manifest of {ref!r} claims hash {manifest.hash_value!r}, the SHA-256 of the "
            f"source is {sha256}. Nothing was stored.",
            code="artifact_store_hash_mismatch",
            details={
                "artifact_ref": ref,
                "expected_hash_value": manifest.hash_value,
                "actual_hash_value": sha256,
            },
        )


def differences(given: ArtifactManifest, bound: ArtifactManifest) -> tuple[str, ...]:
    """Return the fields in which two manifests differ, sorted; `created_at` is no difference.

    A repeated put carries a new creation time.
    """
    left, right = given.to_dict(), bound.to_dict()
    names = sorted({*left, *right} - {"created_at"})
    return tuple(name for name in names if left.get(name) != right.get(name))


def invalid_mode(value: object) -> ValidationError:
    """Build the error for an ingest mode that is none."""
    return ValidationError(
        f"{value!r} is not an ingest mode; use copy, move or adopt.",
        code="artifact_store_invalid_ingest_mode",
        details={"value": repr(value), "allowed": ["copy", "move", "adopt"]},
    )
