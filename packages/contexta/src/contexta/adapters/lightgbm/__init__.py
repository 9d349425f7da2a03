"""Write LightGBM trainings into runs: `callbacks=[contexta_callback(ctx)]`."""

from contexta.adapters.lightgbm._callback import ContextaCallback, contexta_callback

__all__ = ["ContextaCallback", "contexta_callback"]
