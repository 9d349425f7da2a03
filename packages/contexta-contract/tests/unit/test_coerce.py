"""From what people pass to what is kept."""

import dataclasses
import enum
import functools
import math
import pathlib
import uuid
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest

from contexta.contract.coerce import (
    coerce_json,
    coerce_metric_value,
    coerce_params,
    coerce_tags,
)
from contexta.contract.errors import ValidationError


class _Color(enum.Enum):
    RED = "red"


class _Level(enum.IntEnum):
    HIGH = 3


class _Word(str):
    __slots__ = ()

    def __str__(self):
        return "not this"


@dataclasses.dataclass
class _Config:
    lr: float
    path: pathlib.Path


class _Scalar:
    """Behaves as a 0-d array of numpy, torch or jax does."""

    ndim = 0

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value

    def tolist(self):
        return self.value


class _Array:
    """Behaves as an array with several elements does."""

    ndim = 1

    def item(self):
        raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")

    def tolist(self):
        return [1.0, math.nan]


class _Index:
    def __index__(self):
        return 7


class _Float:
    def __float__(self):
        return 0.5


class _float32:
    """Behaves as numpy.float32 does, which is no subclass of float."""

    def item(self):
        return 0.5


class _Point(NamedTuple):
    x: int
    y: int


def _fails(call, *args):
    with pytest.raises(ValidationError) as caught:
        call(*args)
    return caught.value


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (1, 1),
        (0.5, 0.5),
        (math.inf, math.inf),
        ("-Infinity", -math.inf),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (_Scalar(3), 3),
        (_Scalar(0.25), 0.25),
        (_float32(), 0.5),
        (_Index(), 7),
        (_Float(), 0.5),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 2), 0.5),
        (_Level.HIGH, 3),
    ],
)
def test_metric_values_become_plain_numbers(given, kept):
    """int stays int, float stays float, scalars of arrays lose their wrapping."""
    value = coerce_metric_value(given)

    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize("given", [math.nan, "NaN", _Scalar(math.nan), Decimal("NaN")])
def test_nan_is_a_metric_value(given):
    """A diverged run is recorded as such."""

    assert math.isnan(coerce_metric_value(given))


@pytest.mark.parametrize(
    "given",
    [
        True,
        None,
        "0.5",
        "nan",
        b"1",
        1j,
        [1],
        object(),
        _Array(),
        _Scalar(True),
        _Scalar("x"),
        2**63,
        -(2**63) - 1,
        10**400,
        10**5000,
        _Scalar,
        float,
        Decimal("sNaN"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_single_64_bit_number_is_refused(given):
    """One code, whatever the foreign object raises."""

    assert _fails(coerce_metric_value, given).code == "record_invalid_metric_value"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00.000000Z"),
        (date(2024, 1, 1), "2024-01-01"),
        (timedelta(seconds=1.5), 1.5),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (_Color.RED, "red"),
        (_Level.HIGH, 3),
        (_Word("this"), "this"),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset("ab"), ["a", "b"]),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (Decimal("0.10"), "0.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (_Config(0.1, pathlib.PurePosixPath("x")), {"lr": 0.1, "path": "x"}),
        (_Point(1, 2), [1, 2]),
        (deque([1]), [1]),
        (range(2), [0, 1]),
        (OrderedDict(b=1, a=None), {"a": None, "b": 1}),
        (_Scalar(2), 2),
        (_Array(), [1.0, "NaN"]),
        (None, None),
        (True, True),
    ],
)
def test_common_values_become_json_data(given, kept):
    """Sorted keys, fresh lists and dicts."""

    assert coerce_json(given) == kept


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"a": b"x"}, ["$.a"]),
        ({"a": [1, object(), {"b c": len}]}, ["$.a[1]", '$.a[2]["b c"]']),
        ({1: "x", "y": {2: 3}}, ["$", "$.y"]),
        (iter([1]), ["$"]),
        ("\ud800", ["$"]),
        (10**5000, ["$"]),
        (int, ["$"]),
    ],
    ids=["bytes", "objects", "keys", "iterator", "surrogate", "huge", "type"],
)
def test_what_has_no_json_form_is_refused_part_by_part(given, paths):
    """Every bad part is named with its path."""
    error = _fails(coerce_json, given)

    assert error.code == "extension_invalid_value"
    assert [issue.path for issue in error.issues] == paths


def test_cycles_and_bottomless_nesting_end_in_our_error():
    """64 levels are enough for anybody, and RecursionError never shows."""
    cycle = []
    cycle.append(cycle)
    deep = functools.reduce(lambda inner, _: [inner], range(5000), 0)

    assert _fails(coerce_json, cycle).code == "extension_invalid_value"
    assert _fails(coerce_json, deep).code == "extension_invalid_value"


def test_tags_are_texts_and_scalars_become_text():
    """Trimmed, sorted, empty values allowed."""
    given = {
        " b ": " x ",
        "a": True,
        "c": 3,
        "d": 0.5,
        "e": "",
        "f": _Color.RED,
        "g": pathlib.PurePosixPath("p"),
        "h": _Scalar(2),
        "i": date(2024, 1, 1),
        "j": _Word("w"),
    }
    kept = coerce_tags(given)

    assert kept == {
        "a": "true",
        "b": "x",
        "c": "3",
        "d": "0.5",
        "e": "",
        "f": "red",
        "g": "p",
        "h": "2",
        "i": "2024-01-01",
        "j": "w",
    }
    assert list(kept) == sorted(kept)
    assert coerce_tags(None) == {}


@pytest.mark.parametrize(
    "given",
    [
        5,
        [("a", "b")],
        {"": "x"},
        {1: "x"},
        {"a": None},
        {"a": [1]},
        {"a": b"x"},
        {"a": "x", " a": "y"},
        {"a": "\ud800"},
        {1: "x", "a": object()},
    ],
)
def test_tags_that_are_no_texts_are_refused(given):
    """Mixed keys too, without a bare TypeError."""

    assert _fails(coerce_tags, given).code == "context_invalid_mapping"


def test_params_keep_their_types_and_lists_become_json_text():
    """Numbers stay comparable as numbers."""
    kept = coerce_params(
        {
            "lr": 0.1,
            "n": 3,
            "on": True,
            "none": None,
            "nan": math.nan,
            "betas": (0.9, 0.999),
            "net": {"w": 1},
            "when": date(2024, 1, 1),
        }
    )

    assert kept == {
        "betas": "[0.9,0.999]",
        "lr": 0.1,
        "n": 3,
        "nan": "NaN",
        "net": '{"w":1}',
        "none": None,
        "on": True,
        "when": "2024-01-01",
    }


def test_a_branching_cycle_is_refused_before_it_is_walked_whole():
    """Two paths at each of 64 levels would be 2**64 visits; a hundred problems are enough."""
    knot: dict = {}
    knot["a"] = knot["b"] = knot

    with pytest.raises(ValidationError) as caught:
        coerce_json(knot)

    assert len(caught.value.issues) == 100
