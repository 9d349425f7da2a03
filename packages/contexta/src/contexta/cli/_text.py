"""Text for terminals: harmless, measured in cells, cut to a width."""

import re
import unicodedata
from functools import lru_cache

# Control characters, C1, line and paragraph separators, and those that turn the writing
# direction around: each could make a terminal or a reader show what is not there.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROL_IN_LINES = re.compile(_CONTROL.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_LONGEST_CELL = 200


def printable(value: object, *, keep_lines: bool = False) -> str:
    r"""Text with control, bidirectional and unencodable characters shown as ``\x..``.

    Args:
        value: anything; ``None`` becomes ``-``.
        keep_lines: leave line feeds as they are.
    """
    if value is None:
        return "-"
    return (_CONTROL_IN_LINES if keep_lines else _CONTROL).sub(_escaped, str(value))


def width_of(text: str) -> int:
    """How many cells of a terminal a text takes; wide letters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cells(letter) for letter in text)


def shortened(text: str, width: int, *, middle: bool = False) -> str:
    """Cut a text to ``width`` cells, with an ellipsis where something went.

    Args:
        text: printable text.
        width: at least 1.
        middle: cut in the middle, for ids whose end tells them apart.
    """
    if width_of(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    if middle and width >= 8:
        tail = (width - 1) * 2 // 3
        return f"{_head(text, width - 1 - tail)}…{_head(text[::-1], tail)[::-1]}"
    return f"{_head(text, width - 1)}…"


def wrapped(text: str, width: int, most: int = 5) -> list[str]:
    """Break a printable text into lines of ``width`` cells, at blanks where there are any.

    At most ``most`` lines; the last one says with an ellipsis that there was more.
    """
    lines: list[str] = []
    left = text
    while left and len(lines) < most:
        if width_of(left) <= width or len(lines) == most - 1:
            lines.append(shortened(left.rstrip(), width))
            break
        head = _head(left, width)
        cut = head.rfind(" ") if left[len(head) : len(head) + 1] != " " else len(head)
        place = cut if cut > width // 3 else max(len(head), 1)
        lines.append(left[:place].rstrip())
        left = left[place:].lstrip()
    return lines or [""]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text with blanks to ``width`` cells; ``right`` puts them before it."""
    blanks = " " * max(width - width_of(text), 0)
    return blanks + text if right else text + blanks


def one_line(value: object, longest: int = _LONGEST_CELL) -> str:
    """Printable text of at most ``longest`` cells; a name of 10 kB must not fill the screen."""
    text = value if isinstance(value, str) else str(value) if value is not None else "-"
    # Cut before escaping, too: only what can be shown is worth looking at.
    return shortened(printable(text[: longest + 1]), longest)


def _head(text: str, width: int) -> str:
    taken = 0
    for place, letter in enumerate(text):
        taken += _cells(letter)
        if taken > width:
            return text[:place]
    return text


@lru_cache(maxsize=4096)
def _cells(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
