"""The callback for XGBoost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contexta.adapters._training import Training, quietly
from contexta.adapters._vendor import base_class, missing

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope

_Base, _cause = base_class("xgboost.callback:TrainingCallback")


class ContextaCallback(_Base):  # type: ignore[misc, valid-type]
    """Log params, evaluation metrics per round, and the model of an XGBoost training.

    Each evaluation set is a stage: `dtrain`, `valid` and their like become `train` and
    `valid`, other names stay. A metric keeps its name, its step is the round. Values of
    `xgboost.cv` are means over the folds, with the deviation as `<metric>_std`. The model is
    kept as UBJSON, `best_iteration` and `best_score` as parameters.

    The run is the one that is active, else one of its own, which ends with the training; a
    training that raises leaves it open until the next training of this callback or the end
    of the program. In a distributed training only rank 0 logs. A failure of logging never
    stops the training.

    Args:
        ctx: the facade; None means that of the active run, or one on the default workspace.
        run: an open run to log into.
        name: name of an own run.
        log_model: keep the model.
        params: further parameters to log, such as those that `xgboost.train` was given.

    Raises:
        DependencyError: code `xgboost_not_ready`: XGBoost is not installed.
    """

    def __init__(
        self,
        ctx: Contexta | None = None,
        *,
        run: RunScope | None = None,
        name: str = "xgboost",
        log_model: bool = True,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        if _cause is not None:
            raise missing(
                "ContextaCallback", "xgboost", "xgboost", "xgboost_not_ready", _cause
            ) from _cause
        super().__init__()
        self._training = Training("xgboost", ctx=ctx, run=run, name=name)
        self._log_model = log_model
        self._params = dict(params or {})

    @property
    def run(self) -> RunScope:
        """The run that the training goes into."""
        return self._training.run

    def before_training(self, model: Any) -> Any:
        """Log the parameters."""
        self._begin(model)
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
        """Log the newest value of each metric."""
        del model
        self._log(epoch, evals_log)
        return False

    def after_training(self, model: Any) -> Any:
        """Keep the model and end the training."""
        self._end(model)
        return model

    @quietly
    def _begin(self, model: Any) -> None:
        if not _is_first():
            return
        self._training.forget()
        self._training.params(_config(model))
        self._training.params(self._params)

    @quietly
    def _log(self, epoch: int, evals_log: Mapping[str, Any]) -> None:
        if not _is_first():
            return
        for data, metrics in evals_log.items():
            values: dict[str, Any] = {}
            for metric, series in metrics.items():
                last = series[-1]
                if isinstance(last, tuple):
                    values[metric], values[f"{metric}_std"] = last
                else:
                    values[metric] = last
            self._training.metrics(values, split=data, step=epoch)

    @quietly
    def _end(self, model: Any) -> None:
        if not _is_first():
            return
        best = {name: _attribute(model, name) for name in ("best_iteration", "best_score")}
        self._training.params({key: value for key, value in best.items() if value is not None})
        save = getattr(model, "save_model", None)  # the model of `cv` is several
        if self._log_model and save is not None:
            self._training.artifact(
                "model", "model.ubj", lambda path: save(str(path)), format="ubj"
            )
        self._training.finish()


def _is_first() -> bool:
    from xgboost import collective

    return int(collective.get_rank()) == 0


def _attribute(model: Any, name: str) -> Any:
    try:
        return getattr(model, name, None)
    except AttributeError:  # some versions raise where early stopping was not used
        return None


def _config(model: Any) -> dict[str, Any]:
    """Return the parameters of the booster that the user can set, by name."""
    booster = model.cvfolds[0].bst if hasattr(model, "cvfolds") else model
    found: dict[str, Any] = {}
    _collect(json.loads(booster.save_config()).get("learner", {}), found)
    return found


def _collect(node: Any, found: dict[str, Any]) -> None:
    """Gather the values of all `*_param` groups; groups nest, names of parameters do not clash."""
    if isinstance(node, list):
        for item in node:
            _collect(item, found)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if isinstance(value, dict) and key.endswith("_param"):
            plain = {k: _number(v) for k, v in value.items() if isinstance(v, str)}
            found.update({k: v for k, v in plain.items() if k not in found})
        elif isinstance(value, dict | list):
            _collect(value, found)
        elif key in ("name", "booster") and isinstance(value, str):
            found.setdefault("objective" if key == "name" and ":" in value else key, value)


def _number(text: str) -> Any:
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and "." not in text and "E" not in text else value
