"""Small words around numbers."""


def counted(number: int, noun: str) -> str:
    """A number and its noun: ``1 run``, ``1,200 runs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
