"""A curve drawn with letters: an axis of values, one of steps, marks where values are missing."""

import math
from collections.abc import Sequence

from contexta.cli._draw import Pen, number
from contexta.cli._text import padded

_HEIGHT = 12
_WIDEST = 100
_DOTS = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)


def plot(points: Sequence[tuple[float, float]], pen: Pen, height: int = _HEIGHT) -> list[str]:
    """Lines of a picture of ``(step, value)`` points, each a dot of a cell of 2 x 4, joined.

    What is not finite is no dot, and nothing is joined across it: a mark below the axis shows
    where it lies.
    """
    finite = [value for _, value in points if math.isfinite(value)]
    if not finite:
        return ["no finite value to draw"]
    low, high = min(finite), max(finite)
    labels = _labels(low, high, height)
    margin = max(map(len, labels)) + 2
    width = max(min((pen.width or 80) - margin, _WIDEST), 10)
    cells = [[0] * width for _ in range(height)]
    gaps = [False] * width
    first, last = points[0][0], points[-1][0]
    before: tuple[int, int] | None = None
    for step, value in points:
        x = _place(step, first, last, width * 2)
        if not math.isfinite(value):
            gaps[x // 2] = True
            before = None
            continue
        here = (x, height * 4 - 1 - _place(value, low, high, height * 4))
        for dot_x, dot_y in _line(before or here, here):
            cells[dot_y // 4][dot_x // 2] |= _DOTS[dot_x % 2][dot_y % 4]
        before = here
    bar = "│" if pen.fancy else "|"
    lines = [
        f"{pen.paint(padded(label, margin - 2, right=True), 'dim')} {bar}"
        f"{pen.paint(_drawn(row, fancy=pen.fancy), 'info')}"
        for label, row in zip(labels, cells, strict=True)
    ]
    return [*lines, *_axis(gaps, first, last, margin, pen)]


def _axis(gaps: Sequence[bool], first: float, last: float, margin: int, pen: Pen) -> list[str]:
    mark = "✗" if pen.fancy else "x"
    line = "─" if pen.fancy else "-"
    drawn = "".join(pen.paint(mark, "bad") if gap else line for gap in gaps)
    left, right = number(first), number(last)
    blanks = " " * max(len(gaps) - len(left) - len(right), 1)
    corner = "└" if pen.fancy else "+"
    lines = [f"{' ' * (margin - 1)}{corner}{drawn}", f"{' ' * margin}{left}{blanks}{right}"]
    if any(gaps):
        lines.append(f"{' ' * margin}{pen.paint(f'{mark} not finite', 'bad')}")
    return lines


def _labels(low: float, high: float, height: int) -> list[str]:
    labels = [""] * height
    labels[0], labels[-1] = number(float(high)), number(float(low))
    if high > low:
        labels[height // 2] = number(float(low / 2 + high / 2))
    else:
        labels[0] = labels[-1] = ""
        labels[height // 2] = number(float(low))
    return labels


def _place(value: float, low: float, high: float, parts: int) -> int:
    # Halves keep the difference of the two largest doubles finite.
    span = high / 2 - low / 2
    share = 0.5 if span == 0 else (value / 2 - low / 2) / span
    return min(max(int(share * (parts - 1) + 0.5), 0), parts - 1)


def _line(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots from one to another, both included."""
    parts = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    return [
        (
            start[0] + round((end[0] - start[0]) * part / parts),
            start[1] + round((end[1] - start[1]) * part / parts),
        )
        for part in range(parts + 1)
    ]


def _drawn(row: Sequence[int], *, fancy: bool) -> str:
    if fancy:
        return "".join(chr(0x2800 + cell) if cell else " " for cell in row).rstrip()
    return "".join("*" if cell else " " for cell in row).rstrip()
