"""The callback for Optuna."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from contexta.adapters._training import Training, quietly
from contexta.adapters._training._joining import open_own
from contexta.adapters._training._params import flat_params, number, plain
from contexta.adapters._vendor import missing

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope

_STATUS = {"COMPLETE": "completed", "PRUNED": "cancelled"}


class ContextaCallback:
    """Log the trials of a study: as stages of one run, or each as a run.

    As stages, trial 3 is the stage `trial-3` of the study's run: its params, values and
    state are metadata, its intermediate values are the metric `intermediate` by step. The
    run has the objective `value` (`value_0`, … where there are several) and the
    `best_value` so far, with the number of the trial as step.

    As runs, trial 3 is a run of its own with params, values, intermediate values, and the
    tags `study`, `trial` and `state`.

    A pruned trial is `cancelled`, a failed one `failed`. At the end the run gets the best
    params as `best.<name>`, and all trials as a JSON artifact of kind `optuna_trials`.
    Optuna tells no callback that a study ended: the end is when the program lets go of this
    object, closes the run, leaves its `with` block, or calls `finish`.

    Calls may come from the threads of `n_jobs`. A failure of logging never stops the study.

    Args:
        ctx: the facade; None means that of the active run, or one on the default workspace.
        run: an open run to log into.
        name: name of an own run; default is the name of the study.
        trials: `stages` or `runs`.

    Raises:
        DependencyError: code `optuna_not_ready`: Optuna is not installed.
        ValueError: another value of `trials`.
    """

    def __init__(
        self,
        ctx: Contexta | None = None,
        *,
        run: RunScope | None = None,
        name: str | None = None,
        trials: str = "stages",
    ) -> None:
        try:
            import optuna  # noqa: F401 - whether it is there
        except ImportError as error:
            raise missing(
                "ContextaCallback", "optuna", "optuna", "optuna_not_ready", error
            ) from error
        if trials not in ("stages", "runs"):
            raise ValueError(f"trials must be 'stages' or 'runs', got {trials!r}")
        self._training = Training("optuna", ctx=ctx, run=run, name=name or "study")
        self._named = name is not None
        self._as_runs = trials == "runs"
        self._lock = threading.Lock()
        self._study: Any = None
        # Asked for now: the threads of n_jobs have no active run.
        self._training.anchor()

    @property
    def run(self) -> RunScope:
        """The run of the study."""
        return self._training.run

    def __call__(self, study: Any, trial: Any) -> None:
        """Log one finished trial."""
        with self._lock:
            self._trial(study, trial)

    @quietly
    def _trial(self, study: Any, trial: Any) -> None:
        if self._study is None:
            self._begin(study)
        with self._scope(study, trial) as scope:
            for step, value in sorted(trial.intermediate_values.items()):
                scope.metric("intermediate", value, step=step)
            values = _values(study, trial)
            if self._as_runs:
                for key, value in values.items():
                    scope.metric(key, value)
            started, ended = _utc(trial.datetime_start), _utc(trial.datetime_complete)
            if started is not None and ended is not None:
                scope.span(
                    f"trial {trial.number}", started_at=started, ended_at=ended,
                    attributes={"state": trial.state.name},
                )  # fmt: skip
        if not self._as_runs:
            self._training.metrics(values, split=None, step=trial.number)
            if len(values) == 1 and trial.state.name == "COMPLETE":
                best = {"best_value": study.best_value}
                self._training.metrics(best, split=None, step=trial.number)

    def _begin(self, study: Any) -> None:
        self._study = study
        if not self._named:
            self._training.name = study.study_name
        self._training.at_end(self._summarize)
        if not self._as_runs:
            self._training.params(
                {
                    "study": study.study_name,
                    "directions": [one.name.lower() for one in study.directions],
                    "sampler": type(study.sampler).__name__,
                    "pruner": type(study.pruner).__name__,
                }
            )

    @contextmanager
    def _scope(self, study: Any, trial: Any) -> Iterator[Any]:
        name, state = f"trial-{trial.number}", trial.state.name
        scope: Any
        if self._as_runs:
            tags = {"study": study.study_name, "trial": trial.number, "state": state}
            scope = open_own(
                self._training.session(),
                f"{self._training.name}-{name}",
                params=flat_params(trial.params),
                tags=tags,
                metadata={"user_attrs": _plain(trial.user_attrs)},
            )
        else:
            facts = {
                "params": _plain(trial.params),
                "values": trial.values,
                "state": state,
                "user_attrs": _plain(trial.user_attrs),
            }
            scope = self._training.open_stage(name, metadata=facts)
        try:
            yield scope
        finally:
            scope.close(status=_STATUS.get(state, "failed"))

    def finish(self) -> None:
        """Summarize the study and end its run, if that is its own."""
        self._finish("completed")

    @quietly
    def _finish(self, status: str) -> None:
        self._summarize()
        self._training.finish(status)

    def _summarize(self) -> None:
        study, self._study = self._study, None
        if study is None or self._as_runs:
            return
        trials = study.get_trials(deepcopy=False)
        states = Counter(trial.state.name.lower() for trial in trials)
        found: dict[str, Any] = {f"trials.{state}": count for state, count in states.items()}
        if len(study.directions) == 1 and states.get("complete"):
            best = study.best_trial
            found |= {"best_trial": best.number, "best_value": best.value}
            found |= {f"best.{key}": value for key, value in best.params.items()}
        self._training.params(found)
        rows = [_row(trial) for trial in trials]

        def write(path: Path) -> None:
            path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")

        self._training.artifact("optuna_trials", "trials.json", write, format="json")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self._finish("completed" if ended[0] is None else "failed")

    def __del__(self) -> None:
        if getattr(self, "_study", None) is not None:
            self.finish()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_study": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()


def _values(study: Any, trial: Any) -> dict[str, float]:
    """Return the objectives by name; a pruned trial has its last report there, which is none."""
    values = (trial.values or ()) if trial.state.name == "COMPLETE" else ()
    names = study.metric_names or (
        ["value"] if len(values) == 1 else [f"value_{i}" for i in range(len(values))]
    )
    return dict(zip(names, values, strict=False))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {str(key): plain(value) for key, value in values.items()}


def _row(trial: Any) -> dict[str, Any]:
    values = [_finite(value) for value in trial.values or ()]
    steps = {str(step): _finite(value) for step, value in trial.intermediate_values.items()}
    return {
        "number": trial.number,
        "state": trial.state.name,
        "params": _plain(trial.params),
        "values": values,
        "intermediate_values": steps,
        "user_attrs": _plain(trial.user_attrs),
        "started_at": _text(trial.datetime_start),
        "ended_at": _text(trial.datetime_complete),
    }


def _finite(value: Any) -> Any:
    found = number(value)
    return found if found is not None and found - found == 0 else str(value)


def _utc(moment: datetime | None) -> datetime | None:
    """Return Optuna's local times, which name no zone, as UTC."""
    return None if moment is None else moment.astimezone(UTC)


def _text(moment: datetime | None) -> str | None:
    found = _utc(moment)
    return None if found is None else found.isoformat()
