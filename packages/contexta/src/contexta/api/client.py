"""Former home of the facade; import `Contexta` from `contexta`."""

from contexta import __version__
from contexta.client import Contexta

__all__ = ["Contexta", "__version__"]
