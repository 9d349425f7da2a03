"""Drawing for people: tables that fit the terminal, curves, trees, words with color.

Everything returns lines or pieces of lines and prints nothing.  A :class:`Pen` says how:
with color or without, how wide, since when.  Text from data goes through here
unescaped; each function makes it printable.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from contexta.cli import _values
from contexta.cli._sparkline import sparkline
from contexta.cli._text import one_line, shortened, width_of, wrapped
from contexta.cli._values import duration, elapsed, number, percent, signed, size

__all__ = [
    "Column",
    "Curve",
    "Node",
    "Pen",
    "Styled",
    "duration",
    "elapsed",
    "facts",
    "heading",
    "note_lines",
    "number",
    "percent",
    "signed",
    "size",
    "sparkline",
    "status",
    "table",
    "tree",
]

_STYLES = {
    "bold": "1",
    "dim": "2",
    "good": "32",
    "bad": "31",
    "doubt": "33",
    "info": "36",
    "title": "1;36",
}
_CURVE = 24
# Names that people give are shorter; one of 10 kB must not push all other columns out.
_KEPT = 64
_STATUS = {
    "completed": ("✓", "good"),
    "succeeded": ("✓", "good"),
    "active": ("✓", "good"),
    "running": ("●", "info"),
    "open": ("●", "info"),
    "failed": ("✗", "bad"),
    "interrupted": ("!", "doubt"),
    "cancelled": ("○", "doubt"),
}
_SEVERITY = {"error": "bad", "critical": "bad", "warning": "doubt", "info": "info"}


@dataclass(frozen=True, slots=True)
class Pen:
    """How to draw.

    Attributes:
        color: use color.
        width: cells of a line; ``None`` when nobody cuts lines, as in a pipe.
        person: somebody reads this in a terminal; else a program may read it line by line.
        relative: say times as ``5 min ago`` instead of exactly.
        fancy: bars and lines outside of ASCII can be shown.
        now: the moment of drawing in seconds since 1970.
    """

    color: bool = False
    width: int | None = None
    person: bool = False
    relative: bool = False
    fancy: bool = True
    now: float = 0.0

    def paint(self, text: str, style: str | None) -> str:
        """Color a piece of printable text; ``style`` is one of bold, dim, good, bad, doubt, …."""
        if not self.color or not style or not text:
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"

    def when(self, text: str | None) -> str:
        """A stored time: relative for people, or to the second; for programs as it is."""
        if self.relative:
            return Whole(_values.ago(text, self.now))
        return Whole(_values.moment(text) if self.person else one_line(text, 40))


class Whole(str):
    """Short text of a fixed width, such as a time: half of it says nothing, so it is never cut."""

    __slots__ = ()


class Styled(NamedTuple):
    """A cell or label with a color."""

    text: object
    style: str | None


class Curve(NamedTuple):
    """A cell that is a sparkline, as wide as there is room."""

    values: Sequence[float | None]


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: what stands above it.
        right: numbers stand right, and are never cut.
        middle: cut in the middle, as ids are, whose ends tell them apart.
        keep: names that people copy: up to 64 cells are never cut while another column can go.
        wrap: the last column only: what is too long goes on below, up to five lines.
    """

    title: str
    right: bool = False
    middle: bool = False
    wrap: bool = False
    keep: bool = False


@dataclass(slots=True)
class Node:
    """A line of a tree, and what hangs below it."""

    label: Any
    children: list["Node"] = field(default_factory=list)


def table(columns: Sequence[object], rows: Iterable[Sequence[object]], pen: Pen) -> list[str]:
    """Lines of a table that fits ``pen.width``.

    Long cells are shortened, those of the right columns first; numbers, times and names that are
    to be kept never.  Columns for which no room is left are named below the table: none
    disappears in silence.

    Args:
        columns: titles, or columns with more to say.
        rows: a cell is a :class:`Styled`, text, a number or ``None``.
        pen: how to draw.
    """
    rows = list(rows)
    heads = [_head(one) for one in columns]
    cells = [[_cell(value) for value in row] for row in rows]
    whole = {place for row in rows for place, value in enumerate(row) if isinstance(value, Whole)}
    whole |= {place for place, head in enumerate(heads) if head.right}
    widths = [
        max([width_of(head.title), *(width_of(row[place][0]) for row in cells)])
        for place, head in enumerate(heads)
    ]
    shown = _fit(heads, widths, whole, pen.width)
    titles = [_Cell(head.title, None) for head in heads]
    lines = [pen.paint(_row(titles, heads, shown, Pen()), "bold")]
    for row in cells:
        lines.append(_row(row, heads, shown, pen))
        lines += _rest(row, heads, shown, pen)
    if len(shown) < len(heads):
        hidden = ", ".join(head.title.lower() for head in heads[len(shown) :] if head.title)
        lines.append(pen.paint(f"(no room for: {hidden}; --format json has all)", "dim"))
    return lines


