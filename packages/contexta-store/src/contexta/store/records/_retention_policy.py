"""How long records stay. Needs no pyarrow, so that settings can hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contexta.contract.errors import ValidationError
from contexta.store.records._layout import RECORD_TYPES


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long records stay. Ages are in days of 24 hours since a record was recorded.

    Attributes:
        max_age_days: Age at which a record goes, for every type or by record type; a type that
            is not named stays.
        max_run_age_days: Age of a run's newest record at which all of the run goes.
        keep_runs: Runs of which nothing goes.
        runs_only_finished: Whether a run with records in the live segment of a running process
            keeps everything. Who knows more about runs names the open ones as protected.
        min_keep_runs_per_project: The newest runs of each project that always stay.

    Raises:
        ValidationError: `record_store_invalid_retention`.
    """

    max_age_days: float | Mapping[str, float] | None = None
    max_run_age_days: float | None = None
    keep_runs: tuple[str, ...] = ()
    runs_only_finished: bool = True
    min_keep_runs_per_project: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep_runs", tuple(str(run) for run in self.keep_runs))
        ages = dict(self.ages())
        if self.max_run_age_days is not None:
            ages["max_run_age_days"] = self.max_run_age_days
        if not ages:
            raise _invalid("A retention needs max_age_days or max_run_age_days.")
        for name, days in ages.items():
            if not _is_number(days) or not 0 < days <= 3_650_000:
                raise _invalid(f"The age of {name} is {days!r}; expected days above 0.")
        if unknown := sorted(set(self.ages()) - set(RECORD_TYPES)):
            raise _invalid(f"{unknown[0]!r} is not a record type; use {', '.join(RECORD_TYPES)}.")
        least = self.min_keep_runs_per_project
        if not isinstance(least, int) or isinstance(least, bool) or least < 0:
            raise _invalid(f"min_keep_runs_per_project is {least!r}; expected 0 or more.")

    def ages(self) -> dict[str, float]:
        """Return the age limits by record type."""
        if self.max_age_days is None:
            return {}
        if isinstance(self.max_age_days, Mapping):
            return dict(self.max_age_days)
        return dict.fromkeys(RECORD_TYPES, self.max_age_days)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _invalid(text: str) -> ValidationError:
    return ValidationError(text, code="record_store_invalid_retention")
