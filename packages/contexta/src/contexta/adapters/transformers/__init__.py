"""Write trainings of Hugging Face's `Trainer` into runs: `callbacks=[ContextaCallback(ctx)]`."""

from contexta.adapters.transformers._callback import ContextaCallback

__all__ = ["ContextaCallback"]
