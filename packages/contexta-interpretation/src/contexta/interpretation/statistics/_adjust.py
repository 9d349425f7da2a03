"""p-values adjusted for several tests at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from contexta.contract.errors import ValidationError

CORRECTIONS = ("holm", "bh")


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust by the step-down procedure of Holm (1979): any false alarm at most at the level.

    ``None`` stands for a test that could not be made; it stays ``None`` and is not counted.

    Raises:
        ValidationError: ``statistics_invalid_p_value``.
    """
    order = _order(p_values)
    out: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, index) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        out[index] = highest
    return tuple(out)


def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust by Benjamini and Hochberg (1995): the share of false alarms among the alarms.

    ``None`` as in :func:`holm`.

    Raises:
        ValidationError: ``statistics_invalid_p_value``.
    """
    order = _order(p_values)
    out: list[float | None] = [None] * len(p_values)
    lowest = 1.0
    for rank in range(len(order), 0, -1):
        p, index = order[rank - 1]
        lowest = min(lowest, p * (len(order) / rank))
        out[index] = lowest
    return tuple(out)


def adjust(p_values: Sequence[float | None], correction: str | None) -> tuple[float | None, ...]:
    """Adjust by name: ``holm``, ``bh`` or ``None`` (as they are).

    Raises:
        ValidationError: ``statistics_invalid_correction``, ``statistics_invalid_p_value``.
    """
    if correction == "holm":
        return holm(p_values)
    if correction == "bh":
        return benjamini_hochberg(p_values)
    if correction is None:
        _order(p_values)
        return tuple(p_values)
    raise ValidationError(
        f"correction {correction!r} is unknown; use {', '.join(CORRECTIONS)} or None",
        code="statistics_invalid_correction",
        details={"value": str(correction), "allowed": [*CORRECTIONS, None]},
    )


def _order(p_values: Sequence[float | None]) -> list[tuple[float, int]]:
    known = [(p, index) for index, p in enumerate(p_values) if p is not None]
    bad = [p for p, _ in known if math.isnan(p) or not 0 <= p <= 1]
    if bad:
        raise ValidationError(
            f"p-values must lie between 0 and 1; got {', '.join(map(str, bad))}",
            code="statistics_invalid_p_value",
            details={"values": [str(p) for p in bad]},
        )
    return sorted(known)
