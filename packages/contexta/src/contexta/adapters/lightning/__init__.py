"""Write trainings of Lightning into runs: `Trainer(logger=ContextaLogger(ctx))`."""

from contexta.adapters.lightning._logger import ContextaLogger

__all__ = ["ContextaLogger"]
