"""The run: the unit that is listed, compared and reported."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from contexta.common.results import ReadOnlyMapping, read_only
from contexta.runtime._base import BaseScope
from contexta.runtime._inner import StageScope, open_inner
from contexta.runtime._sink_events import tell
from contexta.runtime._snapshots import Snapshots
from contexta.runtime._values import clean_params, clean_tags

if TYPE_CHECKING:
    from contexta.capture._config_snapshot import ConfigSnapshot
    from contexta.contract.models.context import Run


class RunScope(BaseScope):
    """An open run. Its row is on disk since `Contexta.run` returned."""

    __slots__ = (
        "_closers", "_config", "_dataset_ref", "_joined", "_params", "_run", "_snapshots", "_tags",
        "code_revision", "config_snapshot", "config_snapshot_ref", "environment_snapshot",
        "first_started",
    )  # fmt: skip
    scope_kind: ClassVar[str] = "run"

    def __init__(
        self,
        *args: Any,
        run: Run,
        config_snapshot: ConfigSnapshot,
        joined: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._run = run
        self._joined = joined
        self.name = run.name
        self.started_at = str(run.started_at)
        self.first_started: dict[str, str] = {}
        self._params = dict(run.params or {})
        self._tags = dict(run.tags or {})
        self._dataset_ref = run.dataset_ref
        self.code_revision = run.code_revision
        self._config = config_snapshot
        self._snapshots: Snapshots | None = None
        self._closers: list[Callable[[str], None]] = []
        self.config_snapshot: ReadOnlyMapping = config_snapshot.content
        value = self.ref.partition(":")[2]
        self.config_snapshot_ref: str | None = (
            f"artifact:{value}.config-snapshot" if self.config_snapshot else None
        )
        self.environment_snapshot: Any = None

    @property
    def run_id(self) -> str:
        """Last component of the ref: unique in the project."""
        return self._component

    @property
    def run_ref(self) -> str:
        """The ref, as text."""
        return self.ref

    @property
    def params(self) -> ReadOnlyMapping:
        """Parameters logged so far, redacted."""
        return read_only(self._params)

    @property
    def tags(self) -> ReadOnlyMapping:
        """Tags set so far."""
        return read_only(self._tags)

    @property
    def dataset_ref(self) -> str | None:
        """The dataset named at open, or None."""
        return self._dataset_ref

    def stage(
        self, name: str, *, stage_ref: Any = None, metadata: Mapping[str, Any] | None = None
    ) -> StageScope:
        """Open a stage. Stages may overlap, in one thread or several."""
        return open_inner(StageScope, self, self, name, explicit_ref=stage_ref, metadata=metadata)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Set run parameters: scalars stay scalars, other JSON data becomes text.

        A key given again gets the new value. Secrets are redacted by key.

        Raises:
            ValidationError: a key that is no text, or a value without JSON form.
            ClosedScopeError: the run is closed.
        """
        self._target()
        clean = clean_params(self._recorder.redactor, params)
        with self._lock:
            self._params.update(clean)
        self._session.ledger.update_params(self.ref, clean)
        tell(self._session, "params_logged", self.ref, clean)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; scalars become text.

        Raises:
            ValidationError: a key that is no text, or a value that is no scalar.
            ClosedScopeError: the run is closed.
        """
        self._target()
        clean = clean_tags(self._recorder.redactor, tags)
        with self._lock:
            self._tags.update(clean)
        self._session.ledger.update_tags(self.ref, clean)
        tell(self._session, "tags_set", self.ref, clean)

    def _before_end(self, call: Callable[[str], None]) -> None:
        """Have `call(status)` called while the run is open for the last time; it must not raise."""
        self._closers.append(call)

    def _take_snapshots(self, moment: str) -> None:
        """Begin to find out, in the background, what the run runs on since `moment`."""
        self._snapshots = Snapshots(self._session, self, moment)
        self._session.background(self, self._snapshots.take)

    def _close(self, status: str) -> None:
        if self._snapshots is not None and self._pid == os.getpid():
            self._snapshots.end()
        while self._closers and self._pid == os.getpid():
            self._closers.pop()(status)
        super()._close(status)

    def _persist_close(self) -> None:
        session = self._session
        # First the records: a run that is said to have ended has all of them on disk.
        session.settle_records()
        if self._pid != os.getpid() or self._joined:
            tell(session, "flush")
            return  # a worker leaves; the run is closed by who opened it
        found = None if self._snapshots is None else self._snapshots.findings()
        session.ledger.close_run(self.ref, str(self.status), str(self.closed_at), found)
        tell(session, "run_closed", self.ref, str(self.status), str(self.closed_at))