def facts(pairs: Iterable[tuple[str, object]], pen: Pen) -> list[str]:
    """Lines ``Label: value``, values below each other; those that are ``None`` are left out."""
    given = [
        (one_line(label, 40), *_cell(value)[:2]) for label, value in pairs if value is not None
    ]
    widest = max((width_of(label) for label, _, _ in given), default=0)
    lines = []
    for label, text, style in given:
        room = None if pen.width is None else max(pen.width - widest - 2, 16)
        text = text if room is None else shortened(text, room)
        lines.append(
            f"{pen.paint(f'{label}:', 'dim')}{' ' * (widest - width_of(label) + 1)}"
            f"{pen.paint(text, style)}"
        )
    return lines


def heading(text: object, pen: Pen) -> list[str]:
    """An empty line and a title."""
    return ["", pen.paint(one_line(text), "title")]


def status(word: str | None, pen: Pen) -> Styled:
    """A status as sign, word and color; never color alone.  For programs, the word."""
    sign, style = _STATUS.get(word or "", ("", None))
    text = one_line(word, 40)
    return Styled(f"{sign} {text}" if sign and pen.fancy and pen.person else text, style)


def severity(word: str) -> Styled:
    """A severity with its color."""
    return Styled(word, _SEVERITY.get(word))


def better(text: str, improved: bool | None) -> Styled:
    """A difference, green where it is for the better, red for the worse."""
    return Styled(text, None if improved is None else "good" if improved else "bad")


def tree(roots: Iterable[Node], pen: Pen) -> list[str]:
    """Lines of a tree; labels are text, :class:`Styled`, or several of them."""
    lines: list[str] = []
    for root in roots:
        # A stack of our own: a chain of thousands of nodes must not end in a RecursionError.
        stack: list[tuple[Node, str, str]] = [(root, "", "")]
        while stack:
            node, before, below = stack.pop()
            lines.append(f"{pen.paint(before, 'dim')}{_label(node.label, width_of(before), pen)}")
            last = len(node.children) - 1
            branches = []
            for place, child in enumerate(node.children):
                joint, rest = _joints(last=place == last, fancy=pen.fancy)
                branches.append((child, below + joint, below + rest))
            stack += reversed(branches)
    return lines


def note_lines(notes: Iterable[Any], pen: Pen, most: int = 3) -> list[str]:
    """What limits an answer, in words: the first notes, the others as a count.

    Args:
        notes: texts, or objects with ``severity``, ``summary`` and ``details``.
        pen: how to draw.
        most: so many notes; each goes on below where it is longer than a line.
    """
    lines: dict[str, tuple[str | None, int]] = {}
    for note in notes:
        text, style = _note(note)
        lines[text] = (style, lines.get(text, (style, 0))[1] + 1)
    drawn = [
        _told(f"{text}{f' ({count} times)' if count > 1 else ''}", style, pen)
        for text, (style, count) in lines.items()
    ]
    if len(drawn) <= most + 1:
        return list(chain.from_iterable(drawn))
    more = f"Note: {len(drawn) - most} more; --format json has all"
    return [*chain.from_iterable(drawn[:most]), pen.paint(more, "dim")]


def _note(note: Any) -> tuple[str, str | None]:
    if isinstance(note, str):
        return _words(note), "doubt"
    details = note.details or {}
    text = _words(note.summary)
    if isinstance(details.get("stage_name"), str):
        text += f" in stage {one_line(details['stage_name'], 60)}"
    for name, word in (("nearest", "nearest"), ("nearest_stages", "nearest stages")):
        if details.get(name):
            text += f"; {word}: {', '.join(one_line(near, 60) for near in details[name])}"
    return text, _SEVERITY.get(note.severity)


def _words(summary: str) -> str:
    """A code such as ``missing_metric_for_run:loss`` in words, as pages and reports say it."""
    from contexta.interpretation.meanings import in_a_sentence

    return one_line(in_a_sentence(summary))


