"""Small words around numbers."""

from contexta.interpretation.wording import counted

__all__ = ["counted"]
