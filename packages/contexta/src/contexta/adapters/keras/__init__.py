"""Write Keras trainings into runs: `callbacks=[ContextaCallback(ctx)]`."""

from contexta.adapters.keras._callback import ContextaCallback

__all__ = ["ContextaCallback"]
