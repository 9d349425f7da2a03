"""Which backups a retention rule keeps."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery._retention import Dated, Retention, reasons_to_keep


def at(text, ref=None):
    return Dated(ref or text, datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_each_kept_backup_carries_all_its_reasons():
    """A backup stays when any part of the rule keeps it, and every part that does is named."""
    backups = [
        at("2026-10-30T10:00"),
        at("2026-11-20T10:00"),
        at("2026-11-21T08:00"),
        at("2026-11-21T20:00"),
        at("2026-11-22T09:00"),
        at("2026-11-22T18:00"),
    ]

    kept = reasons_to_keep(backups, Retention(last=1, daily=2, weekly=1, monthly=2))

    assert kept == {
        "2026-11-22T18:00": ("last", "daily:2026-11-22", "weekly:2026-W47", "monthly:2026-11"),
        "2026-11-21T20:00": ("daily:2026-11-21",),
        "2026-10-30T10:00": ("monthly:2026-10",),
    }


def test_days_are_days_of_utc():
    """Two backups of one local day can lie in two UTC days."""
    east = timezone(timedelta(hours=9))
    backups = [
        Dated("early", datetime(2026, 11, 22, 8, 59, tzinfo=east)),
        Dated("late", datetime(2026, 11, 22, 9, 1, tzinfo=east)),
    ]

    kept = reasons_to_keep(backups, Retention(daily=2))

    assert kept == {"late": ("daily:2026-11-22",), "early": ("daily:2026-11-21",)}


def test_weeks_are_iso_weeks():
    """A week begins on Monday and can span two years."""
    backups = [
        at("2026-12-28T00:00"),
        at("2026-12-31T00:00"),
        at("2027-01-03T23:00"),
        at("2027-01-04T01:00"),
    ]

    kept = reasons_to_keep(backups, Retention(weekly=2))

    assert kept == {
        "2027-01-04T01:00": ("weekly:2027-W01",),
        "2027-01-03T23:00": ("weekly:2026-W53",),
    }


def test_days_without_a_backup_do_not_count():
    """A schedule that paused loses nothing by the pause."""
    backups = [at("2025-01-01T00:00"), at("2026-01-01T00:00")]

    assert set(reasons_to_keep(backups, Retention(daily=2))) == {one.ref for one in backups}


def test_of_one_instant_the_greater_name_is_the_newer():
    backups = [at("2026-11-22T18:00", "a"), at("2026-11-22T18:00", "b")]

    assert list(reasons_to_keep(backups, Retention(daily=1))) == ["b"]


def test_a_rule_that_keeps_nothing_is_refused():
    """Forgetting every count must not remove every backup."""
    with pytest.raises(ValidationError) as caught:
        Retention()

    assert caught.value.code == "recovery_retention_empty"


@pytest.mark.parametrize("number", [-1, 1.5, True, "3", None])
def test_a_count_is_a_whole_number_of_at_least_zero(number):
    with pytest.raises(ValidationError) as caught:
        Retention(last=1, daily=number)

    assert caught.value.code == "recovery_invalid_number"
    assert caught.value.details == {"field": "keep_daily"}
