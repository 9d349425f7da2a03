"""Log fits of scikit-learn without changing the code that fits."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from contexta.adapters._training import Training, quietly
from contexta.adapters._vendor import missing
from contexta.adapters.sklearn._facts import (
    MAX_CANDIDATES,
    as_json,
    candidates_of,
    features_of,
    is_model,
    params_of,
)
from contexta.adapters.sklearn._nesting import Nesting
from contexta.adapters.sklearn._patching import Patches

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope

_FORMATS = (None, "skops", "pickle")


def autolog(
    ctx: Contexta | None = None,
    *,
    run: RunScope | None = None,
    name: str | None = None,
    log_model: str | None = None,
    log_training_score: bool = True,
) -> Autolog:
    """Log each fit of a model from now on, until `disable` or the end of the `with` block.

    Each fit that the program asks for is a stage `fit-<class>`; the fits that it makes
    inside, of a pipeline or a search, belong to it. It logs:

    - parameters, by their own names for the first fit of a run, and as
      `<stage>.<name>` for further ones;
    - `fit_seconds`, and `training_score` where the estimator has a `score`;
    - for a search, each candidate as a batch with its scores, the best ones, and all of
      them as a JSON artifact of kind `cv_results`;
    - number and names of features and classes, as the event `sklearn.fitted`;
    - the model, where asked.

    The run is the one that is active, else one for each fit. A fit that raises ends its
    stage as failed. A failure of logging never stops a fit. Forked and spawned workers log
    nothing of their own.

    Args:
        ctx: the facade; None means that of the active run, or one on the default workspace.
        run: an open run to log into.
        name: name of an own run; default is the class of the estimator.
        log_model: `skops` keeps models in a form that is checked before it is loaded;
            `pickle` as pickles, marked `safe_to_load: false`; None keeps none, since
            scikit-learn has no safe form of its own.
        log_training_score: score the training data after the fit.

    Raises:
        DependencyError: code `sklearn_not_ready`: scikit-learn, or skops where it was asked
            for, is not installed.
        ValueError: another value of `log_model`.
    """
    return Autolog(
        ctx, run=run, name=name, log_model=log_model, log_training_score=log_training_score
    )


class Autolog:
    """Logging that `autolog` switched on. Several may be on at once; each logs every fit."""

    def __init__(
        self,
        ctx: Contexta | None,
        *,
        run: RunScope | None,
        name: str | None,
        log_model: str | None,
        log_training_score: bool,
    ) -> None:
        if log_model not in _FORMATS:
            raise ValueError(f"log_model must be 'skops', 'pickle' or None, got {log_model!r}")
        try:
            from sklearn.base import BaseEstimator

            if log_model == "skops":
                import skops.io  # noqa: F401 - whether it is there
        except ImportError as error:
            library = "skops" if log_model == "skops" else "scikit-learn"
            raise missing("autolog", library, "sklearn", "sklearn_not_ready", error) from error
        self._ctx = ctx
        self._run = run
        self._name = name
        self._format = log_model
        self._score = log_training_score
        self._nesting = Nesting()
        self._counts: dict[str, int] = {}
        self._patches = Patches(BaseEstimator, self._around)
        self._patches.install()

    def disable(self) -> None:
        """Put every `fit` back as it was; idempotent."""
        self._patches.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.disable()

    def _around(
        self,
        estimator: Any,
        original: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Fit, and log it when it is a fit of its own."""
        if not is_model(estimator) or self._nesting.is_inner():
            return original(estimator, *args, **kwargs)
        with self._nesting.outermost():
            log = _Fit(self, estimator)
            log.begin()
            started = time.perf_counter()
            try:
                fitted = original(estimator, *args, **kwargs)
            except BaseException as error:
                log.fail(error)
                raise
            log.end(time.perf_counter() - started, args, kwargs)
            return fitted

    def _number_of(self, run_ref: str, name: str) -> int:
        """Count the fits of a run, for the names of their stages."""
        key = f"{run_ref} {name}"
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key]


