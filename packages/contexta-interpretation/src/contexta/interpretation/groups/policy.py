"""How groups are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import FrozenDict, Result

METHODS = ("welch", "permutation", "bootstrap")

#: Fewest runs a side by method; below, the answer is "cannot tell".
MINIMUM_RUNS = FrozenDict({"welch": 3, "permutation": 3, "bootstrap": 3})


@dataclass(frozen=True, slots=True)
class GroupPolicy(Result):
    """Settings of ``GroupService``.

    ``power`` is the probability with which the smallest detectable difference would be seen.
    ``resamples`` and ``exact_limit`` are those of the permutation test and the bootstrap.
    ``minimum_runs`` by method may be raised or lowered, at your own risk below the defaults.

    Raises:
        ValidationError: ``groups_invalid_policy``.
    """

    power: float = 0.8
    resamples: int = 9_999
    exact_limit: int = 20_000
    minimum_runs: Mapping[str, int] = field(default=MINIMUM_RUNS)

    _mappings = ("minimum_runs",)

    def __post_init__(self) -> None:
        """Fill in the methods that are not named, and check every field."""
        object.__setattr__(
            self, "minimum_runs", FrozenDict({**MINIMUM_RUNS, **dict(self.minimum_runs)})
        )
        faults = []
        if isinstance(self.power, bool) or not (
            isinstance(self.power, (int, float)) and 0 < self.power < 1
        ):
            faults.append(f"power is {self.power!r}; it must be a number between 0 and 1")
        counts = {
            "resamples": (self.resamples, 99),
            "exact_limit": (self.exact_limit, 0),
            **{f"minimum_runs of {k}": (v, 2) for k, v in self.minimum_runs.items()},
        }
        faults += [
            f"{name} is {value!r}; it must be a whole number of at least {least}"
            for name, (value, least) in counts.items()
            if type(value) is not int or value < least
        ]
        faults += [
            f"minimum_runs names {name!r}; the methods are {', '.join(METHODS)}"
            for name in self.minimum_runs
            if name not in METHODS
        ]
        if faults:
            raise ValidationError(
                "; ".join(faults), code="groups_invalid_policy", details={"problems": faults}
            )
