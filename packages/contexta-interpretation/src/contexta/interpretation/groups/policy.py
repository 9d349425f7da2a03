"""How groups are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import FrozenDict, Result

METHODS = ("welch", "permutation", "bootstrap")

#: Fewest runs a side by method; below, the answer is "cannot tell". Measured (docs, how to compare
#: groups): Welch's 95 % intervals hold at 3 and more; BCa covers 88 % at 3 (75 % in pairs),
#: 94 % at 10, and raises 10 % false alarms on skewed values there, about which a note warns.
MINIMUM_RUNS = FrozenDict({"welch": 3, "permutation": 3, "bootstrap": 10})
#: Below this size of the smaller group, Welch's t does not hold its level against one more than
#: ``LARGEST_RATIO`` times as large: 3 against 30 normal values alarm in 8 %, skewed in 16 %.
SMALL_GROUP = 5
LARGEST_RATIO = 3


def unfit_sizes(
    policy: GroupPolicy, method: str, left: int, right: int, *, paired: bool
) -> str | None:
    """Why groups of these sizes cannot be told apart by ``method``; ``None`` when they can."""
    least, small = policy.minimum_runs[method], min(left, right)
    if small < least:
        what, sizes = ("pairs", str(small)) if paired else ("runs", f"{left} and {right}")
        return f"not enough {what}: {sizes}, {method} needs at least {least} a side"
    if unequal(method, left, right, paired=paired) and small < SMALL_GROUP:
        return (
            f"{left} and {right} runs are too unequal for welch with fewer than {SMALL_GROUP} on "
            "a side; use method permutation, which holds its level there, or add runs"
        )
    return None


def unequal(method: str, left: int, right: int, *, paired: bool) -> bool:
    """Whether the sizes differ so much that Welch's t alarms too often on skewed values."""
    return method == "welch" and not paired and max(left, right) > LARGEST_RATIO * min(left, right)


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
