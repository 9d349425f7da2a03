"""Text for terminals: harmless, aligned, short."""

import re
from collections.abc import Iterable, Sequence

# Control characters, C1, line and paragraph separators, and those that turn the writing
# direction around: each could make a terminal or a reader show what is not there.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_CONTROL_IN_LINES = re.compile(_CONTROL.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))


def printable(value: object, *, keep_lines: bool = False) -> str:
    r"""Text with control, bidirectional and unencodable characters shown as ``\x..``.

    Args:
        value: anything; ``None`` becomes ``-``.
        keep_lines: leave line feeds as they are.
    """
    if value is None:
        return "-"
    return (_CONTROL_IN_LINES if keep_lines else _CONTROL).sub(_escaped, str(value))


def number(value: object) -> str:
    """A number with six significant digits; ``None`` becomes ``-``."""
    return f"{value:.6g}" if isinstance(value, float) else printable(value)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a table: columns two blanks apart, each as wide as its widest cell."""
    cells = [list(header), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
