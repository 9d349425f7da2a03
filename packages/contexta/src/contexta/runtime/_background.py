"""Threads that work for a scope: joined when it closes."""

# ruff: noqa: SLF001 - scopes, spans and the session are one unit, spread over files

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ContextaError

if TYPE_CHECKING:
    from contexta.capture._ports import Planes
    from contexta.capture._recorder import Recorder
    from contexta.runtime._base import BaseScope


class BackgroundWork:
    """The part of the session that runs threads."""

    planes: Planes | None
    recorder: Recorder
    _work: dict[int, list[threading.Thread]]

    def background(self, root: BaseScope, work: Callable[[], Any]) -> None:
        """Run `work` in a thread that is joined when `root` closes; here, if there is none."""

        def guarded() -> None:
            try:
                work()
            except (ContextaError, OSError) as error:
                reason = f"background work of {root.ref} failed: {error}"
                self.recorder.log.write("background", logging.ERROR, reason)
                self.recorder.degraded_quietly(root._context, "capture.background_failed", reason)

        thread = threading.Thread(target=guarded, name=f"contexta {root.ref}", daemon=True)
        threads = self._work.setdefault(id(root), [])
        try:
            thread.start()
        except RuntimeError:  # too many threads, or the interpreter is about to end
            guarded()
        else:
            threads.append(thread)

    def join_background(self, root: BaseScope) -> None:
        """Wait for the background work of `root`."""
        # Kept until all have ended: another thread that closes the scope now waits as well.
        for thread in self._work.get(id(root), ()):
            if thread is not threading.current_thread():
                thread.join()
        self._work.pop(id(root), None)

    def settle_records(self) -> None:
        """Record losses and sync the record plane; failures are logged."""
        if self.planes is None:
            return
        self.recorder.report_losses()
        try:
            self.planes.records().flush()
        except (ContextaError, OSError) as error:
            self.recorder.log.write("sync", logging.ERROR, f"records are not synced: {error}")
