"""When a failed delivery is due again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contexta.contract.errors import ValidationError
from contexta.contract.time import iso_utc_now, to_epoch_us

__all__ = ["Backoff"]

_RANDOM = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off with full jitter.

    After the n-th failure the wait is drawn evenly between 0 and
    `min(max_seconds, base_seconds * 2 ** (n - 1))`. Spread over the whole range, clients that
    failed together do not come back together (M. Brooker, "Exponential Backoff And Jitter",
    AWS Architecture Blog, 2015).

    Args:
        base_seconds: Upper bound after the first failure.
        max_seconds: Upper bound after any number of failures.

    Raises:
        ValidationError: `recovery_invalid_number`.
    """

    base_seconds: float = 1.0
    max_seconds: float = 3600.0

    def __post_init__(self) -> None:
        for name in ("base_seconds", "max_seconds"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 0 <= value <= 10**9:
                raise ValidationError(
                    f"{name} is {value!r}; it must be a number of seconds from 0 to 1e9.",
                    code="recovery_invalid_number",
                    details={"field": name},
                )

    def bound(self, failures: int) -> float:
        """Return the longest wait, in seconds, after that many failures."""
        exponent = min(max(failures - 1, 0), 64)  # beyond, the maximum has long won
        return float(min(self.max_seconds, self.base_seconds * 2.0**exponent))

    def next_attempt_at(self, failures: int) -> str:
        """Draw the moment of the next try, as UTC text."""
        wait = timedelta(seconds=_RANDOM.uniform(0.0, self.bound(failures)))
        moment = datetime.now(UTC) + wait
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def is_due(self, next_attempt_at: str | None, failures: int) -> bool:
        """Tell whether an entry may be tried now.

        One that claims to wait longer than it can was written before the clock was set back; it
        is due. So is one whose time cannot be read.
        """
        if next_attempt_at is None:
            return True
        try:
            due = to_epoch_us(next_attempt_at)
        except ValidationError:
            return True
        wait = due - to_epoch_us(iso_utc_now())
        return wait <= 0 or wait > (self.bound(failures) + 1.0) * 1_000_000
