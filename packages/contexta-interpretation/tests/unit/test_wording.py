import math

import pytest

from contexta.interpretation.wording import (
    counted,
    exact,
    in_reports,
    in_terminal,
    listed,
    on_pages,
    rough,
    short_id,
    short_ref,
)

DASH = "\u2013"


@pytest.mark.parametrize(
    ("value", "page", "report", "terminal"),
    [
        (1 / 3, "0.333333", "0.333333", "0.333333"),
        (1234567.0, "1,234,567", "1234567", "1234567"),
        (1234567, "1,234,567", "1234567", "1234567"),
        (None, DASH, DASH, "-"),
        (math.nan, "NaN", "NaN", "NaN"),
        (math.inf, "∞", "∞", "inf"),
        (-math.inf, "-∞", "-∞", "-inf"),
        (True, "true", "true", "true"),
        ("a word", "a word", "a word", "a word"),
    ],
)
def test_three_places_say_a_number_with_their_own_signs(value, page, report, terminal):
    """Thousands are apart where nobody computes with the text; a terminal gets ASCII."""
    assert (page, report, terminal) == tuple(
        words.number(value) for words in (on_pages, in_reports, in_terminal)
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (999.9995, "1,000"),
        (999.994, "999.994"),
        (-999.9995, "-1,000"),
        (123456.7, "123,457"),
        (999999.4, "999,999"),
        (999999.6, "1,000,000"),
        (1234567.25, "1,234,567"),
        (1e9, "1e+09"),
        (0.0001, "0.0001"),
        (0.00001234567, "1.23457e-05"),
        (-0.0, "0"),
        (-0, "0"),
        (5e-324, "4.94066e-324"),
        (1.7976931348623157e308, "1.79769e+308"),
        (10**30, f"1{',000' * 10}"),
        (10**400, "1e+400"),
        pytest.param(-(12**5000), "-8.05806e+5395", id="of 5,396 digits"),
    ],
)
def test_a_number_is_rounded_the_same_on_both_sides_of_a_boundary(value, shown):
    """What rounds to a thousand looks like a thousand; no count of digits is too much."""
    assert shown == on_pages.number(value)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1023.7, "1.0 KiB"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (int(1023.94 * 1024), "1023.9 KiB"),
        (int(1023.99 * 1024), "1.0 MiB"),
        (1024**3 - 1, "1.0 GiB"),
        (1024**5, "1.0 PiB"),
        (1024**7, "1,024 EiB"),
        (10**400, "8.67362e+381 EiB"),
        (-2048, "-2.0 KiB"),
        (True, "1 B"),
        (math.nan, "NaN"),
        (None, DASH),
    ],
)
def test_a_size_has_the_unit_in_which_it_is_below_1024(count, shown):
    """After rounding: no size reads ``1024.0 KiB``."""
    assert shown == on_pages.size(count)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (1e-9, "0 ms"),
        (0.00025, "0.25 ms"),
        (0.0012345, "1.23 ms"),
        (0.82, "820 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (3.44, "3.4 s"),
        (59.94, "59.9 s"),
        (59.999, "1 min 0 s"),
        (725, "12 min 5 s"),
        (3599.7, "1 h 0 min"),
        (11520, "3 h 12 min"),
        (172_799, "47 h 59 min"),
        (172_800, "2 d 0 h"),
        (439_200, "5 d 2 h"),
        (86_400 * 1234, "1,234 d"),
        (1e308, "1.15741e+303 d"),
        (10**400, "1.15741e+395 d"),
        (-3.0, "-3.0 s"),
        (-90, "-1 min 30 s"),
        (math.nan, DASH),
        (math.inf, DASH),
        (None, DASH),
    ],
)
def test_a_span_of_time_has_two_units_at_most(seconds, shown):
    """It never reads ``60.0 s``, ``1000 ms`` or ``60 min``."""
    assert shown == on_pages.duration(seconds)


@pytest.mark.parametrize(
    ("ratio", "page", "terminal"),
    [
        (0.031, "+3.10 %", "+3.10%"),
        (0.09995, "+10.0 %", "+10.0%"),
        (-0.5, "-50.0 %", "-50.0%"),
        (9.9996, "+1,000 %", "+1000%"),
        (12.345, "+1,234 %", "+1234%"),
        (12345.678, "+1.23e+06 %", "+1.23e+06%"),
        (-0.000001, "-0.00 %", "-0.00%"),
        (0.0, "0.00 %", "0.00%"),
        (-0.0, "0.00 %", "0.00%"),
        (10**400, "+1e+402 %", "+1e+402%"),
        (1.7e308, DASH, "-"),
        (math.nan, DASH, "-"),
        (None, DASH, "-"),
    ],
)
def test_a_percentage_has_a_sign_unless_nothing_changed(ratio, page, terminal):
    """The larger it is, the fewer places it has."""
    assert (page, terminal) == (on_pages.percent(ratio), in_terminal.percent(ratio))


def test_a_difference_has_its_sign():
    """No difference has none; what is not finite is named."""
    values = (0.5, -0.5, 0.0, -0.0, 999.9995, math.nan, math.inf, None)

    assert ["+0.5", "-0.5", "0", "0", "+1,000", "NaN", "+∞", DASH] == [
        on_pages.signed(value) for value in values
    ]


