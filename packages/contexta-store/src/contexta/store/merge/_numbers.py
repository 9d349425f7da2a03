"""Ranges of numbers: which are in, and where they go."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contexta.store._ranges import joined

_FEW = 64


class Piece(NamedTuple):
    """Numbers `first..last` that become `first + shift..last + shift`."""

    first: int
    last: int
    shift: int


def without(
    ranges: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the numbers of `ranges` that are in none of `others`, as ascending ranges."""
    holes = joined(others)
    found = []
    for first, last in joined(ranges):
        index = bisect_left(holes, first, key=lambda hole: hole[1])
        while first <= last:
            hole = holes[index] if index < len(holes) else (last + 1, last + 1)
            if hole[0] > first:
                found.append((first, min(last, hole[0] - 1)))
            first = hole[1] + 1
            index += 1
    return found


def within(
    ranges: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the numbers that are in both, as ascending ranges."""
    given = joined(ranges)
    return without(given, without(given, others))


def count_of(ranges: Iterable[tuple[int, int]]) -> int:
    """Return how many numbers disjoint ranges hold."""
    return sum(last - first + 1 for first, last in ranges)


def packed(ranges: Iterable[tuple[int, int]], start: int) -> list[Piece]:
    """Return where ranges go when they are put one behind the other from `start`, in order."""
    pieces = []
    for first, last in joined(ranges):
        pieces.append(Piece(first, last, start - first))
        start += last - first + 1
    return pieces


def moved(ranges: Iterable[tuple[int, int]], pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return ranges as they are after a move; numbers that are in no piece are left out."""
    found = []
    for first, last in joined(ranges):
        for piece in _touching(pieces, first, last):
            low, high = max(first, piece.first), min(last, piece.last)
            found.append((low + piece.shift, high + piece.shift))
    return joined(found)


def shifted(numbers: pa.Array, pieces: Sequence[Piece]) -> pa.Array:
    """Return a column of numbers after a move; those in no piece stay.

    Args:
        numbers: int64 without nulls.
        pieces: Ascending and disjoint.
    """
    if not len(numbers) or not pieces:
        return numbers
    ends = pc.min_max(numbers)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    touching = _touching(pieces, low, high)
    if len(touching) == 1 and touching[0].first <= low and high <= touching[0].last:
        return pc.add(numbers, pa.scalar(touching[0].shift, pa.int64()))
    if len(touching) > _FEW:
        return pa.array([_shift_one(n, touching) for n in numbers.to_pylist()], pa.int64())
    result = numbers
    for piece in touching:
        mask = _between(numbers, piece.first, piece.last)
        result = pc.if_else(mask, pc.add(numbers, pa.scalar(piece.shift, pa.int64())), result)
    return result


def is_among(numbers: pa.Array, ranges: Sequence[tuple[int, int]]) -> pa.Array:
    """Return per number whether it is in one of ascending, disjoint ranges."""
    nowhere = pa.repeat(pa.scalar(False), len(numbers))
    if not len(numbers) or not ranges:
        return nowhere
    ends = pc.min_max(numbers)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    start = bisect_left(ranges, low, key=lambda pair: pair[1])
    touching = []
    while start < len(ranges) and ranges[start][0] <= high:
        touching.append(ranges[start])
        start += 1
    if len(touching) == 1 and touching[0][0] <= low and high <= touching[0][1]:
        return pa.repeat(pa.scalar(True), len(numbers))
    if len(touching) > _FEW:
        return pa.array([_is_in(n, touching) for n in numbers.to_pylist()], pa.bool_())
    result = nowhere
    for first, last in touching:
        result = pc.or_(result, _between(numbers, first, last))
    return result


def _between(numbers: pa.Array, first: int, last: int) -> pa.Array:
    low = pc.greater_equal(numbers, pa.scalar(first, pa.int64()))
    return pc.and_(low, pc.less_equal(numbers, pa.scalar(last, pa.int64())))


def _touching(pieces: Sequence[Piece], low: int, high: int) -> list[Piece]:
    index = bisect_left(pieces, low, key=lambda piece: piece.last)
    found = []
    while index < len(pieces) and pieces[index].first <= high:
        found.append(pieces[index])
        index += 1
    return found


def _shift_one(number: int, pieces: Sequence[Piece]) -> int:
    index = bisect_left(pieces, number, key=lambda piece: piece.last)
    if index < len(pieces) and pieces[index].first <= number:
        return number + pieces[index].shift
    return number


def _is_in(number: int, ranges: Sequence[tuple[int, int]]) -> bool:
    index = bisect_left(ranges, number, key=lambda pair: pair[1])
    return index < len(ranges) and ranges[index][0] <= number
