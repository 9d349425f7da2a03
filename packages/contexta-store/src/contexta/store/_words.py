"""Counts with their nouns, in texts for people."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: ``1 part``, ``2 parts``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
