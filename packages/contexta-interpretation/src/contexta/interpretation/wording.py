"""Values as people read them: numbers, sizes, spans of time, instants, refs.

Reports, pages and the terminal say a value in the same way, by one of three :class:`Wording`:

- ``on_pages``: typographic signs, and thousands apart.
- ``in_reports``: the same without separators, since tables of reports are also written as CSV.
- ``in_terminal``: ASCII only and no blank inside a percentage, since programs read it by columns.

Nothing here raises, whatever the value: a word is drawn beside hundreds of others.
What is not finite is named (``NaN``), never drawn as if it were a number.

Here is no escaping: text of others comes out as it went in.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "Wording",
    "counted",
    "exact",
    "in_reports",
    "in_terminal",
    "listed",
    "on_pages",
    "rough",
    "short_id",
    "short_ref",
]

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_AGES = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (30 * 86_400, 86_400, "d"))
# Nobody reads 78 digits, and from 4,301 on `str` refuses.
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Wording:
    """How values are said in one place.

    Attributes:
        missing: stands for ``None``.
        infinity: stands for infinity; a minus comes before it.
        grouped: commas between the thousands of amounts.
        percent_sign: stands behind the digits of a percentage.
        zone: stands behind an instant of UTC.
    """

    missing: str = "\u2013"
    infinity: str = "\u221e"
    grouped: bool = False
    percent_sign: str = " %"
    zone: str = " UTC"

    def number(self, value: object) -> str:
        """An amount: six significant digits, more where it has more before its point.

        From a thousand million on a float is written with a power of ten; an ``int`` is whole.
        What is no number is said as by :meth:`plain`.
        """
        return self._number(value, grouped=self.grouped)

    def brief(self, value: float | None) -> str:
        """Three significant digits, for labels and where the size matters and not the value."""
        if value is None or not _finite(value):
            return self.number(value)
        return _significant(value, 3)

    def signed(self, value: float | None) -> str:
        """A difference with its sign; no difference is ``0``."""
        return f"+{self.number(value)}" if value is not None and value > 0 else self.number(value)

    def percent(self, ratio: float | None) -> str:
        """A ratio as a percentage with its sign: ``0.031`` is ``+3.10 %``."""
        points = math.nan if ratio is None else ratio * 100
        if not _finite(points):
            return self.missing
        size = abs(points)
        if size >= 999_999.5:
            digits = _significant(points, 3)
            return f"{'+' if points > 0 else ''}{digits}{self.percent_sign}"
        places = 2 if size < 9.995 else 1 if size < 999.95 else 0
        sign = "" if points == 0 else "+" if points > 0 else "-"
        return f"{sign}{size:{',' if self.grouped else ''}.{places}f}{self.percent_sign}"

    def share(self, ratio: float | None) -> str:
        """A part of a whole, 0 to 1: ``99.8 %``; ``100 %`` only of all and ``0 %`` only of none."""
        if ratio is None or not _finite(ratio):
            return self.missing
        points = ratio * 100
        if 0 < points < 100:
            points = min(max(points, 0.1), 99.9)
        return f"{points:.1f}".removesuffix(".0") + self.percent_sign

    def size(self, count: float | None) -> str:
        """Bytes in binary units: ``1.4 MiB``."""
        if count is None or not _finite(count):
            return self.number(count)
        whole = round(count)
        if abs(whole) < 1024:
            return f"{whole} B"
        for power, unit in enumerate(_UNITS, 1):
            # Below 1023.95, which would be written as 1024.0 of a unit that has a larger one.
            if abs(whole) * 20 < 20_479 * 1024**power:
                return f"{whole / 1024**power:.1f} {unit}"
        return f"{self.number(whole // 1024 ** len(_UNITS))} {_UNITS[-1]}"

    def duration(self, seconds: float | None) -> str:
        """A span of time: ``0.12 ms``, ``820 ms``, ``3.4 s``, ``12 min 5 s``, ``5 d 2 h``."""
        if seconds is None or not _finite(seconds):
            return self.missing
        if seconds < 0:
            return f"-{self.duration(-seconds)}"
        if seconds < 0.9995:
            # Stored times have microseconds; what is less is noise of a subtraction.
            return f"{seconds * 1000:.3g} ms" if seconds >= 5e-7 else "0 ms"
        if seconds < 59.95:
            return f"{seconds:.1f} s"
        minutes, rest = divmod(round(seconds), 60)
        if minutes < 60:
            return f"{minutes} min {rest} s"
        hours, minutes = divmod(minutes, 60)
        if hours < 48:
            return f"{hours} h {minutes} min"
        days, hours = divmod(hours, 24)
        return f"{days} d {hours} h" if days < 1000 else f"{self.number(days)} d"

    def elapsed(self, start: str | None, end: str | None) -> str:
        """The time between two stored instants."""
        # Whoever has stored times has loaded what reads them; a help page has not.
        from contexta.interpretation.instants import seconds_between

        return self.duration(seconds_between(start, end))

    def moment(self, text: str | None) -> str:
        """A stored time to the second: ``2026-01-31 12:00:00 UTC``; other text as it is."""
        if text is None:
            return self.missing
        return f"{text[:10]} {text[11:19]}{self.zone}" if _is_stored(text) else text

    def minute(self, text: str | None) -> str:
        """The same to the minute, short enough for a column."""
        if text is None:
            return self.missing
        return f"{text[:10]} {text[11:16]}{self.zone}" if _is_stored(text) else text

    def ago(self, text: str | None, now: float) -> str:
        """How long before ``now`` (seconds since 1970) an instant lies: ``5 min ago``.

        Older than 30 days, or in the future by more than a minute, it is the date.
        Text that is no time stays as it is.
        """
        from contexta.interpretation.instants import seconds_of

        at = seconds_of(text)
        if at is None or text is None:
            return self.missing if text is None else text
        age = now - at
        if -60 < age < 1:
            return "just now"
        for below, length, unit in _AGES:
            if 0 <= age < below:
                return f"{int(age // length)} {unit} ago"
        return text[:10]

    def plain(self, value: object) -> str:
        """Any value of a param, tag or payload: text as it is, mappings and lists as JSON.

        Thousands stay together: a seed or a year is no amount.
        """
        return self._number(value, grouped=False)

    def short_hash(self, text: str | None) -> str:
        """The first twelve digits of a hash or of a revision."""
        return self.missing if text is None else text.removeprefix("sha256:")[:12]

    def _number(self, value: object, *, grouped: bool) -> str:
        if value is None:
            return self.missing
        if isinstance(value, bool):
            return "true" if value else "false"
        comma = "," if grouped else ""
        if isinstance(value, int):
            return _significant(value, 6) if _is_long(value) else f"{value:{comma}d}"
        if isinstance(value, float):
            if math.isnan(value):
                return "NaN"
            if math.isinf(value):
                return self.infinity if value > 0 else f"-{self.infinity}"
            in_full = abs(value) < 1e9 and (value.is_integer() or abs(value) >= 999_999.5)
            return f"{round(value):{comma}d}" if in_full else f"{value:{comma}.6g}"
        return value if isinstance(value, str) else _json(value)


on_pages = Wording(grouped=True)
in_reports = Wording()
in_terminal = Wording(missing="-", infinity="inf", percent_sign="%", zone="Z")


def exact(value: object) -> str:
    """A number with every digit, for the hint over a rounded one."""
    if isinstance(value, int) and _is_long(value):
        return _significant(value, 17)
    return repr(value) if isinstance(value, float) else str(value)


def rough(value: float | None) -> str:
    """Four significant digits, for sentences, where nothing is ``unknown``."""
    if value is None or not _finite(value):
        return "unknown" if value is None else in_terminal.number(value)
    return _significant(value, 4)


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: ``1 run``, ``12,000 runs``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(values: Sequence[str], most: int) -> str:
    """The first values, and how many more there are."""
    shown = ", ".join(values[:most])
    return f"{shown} and {len(values) - most:,} more" if len(values) > most else shown


def short_ref(ref: str) -> str:
    """A ref without its kind: ``run:p.r`` is shown as ``p.r``."""
    return ref.partition(":")[2] or ref


def short_id(ref: str) -> str:
    """The last part of a ref, which tells runs of one project apart."""
    return ref.rpartition(".")[2] or ref


def _finite(value: float) -> bool:
    # `math.isfinite` makes a double first, which a long int does not fit into.
    return isinstance(value, int) or math.isfinite(value)


def _is_long(value: int) -> bool:
    return value.bit_length() > _LONGEST


def _significant(value: float, digits: int) -> str:
    if not isinstance(value, int) or not _is_long(value):
        return f"{value:.{digits}g}"
    mantissa, _, power = f"{Decimal(value):.{digits - 1}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{power}"


def _is_stored(text: str) -> bool:
    return len(text) >= 19 and text[10] == "T" and text.endswith("Z")


def _json(value: object) -> str:
    try:
        return json.dumps(value, sort_keys=True, default=_open, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        pass  # keys of several types, itself inside, or a number that `str` refuses
    try:
        return str(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} that is too long to read"


def _open(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)
