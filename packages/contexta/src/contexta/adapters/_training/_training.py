"""One training and the run that it is written into."""

# ruff: noqa: SLF001 - runs and adapters are one unit, spread over files

from __future__ import annotations

import contextvars
import functools
import logging
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.adapters._training._joining import Place, active_run, open_own, place_of
from contexta.adapters._training._params import MAX_PARAMS, flat_params, number
from contexta.contract.refs import slugify

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope, StageScope
    from contexta.runtime.session import RuntimeSession

_log = logging.getLogger("contexta.adapters")
_STAGES = {
    **dict.fromkeys(("train", "training", "dtrain", "learn"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "eval", "dvalid", "dval", "deval"), "valid"),
    **dict.fromkeys(("test", "testing", "dtest"), "test"),
}


def stage_name(split: str) -> str:
    """Return the stage of a split: `train`, `valid` and `test` by their usual names."""
    return _STAGES.get(split.strip().lower(), split)


class Training:
    """Write one training into a run.

    The run is the given one; else the one that is active in this thread or task when the
    training begins; else one of its own, which ends with the training. Without a facade, an
    own run goes to the default workspace.

    Pickled copies, as spawned workers get them, join the run by its id.

    Args:
        vendor: distribution name of the library.
        ctx: the facade; None means that of the active run, or a new one.
        run: an open run.
        name: name of an own run.
        tags: tags of an own run.
    """

    def __init__(
        self,
        vendor: str,
        *,
        ctx: Contexta | None = None,
        run: RunScope | None = None,
        name: str,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        self.vendor = vendor
        self.name = name
        self.tags = dict(tags or {})
        self._given = run
        self._reset(ctx, place_of(ctx, run))

    def _reset(self, ctx: Contexta | None, place: Place | None) -> None:
        self._ctx = ctx
        self._place = place
        self._last: Place | None = None
        self._lock = threading.RLock()
        self._run: RunScope | None = None
        self._own_run = False
        self._own_ctx: Contexta | None = None
        self._stages: dict[str, tuple[StageScope, bool]] = {}
        self._told: set[tuple[str, str]] = set()
        self._at_end: weakref.WeakMethod[Callable[[], None]] | None = None
        # Weak, so that a run does not keep the training, and with it a model, in memory.
        self._closer = functools.partial(_end, weakref.ref(self))

    # -- lifetime ----------------------------------------------------------

    @property
    def run(self) -> RunScope:
        """The run of this training; found or opened when first asked for."""
        with self._lock:
            if self._run is None or self._run.is_closed:
                self._stages.clear()
                self._run = self._find()
                self._run._before_end(self._closer)
            return self._run

    @property
    def is_open(self) -> bool:
        """Whether a run was found or opened, and is still open."""
        return self._run is not None and not self._run.is_closed

    @property
    def owns_run(self) -> bool:
        """Whether the run was opened for this training."""
        return self._own_run

    def _find(self) -> RunScope:
        if self._given is not None and not self._given.is_closed:
            return self._given
        place = self._last or self._place
        if place is None or place.run_id is None:
            active = active_run(self._ctx)
            if active is not None:
                self._own_run = False
                return active
        self._own_run = True
        session = self.session()
        tags = {"framework": self.vendor, **self.tags}
        if place is None or place.run_id is None:
            return open_own(session, self.name, tags=tags)
        wanted = {"run_id": place.run_id, "project": place.project, "resume": True}
        return open_own(session, self.name, **wanted)

    def anchor(self) -> None:
        """Join the active run now, for calls that come from threads without one."""
        if self._given is None:
            self._given = active_run(self._ctx)

    def session(self) -> RuntimeSession:
        """Return the session that opens runs; a facade is opened where none was given."""
        if self._ctx is not None:
            return self._ctx.session
        if self._given is not None and not self._given.is_closed:
            return self._given._session
        if self._own_ctx is None:
            from contexta.client import Contexta

            workspace = None if self._place is None else self._place.workspace
            self._own_ctx = Contexta(workspace=workspace)
        return self._own_ctx.session

    def at_end(self, call: Callable[[], None]) -> None:
        """Have the bound method `call` called before the training ends, however it ends.

        It is held weakly: an adapter that goes away calls it itself.
        """
        self._at_end = weakref.WeakMethod(call)

    def _last_call(self) -> None:
        reference, self._at_end = self._at_end, None
        call = None if reference is None else reference()
        if call is not None:
            try:
                call()
            except Exception as error:
                self.failed("at the end", error)

    def finish(self, status: str = "completed") -> None:
        """End the training: its stages, and its run if that is its own. Idempotent."""
        with self._lock:
            if self._run is None:
                return
            self._last_call()
            self._close_stages(status)
            run, self._run = self._run, None
            if self._own_run:
                # Kept, so that a later evaluation continues this run.
                self._last = place_of(None, run)
                run.close(status=status)
            else:
                run._closers[:] = [call for call in run._closers if call is not self._closer]
            ctx, self._own_ctx = self._own_ctx, None
        if ctx is not None:
            ctx.close(status=status)

    def forget(self) -> None:
        """Begin a run of its own again the next time, instead of continuing the last one."""
        if self._own_run:
            self.finish("failed")  # a training that began and never ended
        self._last = None

    def _close_stages(self, status: str) -> None:
        with self._lock:
            stages, self._stages = list(self._stages.values()), {}
        for stage, ours in stages:
            if ours:
                stage.close(status=status)

    # -- writing -----------------------------------------------------------

    def stage(self, split: str) -> StageScope:
        """Return the open stage of a split; the active stage when it has that name."""
        name = stage_name(split)
        with self._lock:
            run = self.run
            found = self._stages.get(name)
            if found is None or found[0].is_closed:
                found = self._open_stage(run, name)
                self._stages[name] = found
            return found[0]

    def open_stage(self, name: str, **options: Any) -> StageScope:
        """Open a stage that the caller closes."""
        run = self.run
        return contextvars.copy_context().run(lambda: run.stage(name, **options))

    def _open_stage(self, run: RunScope, name: str) -> tuple[StageScope, bool]:
        active = run._session.state.active().stage
        if active is not None and active._root is run and active.name == slugify(name):
            return active, False
        # In a context of its own, so that the user's emits go where they went before.
        return contextvars.copy_context().run(lambda: run.stage(name)), True

    def params(self, params: Mapping[Any, Any], prefix: str = "") -> None:
        """Log hyper-parameters, nested ones as `a.b`; a bounded number of them."""
        found = flat_params(params, prefix)
        self.run.log_params(found)
        if len(found) == MAX_PARAMS:
            self.run.degraded(
                f"adapters.{slugify(self.vendor)}_params_cut",
                f"{self.vendor} has more parameters than {MAX_PARAMS}; the rest is not stored",
            )

    def metrics(
        self,
        values: Mapping[str, Any],
        *,
        split: str | None,
        step: int | None,
        epoch: float | None = None,
    ) -> None:
        """Log the numbers among `values`; `split` None logs them on the run itself."""
        scope: Any = self.run if split is None else self.stage(split)
        for key, value in values.items():
            found = number(value)
            if found is not None:
                scope.metric(str(key), found, step=step, epoch=epoch)

    def artifact(
        self,
        kind: str,
        filename: str,
        write: Callable[[Path], object],
        *,
        safe: bool = True,
        **attributes: Any,
    ) -> None:
        """Keep what `write` puts at the path that it is given: a file or a folder.

        Args:
            kind: lower_snake text, `model` for models.
            filename: name of the file or folder.
            write: called once.
            safe: whether loading it runs no code of its own.
            attributes: facts for the manifest.
        """
        facts = {
            "framework": self.vendor,
            "framework_version": _version(self.vendor),
            "safe_to_load": safe,
            **attributes,
        }
        with tempfile.TemporaryDirectory(prefix="contexta-") as folder:
            path = Path(folder) / filename
            write(path)
            self.run._register_staged(kind, path, facts)

    def failed(self, where: str, error: Exception) -> None:
        """Say that logging failed, once per place and kind: in the log, and in the run."""
        kind = (where, type(error).__name__)
        if kind in self._told:
            return
        self._told.add(kind)
        reason = f"{self.vendor} adapter, {where}: {type(error).__name__}: {error}"
        _log.warning("%s; the training goes on", reason, exc_info=error)
        if self.is_open and self._run is not None:
            try:
                self._run.degraded(f"adapters.{slugify(self.vendor)}_failed", reason[:1_000])
            except Exception as second:
                _log.warning("nor could that be recorded: %s", second)

    # -- copies ------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        run = self._run if self.is_open else None
        place = self._last or self._place
        if run is None and (place is None or place.run_id is None):
            run = active_run(self._ctx)
        place = place if run is None else place_of(None, run)
        return {"vendor": self.vendor, "name": self.name, "tags": self.tags, "place": place}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.vendor, self.name, self.tags = state["vendor"], state["name"], state["tags"]
        self._given = None
        self._reset(None, state["place"])

    def __deepcopy__(self, memo: dict[int, Any]) -> Training:
        """Return one that writes to the same place: libraries clone what they are given."""
        ctx, run = self._ctx, self._given
        copied = Training(self.vendor, ctx=ctx, run=run, name=self.name, tags=self.tags)
        copied._place = self._place
        return copied


def _end(training: weakref.ref[Training], status: str) -> None:
    """Finish, before the run closes, what the library never told to be finished."""
    del status  # how the block ended says nothing about the stages of the training
    found = training()
    if found is not None:
        found._last_call()
        found._close_stages("completed")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
