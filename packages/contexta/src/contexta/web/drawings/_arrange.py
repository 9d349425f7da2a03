"""Things in columns, so that what comes of something stands right of it.

The method is that of layered drawings (Sugiyama and others 1981): columns by the longest way,
empty places for edges that pass a column, and an order within columns by the mean place of the
neighbors, back and forth a few times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Keys column by column; ``ways`` are the empty places that an edge passes, by its ends.

    A key that stands for an empty place is among the columns and names no thing.
    """

    columns: tuple[tuple[str, ...], ...]
    ways: Mapping[tuple[str, str], tuple[str, ...]]

    def places(self) -> dict[str, tuple[int, float]]:
        """Return column and row of each key; columns are centered on each other."""
        tallest = max((len(column) for column in self.columns), default=1)
        return {
            key: (number, row + (tallest - len(column)) / 2)
            for number, column in enumerate(self.columns)
            for row, key in enumerate(column)
        }


def arrange(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> Arrangement:
    """Return where the things stand; an edge that closes a circle is disregarded.

    Args:
        keys: of the things, each once.
        edges: what comes first, and what comes of it.
    """
    after = _without_circles(keys, edges)
    depth = _depths(keys, after)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for key in keys:
        columns[depth[key]].append(key)
    ways: dict[tuple[str, str], tuple[str, ...]] = {}
    links: list[tuple[str, str]] = []
    for first, followers in after.items():
        for last in followers:
            # A NUL is in no key, so that no thing is taken for an empty place.
            way = tuple(f"\0{first}\0{last}\0{c}" for c in range(depth[first] + 1, depth[last]))
            for column, key in enumerate(way, depth[first] + 1):
                columns[column].append(key)
            ways[first, last] = way
            chain = (first, *way, last)
            links += pairwise(chain)
    return Arrangement(tuple(tuple(column) for column in _near(columns, links)), ways)


def _without_circles(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The edges by where they start, without those that lead back onto the way to them."""
    after: dict[str, list[str]] = {key: [] for key in keys}
    for first, last in edges:
        if not {first, last} <= after.keys() or first == last or last in after[first]:
            continue
        if not _leads(last, first, after):
            after[first].append(last)
    return after


def _leads(start: str, goal: str, after: Mapping[str, Sequence[str]]) -> bool:
    seen, queue = {start}, [start]
    while queue:
        key = queue.pop()
        if key == goal:
            return True
        fresh = [follower for follower in after[key] if follower not in seen]
        seen.update(fresh)
        queue += fresh
    return False


def _depths(keys: Sequence[str], after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The longest way to each thing; what nothing leads to stands right before what it leads to."""
    depth = dict.fromkeys(keys, 0)
    order = _in_order(keys, after)
    for key in order:
        for follower in after[key]:
            depth[follower] = max(depth[follower], depth[key] + 1)
    reached = {follower for followers in after.values() for follower in followers}
    for key in order:
        if after[key] and key not in reached:
            depth[key] = min(depth[follower] for follower in after[key]) - 1
    return depth


def _in_order(keys: Sequence[str], after: Mapping[str, Sequence[str]]) -> list[str]:
    """The things so that each stands before those that come of it."""
    waiting = dict.fromkeys(keys, 0)
    for followers in after.values():
        for follower in followers:
            waiting[follower] += 1
    ready = [key for key in keys if not waiting[key]]
    order: list[str] = []
    while ready:
        key = ready.pop(0)
        order.append(key)
        for follower in after[key]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return order


def _near(columns: list[list[str]], links: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Order each column by the mean place of the neighbors on one side, then the other."""
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for first, last in links:
        before[last].append(first)
        after[first].append(last)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        neighbors = before if forward else after
        for column in columns if forward else list(reversed(columns)):
            places = {key: row - len(c) / 2 for c in columns for row, key in enumerate(c)}
            column.sort(key=lambda key: _mean(key, neighbors, places))  # used at once
    return columns


def _mean(key: str, neighbors: Mapping[str, Sequence[str]], places: Mapping[str, float]) -> float:
    found = [places[other] for other in neighbors.get(key, ())]
    return sum(found) / len(found) if found else places[key]
