"""Write studies of Optuna into runs: `study.optimize(..., callbacks=[ContextaCallback(ctx)])`."""

from contexta.adapters.optuna._callback import ContextaCallback

__all__ = ["ContextaCallback"]
