"""A repository in memory, for tests of code that asks the services."""

from contexta.interpretation.testing._memory import InMemoryRepository

__all__ = ["InMemoryRepository"]
