"""Every value has words, and the words say no other value."""

import json
import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.interpretation.wording import exact, in_reports, in_terminal, on_pages

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PLACES = [on_pages, in_reports, in_terminal]
NUMBERS = st.none() | st.booleans() | st.integers() | st.floats()
HUGE = st.integers(min_value=0, max_value=6_000).map(lambda power: 7**power)
VALUES = st.recursive(
    NUMBERS | HUGE | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
DIGITS = re.compile(r"[0-9]")


@pytest.mark.parametrize("words", PLACES)
@UNHURRIED
@given(value=VALUES)
def test_no_value_is_without_words(words, value):
    """Nothing raises, and nothing is blank but a blank text."""
    said = [words.number(value), words.plain(value)]

    assert all(isinstance(one, str) for one in said)
    assert value == "" or all(said)


@pytest.mark.parametrize("words", PLACES)
@UNHURRIED
@given(value=NUMBERS | HUGE | HUGE.map(lambda number: -number))
def test_no_number_is_without_words(words, value):
    """Nor any size, span or percentage; what is not finite has no digit that could be read."""
    said = [
        words.number(value),
        words.brief(value),
        words.signed(value),
        words.percent(value),
        words.size(value),
        words.duration(value),
        exact(value),
    ]

    assert all(said)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        assert [] == [one for one in said if DIGITS.search(one)]


@UNHURRIED
@given(value=st.text() | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"))
def test_no_time_is_without_words(value):
    """Whatever stands where a time should be."""
    said = [
        on_pages.moment(value),
        on_pages.minute(value),
        in_terminal.ago(value, 1769860800.0),
        in_terminal.elapsed(value, "2026-01-31T12:00:00Z"),
    ]

    assert all(isinstance(one, str) for one in said)


@pytest.mark.parametrize("words", PLACES)
@UNHURRIED
@given(value=FINITE | st.integers(min_value=-(10**70), max_value=10**70))
def test_a_number_reads_as_itself_to_six_digits(words, value):
    """Without its commas it is a number again, close to the one that it says."""
    said = words.number(value)

    assert math.isclose(float(said.replace(",", "")), value, rel_tol=5.1e-6, abs_tol=5e-324)


@UNHURRIED
@given(value=FINITE)
def test_a_sign_is_the_sign_of_the_value(value):
    """No difference and no percentage lies about its direction."""
    said = (on_pages.signed(value), on_pages.percent(value))
    sign = "+" if value > 0 else "-" if value < 0 else "0"

    assert {sign} >= {one[0] for one in said} - {on_pages.missing}


@UNHURRIED
@given(count=st.integers(min_value=0, max_value=2**69))
def test_a_size_is_below_the_next_unit(count):
    """Between 1 and 1024 of its unit, and within its last place of the count."""
    amount, unit = in_terminal.size(count).split()
    power = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB").index(unit)

    assert float(amount) < 1024
    assert power == 0 or float(amount) >= 1
    assert abs(float(amount) - count / 1024**power) <= 0.0501


@UNHURRIED
@given(seconds=st.floats(min_value=0, max_value=1e9))
def test_a_span_reads_as_itself_to_its_last_unit(seconds):
    """No unit is full, and the sum of the parts is the span."""
    length = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86_400}
    most = {"ms": 999, "s": 59.9, "min": 59, "h": 47, "d": math.inf}
    words = in_terminal.duration(seconds).split()
    parts = [(float(amount), unit) for amount, unit in zip(words[::2], words[1::2], strict=True)]
    last = parts[-1][1]
    slack = {"ms": 0.005 * seconds + 1e-6, "s": 0.51 if len(parts) == 2 else 0.0501}

    assert all(amount <= most[unit] for amount, unit in parts)
    told = sum(amount * length[unit] for amount, unit in parts)
    assert abs(told - seconds) <= slack.get(last, length[last] + 1)


@UNHURRIED
@given(value=st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_a_mapping_is_json(value):
    """In one order, whatever the order of the keys."""
    assert value == json.loads(on_pages.plain(value))
    assert on_pages.plain(value) == on_pages.plain(dict(reversed(value.items())))


@UNHURRIED
@given(value=NUMBERS | HUGE)
def test_a_terminal_is_told_in_ascii(value):
    """Whatever it can show."""
    said = [in_terminal.number(value), in_terminal.percent(value), in_terminal.duration(value)]

    assert all(one.isascii() and " " not in said[1] for one in said)
