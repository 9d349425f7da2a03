"""The writing methods of `ArtifactStore`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from contexta.contract.errors import ArtifactError, ValidationError
from contexta.store.artifacts._claims import manifest_of
from contexta.store.artifacts._config import IngestMode
from contexta.store.artifacts._models import IngestSession
from contexta.store.artifacts._open_store import OpenStore
from contexta.store.fs import open_private, translated_os_errors, write_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contexta.contract import ArtifactManifest
    from contexta.store.artifacts._models import ArtifactBinding, ArtifactPutReceipt


class WritingMethods(OpenStore):
    """Puts, staged ingests and their clean-up."""

    def put_artifact(
        self,
        manifest: ArtifactManifest | Mapping[str, Any],
        source: str | Path,
        *,
        mode: IngestMode | str | None = None,
        source_name: str | None = None,
    ) -> ArtifactPutReceipt:
        """Store a file or folder under the ref of its manifest.

        Putting the same bytes again is harmless and mends a missing or damaged body; other
        bytes under the same ref are refused, and of two racing puts one wins.

        Args:
            manifest: The manifest, or its `to_dict()`.
            source: The file or folder. A link to a file is followed; a folder may not hold
                links.
            mode: See `IngestMode`; None means that of the settings.
            source_name: Stored in the binding; the name of the source when None.

        Raises:
            ValidationError: `artifact_store_missing_source`, `artifact_store_invalid_source`,
                `artifact_store_invalid_adopt_source`, `artifact_store_invalid_ingest_mode`.
            ArtifactError: When a claim of the manifest is wrong; nothing is bound then.
            ConflictError: `artifact_binding_conflict`.
            StoreAccessError: When the disk refuses; `store_disk_full` is retryable.
            ReadOnlyStoreError: `artifact_store_read_only`.
        """
        self._require_writable()
        return self._ingest.put(manifest_of(manifest), source, mode=mode, source_name=source_name)

    def put_artifact_from_stream(
        self,
        manifest: ArtifactManifest | Mapping[str, Any],
        stream: BinaryIO,
        *,
        source_name: str,
    ) -> ArtifactPutReceipt:
        """Store what a binary stream gives until its end; it is not closed.

        Raises:
            ValidationError: `artifact_store_invalid_chunk` when it gives text. Otherwise as
                `put_artifact`; nothing stays in staging.
        """
        session = self.begin_staged_ingest(source_name)
        try:
            while chunk := stream.read(self.config.chunk_size_bytes):
                self.write_chunk(session, chunk)
            return self.commit_staged_ingest(manifest, session)
        finally:
            self.abort_staged_ingest(session)

    def bind_artifact(
        self,
        manifest: ArtifactManifest | Mapping[str, Any],
        body_path: str | Path,
        *,
        source_name: str | None = None,
    ) -> ArtifactBinding:
        """Bind a ref to a body that is in the store already, at `object_path(its hash)`.

        For a file that lies elsewhere, use `put_artifact` or `reference_artifact`. The source is
        called `source_name`, or like the body.

        Raises:
            ArtifactError: `artifact_store_noncanonical_body_path`, or a wrong claim.
            ValidationError: `artifact_store_missing_source`.
            ConflictError: `artifact_binding_conflict`.
        """
        self._require_writable()
        return self._ingest.bind_existing(
            manifest_of(manifest), Path(body_path), source_name=source_name
        )

    def reference_artifact(
        self,
        manifest: ArtifactManifest | Mapping[str, Any],
        path: str | Path,
        *,
        source_name: str | None = None,
    ) -> ArtifactPutReceipt:
        """Bind a ref to a file that stays where it is: adopted in place, not copied.

        Its absolute path, size and hash are recorded, and every read compares them. The store
        never changes or removes it, and cannot mend it: when it is gone or differs, reads and
        checks say so. A put of the same bytes under the same ref takes a copy of its own.

        Raises:
            ValidationError: `artifact_store_missing_source`; `artifact_store_invalid_source` for
                what is no file, or lies inside the store.
            ContextaError: Otherwise as `put_artifact`.
        """
        self._require_writable()
        return self._ingest.reference(manifest_of(manifest), path, source_name=source_name)

    def object_path(self, hash_value: str) -> Path:
        """Return where the body with a SHA-256 (64 lower-case hex digits) lies or would lie."""
        return self._layout.body(hash_value)

    def create_staging_path(self, source_name: str) -> Path:
        """Return a fresh path to write a file to, for a put with mode `adopt`.

        The path is kept until it is adopted, this store is closed, or the process ends.
        """
        self._require_writable()
        _require_source_name(source_name)
        return self._staging.body_path(self._staging.begin())

    def begin_staged_ingest(self, source_name: str) -> IngestSession:
        """Begin to store a file in chunks.

        Raises:
            ValidationError: `artifact_store_invalid_source_name` for a blank name.
        """
        self._require_writable()
        name = _require_source_name(source_name)
        session_id = self._staging.begin()
        path = self._staging.body_path(session_id)
        os.close(open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        return IngestSession(session_id, path, name)

    def write_chunk(self, session: IngestSession, chunk: bytes | bytearray | memoryview) -> int:
        """Append bytes to a staged ingest; return how many.

        Raises:
            ValidationError: `artifact_store_invalid_chunk`, `artifact_store_invalid_session`.
            ArtifactError: `artifact_store_missing_session` when it is not open in this store;
                `artifact_store_missing_staging_file` when its file is gone.
        """
        path = self._open_session(session)
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise ValidationError(
                f"A chunk must be bytes, not {type(chunk).__name__}.",
                code="artifact_store_invalid_chunk",
                details={"type": type(chunk).__name__},
            )
        view = memoryview(chunk)
        data = view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
        fd = open_private(path, os.O_WRONLY | os.O_APPEND)
        with translated_os_errors("write", path):
            try:
                write_all(fd, data)
            finally:
                os.close(fd)
        return data.nbytes

    def commit_staged_ingest(
        self, manifest: ArtifactManifest | Mapping[str, Any], session: IngestSession
    ) -> ArtifactPutReceipt:
        """Store what was written; a session whose put fails stays open.

        Raises:
            ContextaError: As `put_artifact` and `write_chunk`.
        """
        path = self._open_session(session)
        receipt = self.put_artifact(
            manifest, path, mode=IngestMode.ADOPT, source_name=session.source_name
        )
        self._staging.end(session.session_id)
        return receipt

    def abort_staged_ingest(self, session: IngestSession) -> None:
        """Forget a staged ingest; harmless when repeated or after the commit."""
        if isinstance(session, IngestSession):
            self._staging.end(session.session_id)

    def remove_abandoned_staging(self) -> list[str]:
        """Remove what writers that died left in staging; return the folders removed.

        What a living process writes, this one included, is never touched. A writable open does
        this by itself.
        """
        self._require_writable()
        return self._staging.sweep()

    def _open_session(self, session: object) -> Path:
        if not isinstance(session, IngestSession):
            raise ValidationError(
                f"session must be an IngestSession, not {type(session).__name__}.",
                code="artifact_store_invalid_session",
                details={"type": type(session).__name__},
            )
        self._require_open()
        if not self._staging.is_open(session.session_id):
            raise ArtifactError(
                f"Session {session.session_id!r} is not open in this store. Begin a new one.",
                code="artifact_store_missing_session",
                details={"session_id": session.session_id},
            )
        # By id, never by the path in the object, which anybody could have made up.
        path = self._staging.body_path(session.session_id)
        if not path.exists():
            raise ArtifactError(
                f"The staged file of session {session.session_id!r} is gone.",
                code="artifact_store_missing_staging_file",
                details={"session_id": session.session_id},
            )
        return path


def _require_source_name(source_name: object) -> str:
    if not isinstance(source_name, str) or not source_name.strip():
        raise ValidationError(
            f"source_name must be non-blank text, not {source_name!r}.",
            code="artifact_store_invalid_source_name",
            details={"field_name": "source_name"},
        )
    return source_name.strip()