def _told(text: str, style: str | None, pen: Pen) -> list[str]:
    """The lines of a note; what goes on stands below its words."""
    if pen.width is None:
        return [pen.paint(f"Note: {text}", style)]
    first, *others = wrapped(text, max(pen.width - 6, 20))
    return [
        pen.paint(f"Note: {first}", style),
        *(pen.paint(f"      {one}", style) for one in others),
    ]


def _head(column: object) -> Column:
    known = column if isinstance(column, Column) else Column(str(column))
    # Keys of metrics and params are titles, too.
    return known._replace(title=one_line(known.title, 60))


class _Cell(NamedTuple):
    """Printable text, its style, and the values of a curve."""

    text: str
    style: str | None
    curve: Sequence[float | None] = ()


def _cell(value: object) -> _Cell:
    style = None
    if isinstance(value, Curve):
        return _Cell("." * min(len(value.values), _CURVE), "info", value.values)
    if isinstance(value, Styled):
        value, style = value
    if isinstance(value, float):
        style = style or (None if math.isfinite(value) else "doubt")
        value = number(value)
    elif isinstance(value, bool):
        value = number(value)
    return _Cell(one_line(value, 400), style)


def _row(row: Sequence[_Cell], heads: Sequence[Column], widths: Sequence[int], pen: Pen) -> str:
    out = []
    last = len(widths) - 1
    for place, (head, width) in enumerate(zip(heads, widths, strict=False)):
        text, style, curve = row[place]
        if curve:
            text = sparkline(curve, pen, width_of(text) if width_of(text) <= width else width)
        elif head.wrap and place == last:
            text = wrapped(text, width)[0]
        text = shortened(text, width, middle=head.middle)
        blanks = " " * (width - width_of(text))
        drawn = pen.paint(text, style)
        if head.right:
            out.append(blanks + drawn)
        else:
            out.append(drawn if place == last else drawn + blanks)
    return "  ".join(out).rstrip()


def _rest(
    row: Sequence[_Cell], heads: Sequence[Column], widths: Sequence[int], pen: Pen
) -> list[str]:
    """What of the last cell did not go into its line."""
    if len(widths) < len(heads) or not heads[-1].wrap:
        return []
    before = " " * (sum(widths[:-1]) + 2 * (len(widths) - 1))
    return [
        before + pen.paint(text, row[-1].style) for text in wrapped(row[-1].text, widths[-1])[1:]
    ]


def _fit(
    heads: Sequence[Column], natural: Sequence[int], whole: Collection[int], room: int | None
) -> list[int]:
    """Widths of the columns that are shown, from the left; fewer when there is no room.

    The columns at the places ``whole`` keep their width as long as they are there.
    """
    widths = list(natural)
    if room is None:
        return widths
    for text_floor, id_floor in ((28, 40), (16, 28), (12, 22), (11, 16)):
        for place in range(len(widths) - 1, -1, -1):
            over = sum(widths) + 2 * (len(widths) - 1) - room
            if over <= 0:
                return widths
            if place not in whole:
                head = heads[place]
                floor = _KEPT if head.keep else id_floor if head.middle else text_floor
                least = min(widths[place], max(floor, width_of(head.title)))
                widths[place] = max(widths[place] - over, least)
    while len(widths) > 1 and sum(widths) + 2 * (len(widths) - 1) > room:
        widths.pop()
    # What the columns that went leave free goes back to those that were cut, from the left.
    spare = room - sum(widths) - 2 * (len(widths) - 1)
    for place in range(len(widths)):
        gain = min(natural[place] - widths[place], max(spare, 0))
        widths[place] += gain
        spare -= gain
    return [min(width, max(room, 4)) for width in widths]


def _joints(*, last: bool, fancy: bool) -> tuple[str, str]:
    if not fancy:
        return ("`- ", "   ") if last else ("|- ", "|  ")
    return ("└─ ", "   ") if last else ("├─ ", "│  ")


def _label(label: Any, indent: int, pen: Pen) -> str:
    several = isinstance(label, (list, tuple)) and not isinstance(label, Styled)
    pieces = label if several else [label]
    room = None if pen.width is None else max(pen.width - indent, 10)
    out = []
    for piece in pieces:
        text, style, _ = _cell(piece)
        if room is not None:
            if room <= 0:
                break
            text = shortened(text, room)
            room -= width_of(text) + 1
        out.append(pen.paint(text, style))
    return " ".join(out)
