"""The reading methods of `ArtifactStore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from contexta.contract.errors import NotFoundError, ValidationError
from contexta.store.artifacts._checks import artifact_ref_text
from contexta.store.artifacts._open_store import OpenStore
from contexta.store.fs import translated_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.contract.refs import StableRef
    from contexta.store.artifacts._models import ArtifactHandle, TreeMember


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
        checks = self._verifies_reads if verify is None else verify
        return self._reader.open(text, member=member, verify=checks)

    def read_artifact_bytes(
        self, ref: StableRef | str, *, member: str | None = None, verify: bool | None = None
    ) -> bytes:
        """Return a whole body; arguments and errors as `open_artifact`."""
        with (
            self.open_artifact(ref, member=member, verify=verify) as file,
            translated_os_errors("read the body of", artifact_ref_text(ref)),
        ):
            return file.read()

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
        with (
            self.open_artifact(ref, member=member, verify=verify) as file,
            translated_os_errors("read the body of", artifact_ref_text(ref)),
        ):
            while chunk := file.read(size):
                yield chunk

    def list_members(self, ref: StableRef | str) -> tuple[TreeMember, ...]:
        """Return the files of a folder artifact by path.

        Raises:
            ArtifactError: `artifact_store_not_a_tree` when it is a file.
        """
        self._require_open()
        return self._reader.tree(artifact_ref_text(ref)).members

    def extract_artifact(self, ref: StableRef | str, target: str | Path) -> Path:
        """Copy an artifact, verified, to a path that does not exist yet; return that path.

        A folder that fails half-way is left as it is.

        Raises:
            ValidationError: `artifact_store_target_exists`.
            IntegrityError: When any byte is not what was stored.
        """
        self._require_open()
        path = Path(target).expanduser().absolute()
        self._reader.extract(artifact_ref_text(ref), path)
        return path
