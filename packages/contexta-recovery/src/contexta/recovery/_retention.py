"""Which backups a retention rule keeps, and why. Pure: it sees names and times only.

Each part of the rule looks at all backups by itself, and a backup stays when any part keeps it:

* `last`: the newest n;
* `daily`: of each of the n latest UTC days that have a backup, the newest one;
* `weekly`: likewise for ISO weeks (Monday to Sunday, UTC), `monthly` for calendar months (UTC).

Days without a backup do not count, and the present time plays no part: a schedule that stopped a
year ago loses nothing by being pruned again and again. Pruning after every backup keeps the same
backups as pruning once at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from contexta.contract.errors import ValidationError
from contexta.recovery._checks import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Dated(NamedTuple):
    """A backup: its name, unique among those compared, and when it was taken (with time zone)."""

    ref: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Retention:
    """How many backups to keep of each kind; 0 keeps none for that reason.

    Raises:
        ValidationError: `recovery_invalid_number` when a count is no int of at least 0;
            `recovery_retention_empty` when all are 0, which would keep nothing.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def __post_init__(self) -> None:
        counts = {
            field.name: count(f"keep_{field.name}", getattr(self, field.name))
            for field in fields(self)
        }
        if not any(counts.values()):
            raise ValidationError(
                "keep_last, keep_daily, keep_weekly and keep_monthly are all 0, which keeps no "
                "backup. Set at least one of them to 1 or more.",
                code="recovery_retention_empty",
                details={f"keep_{name}": number for name, number in counts.items()},
            )


def reasons_to_keep(backups: Iterable[Dated], rule: Retention) -> dict[str, tuple[str, ...]]:
    """Return, for each backup that stays, why it does, newest first.

    Reasons are `last`, `daily:2026-11-22`, `weekly:2026-W47` and `monthly:2026-11`, in this order.
    Of two backups of the same instant the one with the greater name counts as the newer.
    """
    newest_first = sorted(backups, key=lambda one: (one.created_at, one.ref), reverse=True)
    reasons: dict[str, list[str]] = {one.ref: [] for one in newest_first}
    for one in newest_first[: rule.last]:
        reasons[one.ref].append("last")
    for name, number, period in _parts(rule):
        seen: set[str] = set()
        for one in newest_first:
            current = period(one.created_at.astimezone(UTC))
            if current in seen:
                continue
            if len(seen) == number:
                break
            seen.add(current)
            reasons[one.ref].append(f"{name}:{current}")
    return {ref: tuple(found) for ref, found in reasons.items() if found}


def _parts(rule: Retention) -> tuple[tuple[str, int, Callable[[datetime], str]], ...]:
    return (
        ("daily", rule.daily, _day),
        ("weekly", rule.weekly, _week),
        ("monthly", rule.monthly, _month),
    )


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _week(moment: datetime) -> str:
    # The ISO year, not the calendar's: 2027-01-01 lies in 2026-W53.
    year, week, _ = moment.isocalendar()
    return f"{year:04}-W{week:02}"


def _month(moment: datetime) -> str:
    return f"{moment.year:04}-{moment.month:02}"
