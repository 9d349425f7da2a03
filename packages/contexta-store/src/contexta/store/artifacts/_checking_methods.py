"""The checking methods of `ArtifactStore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError
from contexta.store.artifacts._checks import artifact_ref_text
from contexta.store.artifacts._claims import manifest_of
from contexta.store.artifacts._open_store import OpenStore
from contexta.store.artifacts._reports import StoreSummary, SweepReport, VerificationStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from contexta.contract import ArtifactManifest
    from contexta.contract.errors import ContextaError
    from contexta.contract.refs import StableRef
    from contexta.store.artifacts._reports import VerificationRecord, VerificationReport

_DRIFT = {VerificationStatus.SIZE_MISMATCH, VerificationStatus.HASH_MISMATCH}


class CheckingMethods(OpenStore):
    """Lists, verification and counts."""

    def list_refs(self) -> list[str]:
        """Return the bound refs, sorted, also those whose body is missing.

        Binding files that cannot be read are left out and reported by `damage`.
        """
        self._require_open()
        bindings = self._verifier.bindings()
        self._damage.update(bindings.damaged)
        return [binding.artifact_ref for binding in bindings.readable]

    def verify_artifact(
        self,
        ref: StableRef | str,
        *,
        manifest: ArtifactManifest | Mapping[str, Any] | None = None,
    ) -> VerificationReport:
        """Read every byte of an artifact and compare it with the claims.

        Args:
            ref: The artifact.
            manifest: Whose claims count; those stored with it when None.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`.
            ValidationError: `artifact_store_verification_manifest_mismatch`.
        """
        self._require_open()
        text = artifact_ref_text(ref)
        binding = self._reader.binding(text)
        given = None if manifest is None else manifest_of(manifest)
        if given is not None and given.artifact_ref.text != text:
            raise ValidationError(
                f"The manifest is of {given.artifact_ref.text!r}, not of {text!r}.",
                code="artifact_store_verification_manifest_mismatch",
                details={"artifact_ref": text, "manifest_ref": given.artifact_ref.text},
            )
        return self._verifier.report(binding, given, deep=True)

    def verify_all(self) -> SweepReport:
        """Read every byte of every artifact; one that is bad hides no other. Writes nothing."""
        self._require_open()
        bindings = self._verifier.bindings()
        self._damage.update(bindings.damaged)
        records: list[VerificationRecord] = [
            self._verifier.report(binding, deep=True).to_record() for binding in bindings.readable
        ]
        return SweepReport(
            verification_records=tuple(records),
            missing_refs=tuple(
                item.artifact_ref for item in records if item.status is VerificationStatus.MISSING
            ),
            drifted_refs=tuple(item.artifact_ref for item in records if item.status in _DRIFT),
            orphan_paths=self._verifier.orphans(bindings),
            damaged_bindings=tuple(path for path, _ in bindings.damaged),
        )

    def inspect_store(self, *, deep: bool = True) -> StoreSummary:
        """Count what is stored.

        Args:
            deep: Whether every byte is read and hashed, which takes as long as reading the
                store. Without it only presence and sizes are looked at, and nothing counts
                as verified.
        """
        self._require_open()
        bindings = self._verifier.bindings()
        self._damage.update(bindings.damaged)
        kinds: dict[str, int] = {}
        statuses = []
        for binding in bindings.readable:
            kinds[binding.artifact_kind] = kinds.get(binding.artifact_kind, 0) + 1
            statuses.append(self._verifier.report(binding, deep=deep).status)
        return StoreSummary(
            artifact_count=len(bindings.readable),
            total_size_bytes=sum(binding.size_bytes for binding in bindings.readable),
            kinds=kinds,
            verified_count=statuses.count(VerificationStatus.VERIFIED) if deep else 0,
            missing_count=statuses.count(VerificationStatus.MISSING),
            drift_count=sum(status in _DRIFT for status in statuses),
            orphan_count=len(self._verifier.orphans(bindings)),
            damaged_binding_count=len(bindings.damaged),
            deep=deep,
        )

    def damage(self) -> tuple[tuple[Path, ContextaError], ...]:
        """Return the binding files that listings of this object could not read, and why."""
        return tuple(sorted(self._damage.items(), key=lambda item: item[0]))