class _Fit:
    """One fit and the stage that it is logged into."""

    def __init__(self, owner: Autolog, estimator: Any) -> None:
        self._owner = owner
        self._estimator = estimator
        kind = type(estimator).__name__
        self._training = Training(
            "scikit-learn",
            ctx=owner._ctx,  # noqa: SLF001 - two halves of one thing
            run=owner._run,  # noqa: SLF001 - as above
            name=owner._name or kind,  # noqa: SLF001 - as above
        )
        self._stage: Any = None
        self._prefix = ""

    @quietly
    def begin(self) -> None:
        """Open the stage and log the parameters."""
        run, kind = self._training.run, type(self._estimator).__name__
        count = self._owner._number_of(run.ref, "")  # noqa: SLF001 - two halves of one thing
        name = f"fit-{kind}" if count == 1 else f"fit-{kind}-{count}"
        self._stage = self._training.open_stage(name)
        self._prefix = "" if count == 1 else f"{name}."
        self._training.params(params_of(self._estimator), self._prefix)

    @quietly
    def fail(self, error: BaseException) -> None:
        """Close the stage, and an own run, as failed or cancelled."""
        status = "failed" if isinstance(error, Exception) else "cancelled"
        if self._stage is not None:
            self._stage.event(
                "sklearn.fit_failed",
                message=f"{type(error).__name__}: {error}"[:1_000],
                level="error",
            )
            self._stage.close(status=status)
        self._training.finish(status)

    def end(self, seconds: float, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Log what came out, each part by itself: one that fails costs no other."""
        data = args[0] if args else kwargs.get("X")
        self._results(seconds, data)
        if self._owner._score:  # noqa: SLF001 - two halves of one thing
            self._scores(args, kwargs)
        self._search()
        self._model()
        self._close()

    @quietly
    def _results(self, seconds: float, data: Any) -> None:
        self._stage.metric("fit_seconds", seconds, unit="s", aggregation_scope="stage")
        facts = features_of(self._estimator, data)
        kind = type(self._estimator).__name__
        self._stage.event("sklearn.fitted", message=f"{kind} was fitted", attributes=facts)
        counts = {key: facts[key] for key in ("n_samples", "n_features") if key in facts}
        self._training.params(counts, self._prefix)

    @quietly
    def _scores(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        score = getattr(self._estimator, "score", None)
        if score is None:
            return
        given = [*args[:2]] if args else [kwargs[key] for key in ("X", "y") if key in kwargs]
        if len(args) == 1 and "y" in kwargs:
            given.append(kwargs["y"])
        weights = kwargs.get("sample_weight")
        more = {} if weights is None else {"sample_weight": weights}
        self._stage.metric("training_score", score(*given, **more), aggregation_scope="stage")

    @quietly
    def _search(self) -> None:
        candidates = candidates_of(self._estimator)
        if not candidates:
            return
        for index, one in enumerate(candidates):
            values = {key: value for key, value in one["scores"].items() if value is not None}
            if index >= MAX_CANDIDATES:
                continue
            facts = {"params": {key: str(value) for key, value in one["params"].items()}}
            with self._stage.batch(f"candidate-{index}", metadata=facts) as batch:
                for key, value in values.items():
                    batch.metric(key, value, step=index, aggregation_scope="slice")
        best = {f"best.{k}": v for k, v in getattr(self._estimator, "best_params_", {}).items()}
        self._training.params(best, self._prefix)
        with suppress(AttributeError):  # several scores without refit have no best one
            self._stage.metric("best_score", self._estimator.best_score_, aggregation_scope="stage")

        def write(path: Path) -> None:
            path.write_text(as_json(candidates), encoding="utf-8")

        self._training.artifact("cv_results", "cv_results.json", write, format="json")

    @quietly
    def _model(self) -> None:
        estimator, kind = self._estimator, self._owner._format  # noqa: SLF001 - as above
        if kind == "skops":
            from skops.io import dump

            self._training.artifact(
                "model", "model.skops", lambda path: dump(estimator, path), format="skops"
            )
        elif kind == "pickle":
            self._training.artifact(
                "model",
                "model.pickle",
                lambda path: path.write_bytes(pickle.dumps(estimator)),
                safe=False,
                format="pickle",
            )

    @quietly
    def _close(self) -> None:
        if self._stage is not None:
            self._stage.close()
        self._training.finish()
