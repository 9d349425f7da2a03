"""The reading methods of `ArtifactStore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.store.artifacts._bindings import read_stored
from contexta.store.artifacts._checks import artifact_ref_text, require_count
from contexta.store.artifacts._models import BindingRevision
from contexta.store.artifacts._open_store import OpenStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.contract.refs import StableRef
    from contexta.store.artifacts._models import ArtifactBinding, ArtifactHandle, TreeMember


class ReadingMethods(OpenStore):
    """Bodies by ref, verified."""

    def get_artifact(self, ref: StableRef | str) -> ArtifactHandle:
        """Return binding and path. The body must be there; it is not hashed.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`, `artifact_store_body_not_found`.
            IntegrityError: `artifact_binding_damaged`.
            ValidationError: `stable_ref_invalid_text`.
        """
        self._require_open()
        return self._reader.handle(artifact_ref_text(ref))

    def get_binding(self, ref: StableRef | str) -> ArtifactBinding:
        """Return the binding of a ref, whether or not its body is there.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`; `details` tell when and why, when
                it was removed.
            IntegrityError: `artifact_binding_damaged`.
        """
        self._require_open()
        return self._reader.binding(artifact_ref_text(ref))

    def list_binding_revisions(self, ref: StableRef | str) -> tuple[BindingRevision, ...]:
        """Return the manifests that were bound to a ref, oldest first; the last one counts.

        Of a very long history the oldest are gone; the numbers tell.

        Raises:
            NotFoundError: `artifact_store_binding_not_found`.
        """
        self._require_open()
        text = artifact_ref_text(ref)
        binding = self._reader.binding(text)
        stored = read_stored(self._layout, text)
        history = () if stored is None else stored.history
        return (
            *history,
            BindingRevision(binding.revision, binding.manifest_snapshot, None),
        )

    def artifact_exists(self, ref: StableRef | str) -> bool:
        """Tell whether a ref is bound and its body there; False for what is no ref."""
        try:
            self.get_artifact(ref)
        except (NotFoundError, ValidationError):
            return False
        return True

    def open_artifact(
        self,
        ref: StableRef | str,
        *,
        mode: str = "rb",
        member: str | None = None,
        verify: bool | None = None,
    ) -> BinaryIO:
        """Open a body for reading; the caller closes it.

        Every byte is hashed before the first is handed out.

        Args:
            ref: The artifact.
            mode: `rb` or `br`.
            member: For a folder artifact, the path of a file in it.
            verify: Whether to hash; None means yes, unless the verification mode is `none`.

        Raises:
            NotFoundError: As `get_artifact`; `artifact_store_member_not_found`.
            IntegrityError: `artifact_store_hash_mismatch`: the bytes are not what was stored.
            ValidationError: `artifact_store_invalid_open_mode`.
        """
        self._require_open()
        text = artifact_ref_text(ref)
        self._reader.handle(text)
        if mode not in {"rb", "br"}:
            raise ValidationError(
                f"Artifacts are read only and binary; mode must be 'rb', not {mode!r}.",
                code="artifact_store_invalid_open_mode",
                details={"mode": mode},
            )
        return self._reader.open(text, member=member, verify=self._checks_reads(verify))

    def read_artifact_bytes(
        self, ref: StableRef | str, *, member: str | None = None, verify: bool | None = None
    ) -> bytes:
        """Return a whole body; arguments and errors as `open_artifact`."""
        self._require_open()
        return self._reader.read(
            artifact_ref_text(ref), member=member, verify=self._checks_reads(verify)
        )

    def read_artifact_range(
        self,
        ref: StableRef | str,
        start: int,
        length: int,
        *,
        member: str | None = None,
        verify: bool | None = None,
    ) -> bytes:
        """Return at most `length` bytes from byte `start` on; fewer at the end of the body.

        The whole body is hashed first, because its hash is all that is known of it. For many
        stretches of one body, use `open_artifact`, which hashes once, and seek.

        Raises:
            ValidationError: `artifact_store_invalid_number` for a negative start or length.
                Otherwise as `open_artifact`.
        """
        self._require_open()
        require_count("start", start)
        require_count("length", length)
        chunks = self._reader.chunks(
            artifact_ref_text(ref),
            member=member,
            verify=self._checks_reads(verify),
            size=self.config.chunk_size_bytes,
            start=start,
            stop=start + length,
        )
        return b"".join(chunks)

    def iter_artifact_chunks(
        self,
        ref: StableRef | str,
        *,
        chunk_size: int | None = None,
        member: str | None = None,
        verify: bool | None = None,
    ) -> Iterator[bytes]:
        """Yield a body in chunks; arguments and errors as `open_artifact`, at the first `next`.

        Raises:
            ValidationError: `artifact_store_invalid_number` for a chunk size below 1.
        """
        size = self.config.chunk_size_bytes if chunk_size is None else chunk_size
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValidationError(
                f"chunk_size must be a whole number from 1, not {chunk_size!r}.",
                code="artifact_store_invalid_number",
                details={"field_name": "chunk_size"},
            )
        self._require_open()
        yield from self._reader.chunks(
            artifact_ref_text(ref),
            member=member,
            verify=self._checks_reads(verify),
            size=size,
            start=0,
            stop=None,
        )

    def list_members(self, ref: StableRef | str) -> tuple[TreeMember, ...]:
        """Return the files of a folder artifact by path.

        Raises:
            ArtifactError: `artifact_store_not_a_tree` when it is a file.
        """
        self._require_open()
        return self._reader.tree(artifact_ref_text(ref)).members

    def extract_artifact(self, ref: StableRef | str, target: str | Path) -> Path:
        """Copy an artifact, verified, to a path that does not exist yet; return that path.

        A file appears when all of it is right. A folder that fails half-way is left as it is.

        Raises:
            ValidationError: `artifact_store_target_exists`.
            IntegrityError: When any byte is not what was stored.
        """
        self._require_open()
        path = Path(target).expanduser().absolute()
        self._reader.extract(artifact_ref_text(ref), path)
        return path

    def _checks_reads(self, verify: bool | None) -> bool:
        return self._verifies_reads if verify is None else verify
