"""The checking methods of `ArtifactStore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import IntegrityError, NotFoundError, ValidationError
from contexta.contract.refs import StableRef
from contexta.store.artifacts._catalogue import about
from contexta.store.artifacts._checks import artifact_ref_text, require_count
from contexta.store.artifacts._claims import manifest_of
from contexta.store.artifacts._open_store import OpenStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from contexta.contract import ArtifactManifest
    from contexta.contract.errors import ContextaError
    from contexta.store.artifacts._catalogue import Listing
    from contexta.store.artifacts._models import ArtifactBinding
    from contexta.store.artifacts._reports import (
        StoreSummary,
        SweepProgress,
        SweepReport,
        VerificationRecord,
        VerificationReport,
    )


class CheckingMethods(OpenStore):
    """Lists, verification and counts."""

    def list_refs(self) -> list[str]:
        """Return the bound refs, sorted, also those whose body is missing.

        Binding files that cannot be read are left out and reported by `damage`.
        """
        return [entry.ref for entry in self._listing(thorough=False).entries]

    def list_bindings(
        self,
        *,
        run_ref: StableRef | str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        after: StableRef | str | None = None,
    ) -> tuple[ArtifactBinding, ...]:
        """Return bindings in ref order, also those whose body is missing; no body is read.

        Args:
            run_ref: Only artifacts of this run.
            kind: Only artifacts of this kind.
            limit: At most so many; for the next page pass the last ref as `after`.
            after: Only refs that come after this one.

        Raises:
            ValidationError: For what is no ref, or a limit that is no whole number from 0.
        """
        run = None if run_ref is None else StableRef.parse(str(run_ref)).text
        start = None if after is None else artifact_ref_text(after)
        if limit is not None:
            require_count("limit", limit)
        found: list[ArtifactBinding] = []
        for entry in self._listing(thorough=False).entries:
            if limit is not None and len(found) >= limit:
                break
            if (start is None or entry.ref > start) and (
                run in (None, entry.run_ref) and kind in (None, entry.kind)
            ):
                binding = self._readable(entry.ref)
                found.extend([] if binding is None else [binding])
        return tuple(found)

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
        return self._verifier.report(binding, given)

    def refresh_verification(self, ref: StableRef | str) -> VerificationRecord:
        """Read every byte of an artifact and remember when that was right.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`.
        """
        return self.verify_artifact(ref).to_record()

    def verify_all(
        self,
        *,
        workers: int | None = None,
        progress: Callable[[SweepProgress], None] | None = None,
        max_age_seconds: float | None = None,
    ) -> SweepReport:
        """Read every byte of every artifact; one that is bad hides no other.

        Each body is read once, however many artifacts have it. Nothing is repaired; a writable
        store remembers what was right, for `inspect_store` and later sweeps.

        Args:
            workers: Bodies read at the same time; None means one a processor, at most 4.
            progress: Called in this thread after each body.
            max_age_seconds: Skip bodies that were found right at most so long ago and whose files
                did not change since. None reads all.

        Raises:
            ValidationError: `artifact_store_invalid_number` for workers below 1.
        """
        if workers is not None and (isinstance(workers, bool) or workers < 1):
            require_count("workers", -1 if isinstance(workers, int) else workers)
        return self._sweeper.sweep(
            self._listing(),
            self._staging.pinned(),
            workers=workers,
            progress=progress,
            max_age_seconds=max_age_seconds,
        )

    def inspect_store(self, *, deep: bool = False) -> StoreSummary:
        """Count what is stored.

        Args:
            deep: Whether every byte is read. Otherwise a body whose file did not change since it
                was last hashed (by a put or a check) counts as it was found then, and only the
                others are read; a bit that rotted on the disk is found by `deep` only.
        """
        return self._sweeper.count(self._listing(), self._staging.pinned(), deep=deep)

    def damage(self) -> tuple[tuple[Path, ContextaError], ...]:
        """Return the binding files that the last listing of this object could not read, and why."""
        return self._damage

    def _listing(self, *, thorough: bool = True) -> Listing:
        self._require_open()
        listing = self._catalogue.listing(thorough=thorough)
        self._damage = tuple(sorted(listing.damaged, key=lambda item: item[0]))
        return listing

    def _readable(self, ref: str) -> ArtifactBinding | None:
        """Return a listed binding; None when it went or was damaged since."""
        try:
            return self._reader.binding(ref)
        except NotFoundError:
            return None
        except IntegrityError as error:
            self._damage = (*self._damage, (self._layout.binding(ref), about(error, ref)))
            return None
