"""How lineage is followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contexta.contract.errors import ContextaError, ValidationError
from contexta.interpretation._base import Result
from contexta.interpretation._nearest import hint, nearest

DIRECTIONS = ("both", "inbound", "outbound", "upstream", "downstream")
UNLIMITED = "unlimited"


def check_direction(value: object, error: type[ContextaError]) -> str:
    """Return the direction, or raise ``error`` with ``lineage_invalid_direction``."""
    if not isinstance(value, str) or value not in DIRECTIONS:
        near = nearest(str(value), DIRECTIONS)
        raise error(
            f"direction {value!r} is unknown; use one of {', '.join(DIRECTIONS)}{hint(near)}",
            code="lineage_invalid_direction",
            details={
                "direction": str(value),
                "allowed": list(DIRECTIONS),
                "nearest": list(near),
            },
        )
    return value


def check_depth(value: Any, error: type[ContextaError]) -> float:
    """Return the depth as a number, or raise ``error`` with ``lineage_invalid_max_depth``."""
    if value == UNLIMITED:
        return float("inf")
    if type(value) is not int or value < 0:
        raise error(
            f"max_depth is {value!r}; it must be a whole number of at least 0, or {UNLIMITED!r}",
            code="lineage_invalid_max_depth",
            details={"max_depth": str(value)},
        )
    return float(value)


@dataclass(frozen=True, slots=True)
class LineagePolicy(Result):
    """Settings of ``LineageService``; ``default_max_depth`` may be ``"unlimited"``.

    Raises:
        ValidationError: ``lineage_invalid_direction``, ``lineage_invalid_max_depth``.
    """

    default_direction: str = "both"
    default_max_depth: int | str = 2
    include_provenance: bool = True

    def __post_init__(self) -> None:
        """Check both defaults."""
        check_direction(self.default_direction, ValidationError)
        check_depth(self.default_max_depth, ValidationError)
