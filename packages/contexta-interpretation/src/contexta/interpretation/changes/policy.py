"""How changes are searched for."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import Result
from contexta.interpretation.trend.policy import check_aggregation

LONGEST_HISTORY = 1000


@dataclass(frozen=True, slots=True)
class ChangePolicy(Result):
    """Settings of ``ChangeService``; each can be overridden in a call.

    Attributes:
        aggregation: which value stands for a run: latest, max, min or mean.
        min_segment: the least number of runs on each side of a change, 2 or more.
        significance: the largest p value of a change, 0.0001 to 0.5; it is the share of stationary
            histories in which a change is reported all the same.
        seed: of the permutations, so that the same history gives the same answer.
        max_runs: how many of the newest runs are looked at, up to 1,000.
        facts_per_side: how many runs on each side of a change ``bisect`` reads the environment,
            the inputs and the stages of; code, params and tags are known of all.

    Raises:
        ValidationError: ``changes_invalid_policy``, naming every bad field;
            ``trend_invalid_metric_aggregation``.
    """

    aggregation: str = "latest"
    min_segment: int = 3
    significance: float = 0.01
    seed: int = 0
    max_runs: int = LONGEST_HISTORY
    facts_per_side: int = 25

    def __post_init__(self) -> None:
        """Check every field."""
        check_aggregation(self.aggregation)
        problems = [
            f"{name} is {getattr(self, name)!r}; it must be {rule}"
            for name, rule, good in (
                ("min_segment", "a whole number of at least 2", _whole(self.min_segment, 2)),
                ("significance", "a number from 0.0001 to 0.5", _share(self.significance)),
                ("seed", "a whole number of at least 0", _whole(self.seed, 0)),
                (
                    "max_runs",
                    f"a whole number from 4 to {LONGEST_HISTORY}",
                    _whole(self.max_runs, 4) and self.max_runs <= LONGEST_HISTORY,
                ),
                ("facts_per_side", "a whole number of at least 1", _whole(self.facts_per_side, 1)),
            )
            if not good
        ]
        if problems:
            raise ValidationError(
                "; ".join(problems), code="changes_invalid_policy", details={"problems": problems}
            )


def _whole(value: object, least: int) -> bool:
    return type(value) is int and value >= least


def _share(value: object) -> bool:
    return isinstance(value, (int, float)) and 0.0001 <= value <= 0.5
