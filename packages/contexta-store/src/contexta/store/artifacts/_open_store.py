"""An open artifact store: its folder, its settings, whether it may write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.contract.errors import ClosedScopeError, ConfigurationError, ReadOnlyStoreError
from contexta.store.artifacts._catalogue import Catalogue
from contexta.store.artifacts._collect import Collector
from contexta.store.artifacts._commit import Committer
from contexta.store.artifacts._config import VaultConfig, VerificationMode
from contexta.store.artifacts._hash_log import HashLog
from contexta.store.artifacts._ingest import Ingest
from contexta.store.artifacts._layout import Layout
from contexta.store.artifacts._quarantine import Quarantine
from contexta.store.artifacts._quota import Quota
from contexta.store.artifacts._reading import BodyReader
from contexta.store.artifacts._remove import Remover
from contexta.store.artifacts._staging import StagingArea
from contexta.store.artifacts._sweep import Sweeper
from contexta.store.artifacts._verify import Verifier
from contexta.store.fs import ensure_private_dir

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from contexta.contract.errors import ContextaError


class OpenStore:
    """What the methods of `ArtifactStore` share."""

    def __init__(
        self, config: VaultConfig | None = None, *, quota_bytes: int | None = None
    ) -> None:
        settings = VaultConfig() if config is None else config
        if not isinstance(settings, VaultConfig):
            raise ConfigurationError(
                f"ArtifactStore needs a VaultConfig, not {type(settings).__name__}.",
                code="artifact_store_invalid_config",
                details={"type": type(settings).__name__},
            )
        self.config = settings
        self.root_path = settings.resolved_root()
        self._layout = Layout(self.root_path)
        self._staging = StagingArea(self._layout)
        self._hash_log = HashLog(self._layout, writable=not settings.read_only)
        self._catalogue = Catalogue(self._layout, writable=not settings.read_only)
        self._committer = Committer(
            settings, self._layout, self._staging, self._hash_log, Quota(self._layout, quota_bytes)
        )
        self._ingest = Ingest(settings, self._layout, self._staging, self._committer)
        self._reader = BodyReader(self._layout, chunk_bytes=settings.chunk_size_bytes)
        self._verifier = Verifier(
            self._layout,
            self._reader,
            self._catalogue,
            self._hash_log,
            chunk_bytes=settings.chunk_size_bytes,
        )
        self._sweeper = Sweeper(self._layout, self._reader, self._verifier, self._hash_log)
        self._collector = Collector(self._layout, self._catalogue, self._verifier, self._staging)
        self._quarantine = Quarantine(self._layout, chunk_bytes=settings.chunk_size_bytes)
        self._remover = Remover(
            self._layout, self._catalogue, self._verifier, self._collector, self._quarantine
        )
        self._verifies_reads = settings.verification_mode is not VerificationMode.NONE
        self._damage: tuple[tuple[Path, ContextaError], ...] = ()
        self._closed = False
        self._open_root()

    def close(self) -> None:
        """Give up open staged ingests. Harmless when repeated; other calls then raise."""
        if not self._closed:
            self._closed = True
            self._staging.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open_root(self) -> None:
        if self.config.read_only:
            if not self.root_path.is_dir():
                raise ReadOnlyStoreError(
                    f"There is no artifact store at {str(self.root_path)!r}, and read-only opens "
                    "create nothing.",
                    code="artifact_store_missing_root",
                    details={"path": str(self.root_path)},
                )
            return
        if self.config.create_missing_dirs:
            ensure_private_dir(self.root_path)
        self._staging.sweep()

    def _require_writable(self) -> None:
        self._require_open()
        if self.config.read_only:
            raise ReadOnlyStoreError(
                f"{str(self.root_path)!r} was opened read-only; open it writable to change it.",
                code="artifact_store_read_only",
                details={"path": str(self.root_path)},
            )

    def _require_open(self) -> None:
        if self._closed:
            raise ClosedScopeError(
                f"The artifact store on {str(self.root_path)!r} is closed. Open it again.",
                code="artifact_store_closed",
                details={"path": str(self.root_path)},
            )
