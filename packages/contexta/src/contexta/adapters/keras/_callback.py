"""The callback for Keras 3, on any of its backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contexta.adapters._training import Training, quietly
from contexta.adapters._vendor import base_class, missing

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope

_Base, _cause = base_class("keras.callbacks:Callback")


class ContextaCallback(_Base):  # type: ignore[misc, valid-type]
    """Log params, metrics per epoch, and the model of `fit`; and the metrics of `evaluate`.

    `loss` is `loss` of the stage `train`, `val_loss` is `loss` of the stage `valid`, with
    the epoch as step, from 0. `evaluate` writes to the stage `test`. The model is kept in
    Keras's own `.keras` format.

    The run is the one that is active, else one of its own, which ends with the training; a
    training that raises leaves it open until the next `fit` with this callback or the end of
    the program. A failure of logging never stops the training.

    Args:
        ctx: the facade; None means that of the active run, or one on the default workspace.
        run: an open run to log into.
        name: name of an own run.
        log_model: keep the model.
        every_n_batches: also log each n-th batch, as `batch_<metric>`; 0 logs none.

    Raises:
        DependencyError: code `keras_not_ready`: Keras is not installed.
    """

    def __init__(
        self,
        ctx: Contexta | None = None,
        *,
        run: RunScope | None = None,
        name: str = "keras",
        log_model: bool = True,
        every_n_batches: int = 0,
    ) -> None:
        if _cause is not None:
            raise missing(
                "ContextaCallback", "keras", "keras", "keras_not_ready", _cause
            ) from _cause
        super().__init__()
        self._training = Training("keras", ctx=ctx, run=run, name=name)
        self._log_model = log_model
        self._every = every_n_batches
        self._fitting = False
        self._batches = 0

    @property
    def run(self) -> RunScope:
        """The run that the training goes into."""
        return self._training.run

    @quietly
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Log the parameters."""
        del logs
        self._fitting, self._batches = True, 0
        self._training.forget()
        self._training.params({**(self.params or {}), **_model_params(self.model)})

    @quietly
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log a batch, where wanted."""
        del batch
        self._batches += 1
        if self._every and self._batches % self._every == 0:
            values = {f"batch_{key}": value for key, value in (logs or {}).items()}
            self._training.metrics(values, split="train", step=self._batches)

    @quietly
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log the metrics of an epoch."""
        given = dict(logs or {})
        valid = {key[4:]: given.pop(key) for key in list(given) if key.startswith("val_")}
        self._training.metrics(given, split="train", step=epoch, epoch=float(epoch))
        if valid:
            self._training.metrics(valid, split="valid", step=epoch, epoch=float(epoch))

    @quietly
    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Log the metrics of `evaluate`."""
        if not self._fitting and logs:
            self._training.metrics(logs, split="test", step=None)
            self._training.finish()

    @quietly
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Keep the model and end the training."""
        del logs
        self._fitting = False
        if self._log_model:
            model = self.model
            self._training.artifact(
                "model", "model.keras", lambda path: model.save(str(path)), format="keras"
            )
        self._training.finish()


def _model_params(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"model": model.name, "parameters": model.count_params()}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        found["optimizer"] = optimizer.get_config()
    loss = getattr(model, "loss", None)
    if loss is not None:
        found["loss"] = loss if isinstance(loss, str) else type(loss).__name__
    return found
