"""One writer per store and process."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError
from contexta.store.records._layout import Layout
from contexta.store.records._writer import RecordWriter

if TYPE_CHECKING:
    from contexta.store.records._config import RecordStoreConfig


_LOGGER = logging.getLogger("contexta.store.records")


class _Registry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.writers: dict[str, tuple[RecordWriter, int]] = {}


_REGISTRY = _Registry()


def acquire_writer(config: RecordStoreConfig, layout: Layout) -> RecordWriter:
    """Return the writer of a store for one more user in this process."""
    key = str(layout.root)
    with _REGISTRY.lock:
        writer, users = _REGISTRY.writers.get(key, (None, 0))
        if writer is None:
            writer = RecordWriter(config, layout)
        _REGISTRY.writers[key] = (writer, users + 1)
    return writer


def open_writer(layout: Layout) -> RecordWriter | None:
    """Return the writer that this process has for a store, without asking for one."""
    with _REGISTRY.lock:
        writer, _ = _REGISTRY.writers.get(str(layout.root), (None, 0))
    return writer


def release_writer(layout: Layout, writer: RecordWriter) -> bool:
    """Give a writer back; the last user closes it.

    Returns:
        Whether it was the last one.

    Raises:
        StoreError: When closing failed; see `RecordWriter.close`.
    """
    key = str(layout.root)
    with _REGISTRY.lock:
        known, users = _REGISTRY.writers.get(key, (None, 0))
        if known is not writer:
            return False
        if users > 1:
            _REGISTRY.writers[key] = (writer, users - 1)
            return False
        del _REGISTRY.writers[key]
    writer.close()
    return True


def _close_all_at_exit() -> None:
    # No sealing: pyarrow cannot be loaded once the interpreter shuts down. The records are
    # synced and readable; whoever opens the store next seals them.
    for root, (writer, _) in list(_REGISTRY.writers.items()):
        try:
            writer.close(seal=False)
        except (ContextaError, OSError) as error:  # the folder is gone, or the disk fails
            _LOGGER.warning("The record store %r could not be closed in order: %s", root, error)
            _LOGGER.debug("Details", exc_info=error)


def _after_fork_in_child() -> None:
    _REGISTRY.lock = threading.Lock()
    for writer, _ in _REGISTRY.writers.values():
        writer.after_fork_in_child()


atexit.register(_close_all_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
