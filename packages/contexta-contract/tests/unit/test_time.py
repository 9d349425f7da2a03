"""Timestamps: what is accepted, and the one stored form."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contexta.contract.errors import ValidationError
from contexta.contract.time import (
    ensure_utc,
    from_epoch_us,
    iso_utc_now,
    normalize_timestamp,
    parse_timestamp,
    to_epoch_us,
    utc_now,
)

NAIVE = datetime(2024, 1, 1)  # noqa: DTZ001 - naive on purpose
PLUS_TWO = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000Z"),
        ("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500000Z"),
        ("2024-01-01T00:00:00.123456789Z", "2024-01-01T00:00:00.123456Z"),
        ("2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00.000000Z"),
        ("2024-01-01T01:30:00+01:30", "2024-01-01T00:00:00.000000Z"),
        ("2023-12-31T19:00:00-05:00", "2024-01-01T00:00:00.000000Z"),
        ("2024-01-01t00:00:00z", "2024-01-01T00:00:00.000000Z"),
        (" 2024-01-01 00:00Z ", "2024-01-01T00:00:00.000000Z"),
        ("20240101T000000Z", "2024-01-01T00:00:00.000000Z"),
        ("2024-01-01Z", "2024-01-01T00:00:00.000000Z"),
        (NAIVE, "2024-01-01T00:00:00.000000Z"),
        (
            datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            "2024-01-01T00:00:00.000000Z",
        ),
    ],
)
def test_any_aware_text_and_any_datetime_has_one_stored_form(given, stored):
    """Naive datetimes are UTC; digits past the microsecond are cut."""

    assert normalize_timestamp(given) == stored


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "today",
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-02-30T00:00:00.000000Z",
        "2024-13-01T00:00:00.000000Z",
        "2024-01-01T24:30:00.000000Z",
        "0000-01-01T00:00:00.000000Z",
        "٢٠٢٤-01-01T00:00:00.000000Z",
        "0001-01-01T00:00:00+10:00",
        None,
        7,
        1.5,
        b"2024-01-01Z",
    ],
)
def test_what_names_no_instant_is_refused(given):
    """Text without an offset too, for nobody can know what it means."""
    with pytest.raises(ValidationError) as caught:
        normalize_timestamp(given)

    assert caught.value.code == "context_invalid_timestamp"


def test_epoch_counts_are_exact_on_both_sides_of_1970():
    """Microseconds, negative before 1970."""

    assert from_epoch_us(-1) == "1969-12-31T23:59:59.999999Z"
    assert to_epoch_us("1969-12-31T23:59:59.999999Z") == -1
    assert to_epoch_us(NAIVE) == 1_704_067_200_000_000


@pytest.mark.parametrize("given", [10**18, -(10**18), "x", None, 10**400])
def test_counts_outside_years_1_to_9999_are_refused(given):
    """Our error, no OverflowError."""
    with pytest.raises(ValidationError):
        from_epoch_us(given)


def test_now_is_aware_utc_and_in_stored_form():
    """Both clocks give values that need no further treatment."""
    text = iso_utc_now()

    assert normalize_timestamp(text) is text
    assert utc_now().tzinfo is UTC
    assert parse_timestamp(text).tzinfo is UTC


def test_a_value_that_is_no_time_is_refused_though_it_is_a_datetime():
    """pandas' NaT is a datetime that is unequal to itself."""

    class NotATime(datetime):
        def __eq__(self, other):
            return False

        def __ne__(self, other):
            return True

        __hash__ = None

    with pytest.raises(ValidationError):
        ensure_utc(NotATime(2024, 1, 1))