def test_a_brief_number_has_three_digits():
    """For labels."""
    values = (0.12345, 123456.0, 10**400, math.nan, None)

    assert ["0.123", "1.23e+05", "1e+400", "NaN", DASH] == [
        on_pages.brief(value) for value in values
    ]


def test_instants_are_said_to_the_second_or_the_minute():
    """With their zone; what has another form stays as it is."""
    stored = "2026-01-31T12:00:59.999999Z"

    assert "2026-01-31 12:00:59 UTC" == on_pages.moment(stored)
    assert "2026-01-31 12:00:59Z" == in_terminal.moment(stored)
    assert "2026-01-31 12:00 UTC" == on_pages.minute(stored)
    for other in ("yesterday", "", "2026-01-31T12:00:59+02:00", "2026-01-31"):
        assert (other, other) == (on_pages.moment(other), on_pages.minute(other))
    assert (DASH, DASH) == (on_pages.moment(None), on_pages.minute(None))


def test_the_time_between_two_instants_needs_both():
    """Text without an offset is UTC; a text that is no time is unknown."""
    start = "2026-01-31T12:00:00Z"

    assert "3.5 s" == in_terminal.elapsed(start, "2026-01-31T12:00:03.500000Z")
    assert "1 min 0 s" == in_terminal.elapsed(start, "2026-01-31T12:01:00")
    assert ["-"] * 3 == [in_terminal.elapsed(start, other) for other in (None, "", "later")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-31T11:59:30Z", "30 s ago"),
        ("2026-01-31T11:59:00.500000Z", "59 s ago"),
        ("2026-01-31T11:20:00Z", "40 min ago"),
        ("2026-01-31T02:00:00Z", "10 h ago"),
        ("2026-01-20T12:00:00Z", "11 d ago"),
        ("2026-01-01T12:00:00Z", "2026-01-01"),
        ("2026-01-31T12:00:10Z", "just now"),
        ("2026-02-03T12:00:00Z", "2026-02-03"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("yesterday", "yesterday"),
        (None, "-"),
    ],
)
def test_times_are_relative_for_a_month(text, shown):
    """Before that, and in the future, they are dates."""
    assert shown == in_terminal.ago(text, 1769860800.0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (20260131, "20260131"),
        (1e6, "1000000"),
        (False, "false"),
        ({"b": [1, None], "a": "ä"}, '{"a": "ä", "b": [1, null]}'),
        (("x", 1.5), '["x", 1.5]'),
        ({1: "one", "two": 2}, "{1: 'one', 'two': 2}"),
        (None, DASH),
    ],
)
def test_a_param_is_no_amount(value, shown):
    """No separators in a seed; mappings and lists are JSON in one order."""
    assert shown == on_pages.plain(value)


def test_a_list_that_holds_itself_has_a_text():
    """JSON has none for it."""
    endless = []
    endless.append(endless)

    assert "[[...]]" == on_pages.plain(endless)


def test_a_list_of_a_number_of_thousands_of_digits_has_a_text():
    """Python refuses to write such a number."""
    assert "a list that is too long to read" == on_pages.plain([10**5000])


def test_names_are_shortened_to_what_tells_them_apart():
    """A text of another form stays whole."""
    assert ["p.r", "p.r", "", "run:"] == [short_ref(one) for one in ("run:p.r", "p.r", "", "run:")]
    assert ["r", "name", "a."] == [short_id(one) for one in ("run:p.r", "name", "a.")]
    assert "0123456789ab" == on_pages.short_hash("sha256:0123456789abcdef")


def test_counts_have_a_noun_and_lists_an_end():
    """One thing is one; what is left out is counted."""
    assert ["1 run", "0 runs", "12,000 runs"] == [counted(n, "run") for n in (1, 0, 12_000)]
    assert "2 bodies" == counted(2, "body", "bodies")
    assert ["a, b", "a, b and 1 more"] == [listed(list(names), 2) for names in ("ab", "abc")]


def test_the_exact_number_has_every_digit():
    """Also one that is too long for ``str``, as far as anybody reads it."""
    assert ["0.30000000000000004", "7", "1e+5000"] == [exact(n) for n in (0.1 + 0.2, 7, 10**5000)]


def test_a_sentence_has_rough_numbers():
    """What is not known says so, what is not finite is named."""
    values = (0.123456, 1234567.0, -5, 10**400, math.nan, -math.inf, None)

    assert ["0.1235", "1.235e+06", "-5", "1e+400", "NaN", "-inf", "unknown"] == [
        rough(value) for value in values
    ]


def test_a_share_is_not_all_while_one_is_missing():
    """667 of 668 are not 100 %, and one of 10,000 is more than none."""
    shares = (0, 1e-4, 0.5, 667 / 668, 9_999 / 10_000, 1, None, math.nan)

    assert ["0 %", "0.1 %", "50 %", "99.9 %", "99.9 %", "100 %", "\u2013", "\u2013"] == [
        on_pages.share(one) for one in shares
    ]
