"""What a caller asks of a history."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import NamedTuple

from contexta.contract.errors import ValidationError
from contexta.interpretation.changes.policy import ChangePolicy
from contexta.interpretation.compare.direction import is_higher_better
from contexta.interpretation.query.filters import RunListQuery


class Asked(NamedTuple):
    """The metric, the runs, and the settings of one call; ``None``: as configured."""

    metric_key: str
    query: RunListQuery | None
    project_name: str | None
    stage_name: str | None
    aggregation: str | None
    min_segment: int | None
    significance: float | None
    seed: int | None
    max_runs: int | None
    higher_is_better: bool | None

    def policy(self, configured: ChangePolicy) -> ChangePolicy:
        """Return what is configured, with the settings of this call in its place.

        Raises:
            ValidationError: ``changes_invalid_policy``; ``changes_invalid_direction``.
        """
        settings = {field.name for field in fields(configured)}
        given = {
            name: value
            for name, value in self._asdict().items()
            if name in settings and value is not None
        }
        policy = replace(configured, **given)
        _check_direction(self.higher_is_better)
        return policy

    @property
    def direction(self) -> bool:
        """Whether higher is better: as given, else what the words of the key say."""
        given = self.higher_is_better
        return is_higher_better(self.metric_key) if given is None else given


def _check_direction(given: object) -> None:
    if given is not None and not isinstance(given, bool):
        raise ValidationError(
            f"higher_is_better is {given!r}; give True, False, or leave it out",
            code="changes_invalid_direction",
            details={"value": str(given)},
        )
