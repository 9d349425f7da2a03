"""Which numbers were seen, in little memory: at most a byte a number, full pages nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

_PAGE_BITS = 12
_PAGE = 1 << _PAGE_BITS
_FULL = b"\x01" * _PAGE


class SequenceSet:
    """A set of sequence numbers that remembers those that were added twice.

    `twice` holds at most `limit` of them, in the order found; `twice_count` counts all.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._pages: dict[int, bytearray | bytes] = {}
        self._limit = limit
        self.twice: list[int] = []
        self.twice_count = 0

    def add(self, numbers: pa.ChunkedArray | pa.Array) -> None:
        """Add a column of numbers; columns of a row group, not of a store, keep memory small."""
        ranges = list(ranges_of(numbers, self._note_twice))
        if len(ranges) * 4 < len(numbers):
            for first, last in ranges:
                self.add_range(first, last)
        else:
            self._add_each(ranges)

    def _add_each(self, ranges: list[tuple[int, int]]) -> None:
        """Add ascending ranges that are short: a loop over numbers costs less than slices."""
        page_number = -1
        page: bytearray | bytes = b""
        for first, last in ranges:
            for number in range(first, last + 1):
                if number >> _PAGE_BITS != page_number:
                    self._close_page(page_number, page)
                    page_number = number >> _PAGE_BITS
                    page = self._pages.setdefault(page_number, bytearray(_PAGE))
                if page[number & (_PAGE - 1)]:
                    self._note_twice(number)
                elif isinstance(page, bytearray):
                    page[number & (_PAGE - 1)] = 1
        self._close_page(page_number, page)

    def _close_page(self, page_number: int, page: bytearray | bytes) -> None:
        if page == _FULL:
            self._pages[page_number] = _FULL

    def add_range(self, first: int, last: int) -> None:
        """Add all numbers of an inclusive range."""
        number = first
        while number <= last:
            page_number, start = number >> _PAGE_BITS, number & (_PAGE - 1)
            end = min(_PAGE, start + last - number + 1)
            self._add_to_page(page_number, start, end)
            number += end - start

    def _add_to_page(self, page_number: int, start: int, end: int) -> None:
        page = self._pages.get(page_number)
        if page is None:
            page = self._pages[page_number] = bytearray(_PAGE)
        known = page.find(1, start, end)
        while known >= 0:
            self._note_twice((page_number << _PAGE_BITS) + known)
            known = page.find(1, known + 1, end)
        if isinstance(page, bytearray):
            page[start:end] = _FULL[: end - start]
            if end == _PAGE and page == _FULL:
                self._pages[page_number] = _FULL

    def _note_twice(self, number: int) -> None:
        self.twice_count += 1
        if len(self.twice) < self._limit:
            self.twice.append(number)

    def missing(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the numbers of `first..last` that were not added, as inclusive ranges."""
        begin = 0
        for number in range(first >> _PAGE_BITS, (last >> _PAGE_BITS) + 1):
            base = number << _PAGE_BITS
            page = self._pages.get(number, b"\0" * _PAGE)
            position, end = max(first - base, 0), min(last - base, _PAGE - 1) + 1
            while position < end:
                looked_for = 1 if begin else 0
                found = page.find(looked_for, position, end)
                if found < 0:
                    break
                if begin:
                    yield begin, base + found - 1
                    begin = 0
                else:
                    begin = base + found
                position = found
        if begin:
            yield begin, last


def ranges_of(
    numbers: pa.ChunkedArray | pa.Array, twice: Callable[[int], None] | None = None
) -> Iterator[tuple[int, int]]:
    """Yield the ascending inclusive ranges that a column consists of.

    Args:
        numbers: int64 without nulls, in any order.
        twice: Called with each number that repeats.
    """
    if len(numbers) == 0:
        return
    column = numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    ordered = column.take(pc.array_sort_indices(column))
    steps = pc.subtract(ordered[1:], ordered[:-1])
    if twice is not None:
        for number in ordered[1:].filter(pc.equal(steps, 0)).to_pylist():
            twice(number)
    jumps = pc.greater(steps, 1)
    starts = [ordered[0].as_py(), *ordered[1:].filter(jumps).to_pylist()]
    ends = [*ordered[:-1].filter(jumps).to_pylist(), ordered[-1].as_py()]
    yield from zip(starts, ends, strict=True)
