"""What all training adapters share: a run to write into, and care never to stop a training."""

from contexta.adapters._training._quiet import quietly
from contexta.adapters._training._training import Training

__all__ = ["Training", "quietly"]
