"""The callback for Hugging Face's `Trainer`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.adapters._training import Training, quietly
from contexta.adapters._vendor import base_class, missing

if TYPE_CHECKING:
    from contexta.client import Contexta
    from contexta.runtime.scopes import RunScope

_Base, _cause = base_class("transformers.trainer_callback:TrainerCallback")

_ALWAYS = (
    "learning_rate", "num_train_epochs", "max_steps", "per_device_train_batch_size",
    "gradient_accumulation_steps", "weight_decay", "lr_scheduler_type", "optim", "seed",
)  # fmt: skip
_PREFIXES = {"eval_": "valid", "test_": "test", "predict_": "test"}


class ContextaCallback(_Base):  # type: ignore[misc, valid-type]
    """Log params, what the `Trainer` logs, and the model.

    `loss` is `loss` of the stage `train`, `eval_loss` is `loss` of the stage `valid`, with
    the global step and the epoch. Parameters are the arguments that differ from their
    defaults, the usual ones, and the model's configuration under `model.`. The model is kept
    as `save_pretrained` writes it: safetensors and configuration, with the tokenizer if the
    trainer has one.

    The run is the one that is active, else one of its own, which ends with the training; a
    training that raises leaves it open until the next one with this callback or the end of
    the program. An evaluation after the training continues its run. Only the first process
    of a distributed training logs. A failure of logging never stops the training.

    Args:
        ctx: the facade; None means that of the active run, or one on the default workspace.
        run: an open run to log into.
        name: name of an own run.
        log_model: keep the model.

    Raises:
        DependencyError: code `transformers_not_ready`: transformers is not installed.
    """

    def __init__(
        self,
        ctx: Contexta | None = None,
        *,
        run: RunScope | None = None,
        name: str = "transformers",
        log_model: bool = True,
    ) -> None:
        if _cause is not None:
            raise missing(
                "ContextaCallback", "transformers", "transformers", "transformers_not_ready", _cause
            ) from _cause
        super().__init__()
        self._training = Training("transformers", ctx=ctx, run=run, name=name)
        self._log_model = log_model
        self._fitting = False

    @property
    def run(self) -> RunScope:
        """The run that the training goes into."""
        return self._training.run

    @quietly
    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **more: Any
    ) -> None:
        """Log the parameters."""
        del control, more
        if not state.is_world_process_zero:
            return
        self._fitting = True
        self._training.forget()
        self._training.params(_arguments(args))
        config: Any = getattr(model, "config", None)
        if hasattr(config, "to_diff_dict"):
            self._training.params({"model": config.to_diff_dict()})

    @quietly
    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Log what the trainer logs."""
        del args, control, more
        if not state.is_world_process_zero:
            return
        given = dict(logs or {})
        epoch = given.pop("epoch", None)
        by_stage: dict[str, dict[str, Any]] = {}
        for key, value in given.items():
            prefix = next((one for one in _PREFIXES if key.startswith(one)), "")
            stage = _PREFIXES.get(prefix, "train")
            by_stage.setdefault(stage, {})[key[len(prefix) :]] = value
        for stage, values in by_stage.items():
            self._training.metrics(values, split=stage, step=state.global_step, epoch=epoch)
        if not self._fitting:
            self._training.finish()

    @quietly
    def on_train_end(
        self, args: Any, state: Any, control: Any, model: Any = None, **more: Any
    ) -> None:
        """Keep the model and end the training."""
        del args, control
        self._fitting = False
        if not state.is_world_process_zero:
            return
        if self._log_model and model is not None:
            tokenizer: Any = more.get("processing_class")

            def write(path: Path) -> None:
                model.save_pretrained(str(path))
                if hasattr(tokenizer, "save_pretrained"):
                    tokenizer.save_pretrained(str(path))

            self._training.artifact("model", "model", write, format="safetensors")
        best = getattr(state, "best_metric", None)
        if best is not None:
            self._training.params({"best_metric": best})
        self._training.finish()


def _arguments(args: Any) -> dict[str, Any]:
    found = {}
    for field in dataclasses.fields(args):
        value = getattr(args, field.name)
        default = field.default
        if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if field.name in _ALWAYS or (field.repr and value != default):
            found[field.name] = getattr(value, "value", value)
    return found
