"""The logger for Lightning."""

from __future__ import annotations

import re
import weakref
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.adapters._training import Training, quietly
from contexta.adapters._vendor import base_class, missing

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope

_Base, _cause = base_class(
    "lightning.pytorch.loggers.logger:Logger", "pytorch_lightning.loggers.logger:Logger"
)
_first_only, _ = base_class(
    "lightning.pytorch.utilities.rank_zero:rank_zero_only",
    "pytorch_lightning.utilities.rank_zero:rank_zero_only",
)

_SPLIT = re.compile(r"(train|training|val|valid|validation|test)[_/]")
_DOING = {"testing": "test", "validating": "valid", "training": "train"}
_STATUS = {"success": "completed", "failed": "failed", "interrupted": "cancelled"}


class ContextaLogger(_Base):  # type: ignore[misc, valid-type]
    """Log hyper-parameters, metrics per step, the model and the status of a training.

    Metrics keep the names that `self.log` gives them. Their stage follows from a prefix such
    as `train_`, `val/` or `test_`, else from what the trainer is doing.

    At the end the model is kept as safetensors, when that package is installed. Checkpoints
    of Lightning are pickles: they are kept only with `log_checkpoints=True`, marked
    `safe_to_load: false`.

    The run is the one that is active, else one of its own, which ends with `fit`; `test`
    after it continues the same run. A training that raises ends it as failed. Only the
    first process of a distributed training logs. A failure of logging never stops the
    training.

    Args:
        ctx: the facade; None means that of the active run, or one on the default workspace.
        run: an open run to log into.
        name: name of an own run.
        log_model: keep the model.
        log_checkpoints: also keep the best checkpoint of each checkpoint callback.

    Raises:
        DependencyError: code `lightning_not_ready`: neither `lightning` nor
            `pytorch_lightning` is installed.
    """

    def __init__(
        self,
        ctx: Contexta | None = None,
        *,
        run: RunScope | None = None,
        name: str = "lightning",
        log_model: bool = True,
        log_checkpoints: bool = False,
    ) -> None:
        if _cause is not None:
            raise missing(
                "ContextaLogger", "lightning", "lightning", "lightning_not_ready", _cause
            ) from _cause
        super().__init__()
        self._training = Training("lightning", ctx=ctx, run=run, name=name)
        self._log_model = log_model
        self._log_checkpoints = log_checkpoints
        self._module: Callable[[], Any] = _nothing
        self._checkpoints: dict[int, Any] = {}

    @property
    def name(self) -> str:
        """Name of an own run."""
        return self._training.name

    @property
    def version(self) -> str:
        """Id of the run, once it is known."""
        return self._training.run.run_id if self._training.is_open else "new"

    @property
    def experiment(self) -> RunScope:
        """The run that the training goes into."""
        return self._training.run

    @property
    def run(self) -> RunScope:
        """The run that the training goes into."""
        return self._training.run

    def log_hyperparams(
        self, params: Mapping[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Log hyper-parameters, nested ones as `a.b`."""
        del args, kwargs
        if _is_first():
            self._hyperparams(vars(params) if isinstance(params, Namespace) else params)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log the metrics of a step."""
        if _is_first():
            self._metrics(metrics, step)

    def log_graph(self, model: Any, *args: Any, **kwargs: Any) -> None:
        """Remember the model, to keep it at the end."""
        del args, kwargs
        self._module = weakref.ref(model)

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Remember a checkpoint callback, to keep its best file at the end."""
        self._checkpoints[id(checkpoint_callback)] = checkpoint_callback

    def finalize(self, status: str) -> None:
        """Keep the model and end the training."""
        if _is_first():
            self._end(_STATUS.get(status, "failed"))

    @quietly
    def _hyperparams(self, params: Mapping[str, Any]) -> None:
        self._training.params(params)

    @quietly
    def _metrics(self, metrics: Mapping[str, Any], step: int | None) -> None:
        given = dict(metrics)
        epoch = given.pop("epoch", None)
        by_stage: dict[str | None, dict[str, Any]] = {}
        for key, value in given.items():
            found = _SPLIT.match(key)
            stage = self._doing() if found is None else found[1]
            by_stage.setdefault(stage, {})[key] = value
        for stage, values in by_stage.items():
            self._training.metrics(
                values, split=stage, step=step, epoch=None if epoch is None else float(epoch)
            )

    def _doing(self) -> str | None:
        """Return the stage that the trainer is in, or None where that is unknown."""
        trainer = getattr(self._module(), "_trainer", None)
        for attribute, stage in (
            ("testing", "test"),
            ("validating", "valid"),
            ("training", "train"),
        ):
            if getattr(trainer, attribute, False):
                return stage
        return None

    @quietly
    def _end(self, status: str) -> None:
        module, trained = self._module(), self._training.is_open
        if trained and self._log_model and module is not None and self._was_fitted(module):
            self._keep(module)
        if trained and self._log_checkpoints:
            self._keep_checkpoints()
        self._checkpoints.clear()
        self._training.finish(status)

    def _was_fitted(self, module: Any) -> bool:
        state = getattr(getattr(module, "_trainer", None), "state", None)
        return str(getattr(getattr(state, "fn", None), "value", "fit")) == "fit"

    def _keep(self, module: Any) -> None:
        try:
            from safetensors.torch import save_model
        except ImportError:
            self._training.run.event(
                "adapters.model_not_kept",
                message="the model was not kept: pip install safetensors",
                level="warning",
            )
            return
        self._training.artifact(
            "model",
            "model.safetensors",
            lambda path: save_model(module, str(path)),
            format="safetensors",
        )

    def _keep_checkpoints(self) -> None:
        for callback in self._checkpoints.values():
            best = getattr(callback, "best_model_path", "")
            if best and Path(best).is_file():
                body = Path(best).read_bytes()

                def write(path: Path, body: bytes = body) -> None:
                    path.write_bytes(body)

                self._training.artifact(
                    "checkpoint", Path(best).name, write, safe=False, format="torch-pickle"
                )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_module": _nothing, "_checkpoints": {}}


def _nothing() -> None:
    """Stand for a model that is not known yet."""


def _is_first() -> bool:
    return int(getattr(_first_only, "rank", None) or 0) == 0
