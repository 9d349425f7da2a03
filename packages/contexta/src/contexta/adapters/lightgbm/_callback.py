"""The callback for LightGBM."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from contexta.adapters._training import Training, quietly
from contexta.adapters._vendor import missing

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope


def contexta_callback(
    ctx: Contexta | None = None,
    *,
    run: RunScope | None = None,
    name: str = "lightgbm",
    log_model: bool = True,
    params: Mapping[str, Any] | None = None,
) -> ContextaCallback:
    """Return a callback for `lightgbm.train`, `lightgbm.cv` and the scikit-learn classes.

    Args:
        ctx: the facade; None means that of the active run, or one on the default workspace.
        run: an open run to log into.
        name: name of an own run.
        log_model: keep the model, as LightGBM's text.
        params: further parameters to log.

    Raises:
        DependencyError: code `lightgbm_not_ready`: LightGBM is not installed.
    """
    return ContextaCallback(ctx, run=run, name=name, log_model=log_model, params=params)


class ContextaCallback:
    """Log params, evaluation metrics per round, and the model of a LightGBM training.

    Each evaluation set is a stage: `training` is `train`, `valid_0` and `valid` are `valid`,
    other names stay. A metric keeps its name, its step is the round. Values of `cv` are
    means over the folds, with the deviation as `<metric>_std`.

    LightGBM does not tell a callback that early stopping ended the training. Then the model
    is kept as soon as the program lets go of this object, closes the run, or calls `finish`.
    """

    order = 25
    before_iteration = False

    def __init__(
        self,
        ctx: Contexta | None = None,
        *,
        run: RunScope | None = None,
        name: str = "lightgbm",
        log_model: bool = True,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            import lightgbm  # noqa: F401 - whether it is there
        except ImportError as error:
            raise missing(
                "contexta_callback", "lightgbm", "lightgbm", "lightgbm_not_ready", error
            ) from error
        self._training = Training("lightgbm", ctx=ctx, run=run, name=name)
        self._log_model = log_model
        self._params = dict(params or {})
        self._model: Any = None

    @property
    def run(self) -> RunScope:
        """The run that the training goes into."""
        return self._training.run

    def __call__(self, env: Any) -> None:
        """Log one round."""
        self._log(env)

    @quietly
    def _log(self, env: Any) -> None:
        if env.iteration == env.begin_iteration:
            self._training.forget()
            self._training.params({**env.params, **self._params})
        self._model = env.model
        self._training.at_end(self._keep_model)
        by_stage: dict[str, dict[str, Any]] = {}
        for data, metric, value, *rest in env.evaluation_result_list or ():
            stage, key = _where(data, metric)
            values = by_stage.setdefault(stage, {})
            values[key] = value
            if len(rest) > 1:
                values[f"{key}_std"] = rest[1]
        for stage, values in by_stage.items():
            self._training.metrics(values, split=stage, step=env.iteration)
        if env.iteration == env.end_iteration - 1:
            self._training.finish()

    @quietly
    def finish(self) -> None:
        """Keep the model and end the training, where LightGBM did not tell its end."""
        self._keep_model()
        self._training.finish()

    def _keep_model(self) -> None:
        model, self._model = self._model, None
        if model is None:
            return
        best = getattr(model, "best_iteration", 0)
        if isinstance(best, int) and best > 0:
            self._training.params({"best_iteration": best})
        text = getattr(model, "model_to_string", None)
        if not self._log_model or text is None:
            return
        body = text()
        if not isinstance(body, str):
            return  # several models, of `cv`

        def write(path: Path) -> None:
            path.write_text(body, encoding="utf-8")

        self._training.artifact("model", "model.txt", write, format="lightgbm-text")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self._training.finish("completed" if ended[0] is None else "failed")

    def __del__(self) -> None:
        training = getattr(self, "_training", None)
        if training is not None and training.is_open and self._model is not None:
            self.finish()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}


def _where(data: str, metric: str) -> tuple[str, str]:
    """Return stage and key; `cv` names the data in front of the metric."""
    if data == "cv_agg":
        front, _, rest = metric.partition(" ")
        data, metric = (front, rest) if rest else ("valid", metric)
    return ("valid" if data == "valid_0" else data), metric
