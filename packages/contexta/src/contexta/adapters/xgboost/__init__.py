"""Write XGBoost trainings into runs: `callbacks=[ContextaCallback(ctx)]`."""

from contexta.adapters.xgboost._callback import ContextaCallback

__all__ = ["ContextaCallback"]
