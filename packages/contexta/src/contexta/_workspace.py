"""The stores of one workspace: opened on first use, brought in order on first write."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from contexta import _wiring
from contexta.contract.errors import LifecycleError, ReadOnlyStoreError, StoreError

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig

_log = logging.getLogger("contexta")


class Workspace:
    """The three planes, each opened once. Safe for any number of threads.

    The first plane opened for writing marks the folder as a workspace, takes
    over what dead writers left, and marks their open runs as interrupted.

    Args:
        config: the resolved configuration.
        read_only: create and change nothing.
    """

    def __init__(self, config: UnifiedConfig, *, read_only: bool) -> None:
        self.config = config
        self.read_only = read_only
        self._lock = threading.RLock()
        self._stores: dict[str, Any] = {}
        self._ready = read_only
        self._closed = False
        self._tidying: threading.Thread | None = None
        _WORKSPACES.add(self)

    def metadata(self) -> Any:
        """Return the metadata store."""
        return self._stores.get("metadata") or self._open("metadata")

    def records(self) -> Any:
        """Return the record store."""
        return self._stores.get("records") or self._open("records")

    def artifacts(self) -> Any:
        """Return the artifact store."""
        return self._stores.get("artifacts") or self._open("artifacts")

    def require_writable(self) -> None:
        """Refuse when this workspace was opened read-only.

        Raises:
            ReadOnlyStoreError: code `facade_read_only`.
            LifecycleError: code `facade_closed`.
        """
        self._require_open()
        if self.read_only:
            raise ReadOnlyStoreError(
                f"workspace {self.config.workspace.root_path} was opened read-only; "
                "open it with read_only=False to capture",
                code="facade_read_only",
                details={"workspace": str(self.config.workspace.root_path)},
            )

    def _require_open(self) -> None:
        if self._closed:
            raise LifecycleError(
                "this Contexta was closed; open a new one",
                code="facade_closed",
                details={"workspace": str(self.config.workspace.root_path)},
            )

    def _open(self, name: str) -> Any:
        with self._lock:
            self._require_open()
            if not self._ready:
                self._prepare()
            return self._opened(name)

    def _opened(self, name: str) -> Any:
        store = self._stores.get(name)
        if store is None:
            if self.read_only:
                _wiring.check_workspace(self.config)
            store = _wiring.open_store(name, self.config, read_only=self.read_only)
            self._stores[name] = store
        return store

    def _prepare(self) -> None:
        from contexta._interrupted import has_dead_writers, interrupt_dead_runs

        _wiring.mark_workspace(self.config)
        self._ready = True
        records = self._opened("records")
        try:
            interrupt_dead_runs(self._opened("metadata"), records, self.config, _time_us())
            if has_dead_writers(records):
                self._tidying = threading.Thread(
                    target=self._seal_leftovers, args=(records,), name="contexta seal", daemon=True
                )
                self._tidying.start()
        except StoreError as error:
            # A workspace that cannot be tidied up can still be written to; the next opener tries.
            _log.error(
                "dead runs of %s were not taken over: %s", self.config.workspace.root_path, error
            )

    def _seal_leftovers(self, records: Any) -> None:
        """Seal what ended programs left; readable all the time, so nobody waits for it."""
        try:
            records.recover_dead_writers()
        except StoreError as error:
            _log.warning("leftovers in %s were not sealed: %s", records.root_path, error)

    def join(self) -> None:
        """Wait for the work that runs in the background."""
        if self._tidying is not None:
            self._tidying.join()

    def close(self) -> None:
        """Close what was opened; idempotent. Every store is closed even if one fails.

        Raises:
            StoreError: the first failure.
        """
        self.join()
        with self._lock:
            self._closed = True
            stores, self._stores = list(self._stores.values()), {}
        failures: list[StoreError] = []
        for store in stores:
            close = getattr(store, "close", None)
            try:
                if close is not None:
                    close()
            except StoreError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def after_fork(self) -> None:
        """Replace the lock in a forked child; another thread may have held it."""
        self._lock = threading.RLock()
        self._tidying = None


def _time_us() -> int:
    return time.time_ns() // 1000


_WORKSPACES: weakref.WeakSet[Workspace] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for workspace in list(_WORKSPACES):
        workspace.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
