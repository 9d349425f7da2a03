"""The query and the ids of one request: typed, checked, refused with a coded 400."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from contexta.web._errors import HttpError, bad_request

if TYPE_CHECKING:
    from contexta.interpretation.query import RunListQuery

_YES = frozenset({"1", "true", "yes"})
_DIGITS = 18


class Params:
    """Values of one request.

    The first value of a repeated key counts; a blank value is an absent one.

    Args:
        query: values by name, decoded, the first of each.
        ids: values of the path, decoded once.
        page_limit: the longest list that one answer may hold.
    """

    def __init__(
        self,
        query: Mapping[str, str] | None = None,
        ids: Mapping[str, str] | None = None,
        *,
        page_limit: int = 1000,
    ) -> None:
        self._query = {key: value for key, value in (query or {}).items() if value.strip()}
        self._ids = dict(ids or {})
        self.page_limit = page_limit
        self.asked: set[str] = set()

    def id(self, name: str) -> str:
        """Return an id of the path."""
        return self._ids[name]

    @property
    def query(self) -> dict[str, str]:
        """All values of the query by name, for links that keep them."""
        return dict(self._query)

    def text(self, name: str, default: str | None = None) -> str | None:
        """Return a value as it was given, or ``default``."""
        self.asked.add(name)
        return self._query.get(name, default)

    def require(self, name: str) -> str:
        """Return a value that must be there.

        Raises:
            HttpError: 400, it is missing or blank.
        """
        value = self.text(name)
        if value is None:
            raise bad_request(
                f"the parameter {name} is missing; add {name}=… to the address",
                {"parameter": name},
            )
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return whether a value is 1, true or yes; any other is false."""
        value = self.text(name)
        return default if value is None else value.strip().lower() in _YES

    def whole(
        self, name: str, default: int | None = None, *, low: int = 0, high: int | None = None
    ) -> int | None:
        """Return a whole number.

        Raises:
            HttpError: 400, it is none, or not within ``low`` and ``high``.
        """
        value = self.text(name)
        if value is None:
            return default
        text = value.strip()
        digits = text.removeprefix("-")
        # Length first: turning thousands of digits into a number takes long, or raises.
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
            raise _wrong(name, value, "a whole number")
        number = int(text)
        if number < low or (high is not None and number > high):
            rule = f"at least {low}" if high is None else f"between {low} and {high}"
            raise _wrong(name, value, f"a whole number {rule}")
        return number

    def number(self, name: str, default: float | None = None) -> float | None:
        """Return a finite number.

        Raises:
            HttpError: 400, it is none.
        """
        value = self.text(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError as error:
            raise _wrong(name, value, "a number") from error
        if not math.isfinite(number):
            raise _wrong(name, value, "a finite number")
        return number

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str | None:
        """Return one of the words ``allowed``.

        Raises:
            HttpError: 400, another word.
        """
        value = self.text(name)
        if value is None:
            return default
        if value not in allowed:
            raise _wrong(name, value, f"one of {', '.join(allowed)}")
        return value

    def words(self, name: str, *, at_least: int = 0, at_most: int = 100) -> tuple[str, ...]:
        """Return the parts of a value between its commas, blanks dropped.

        Raises:
            HttpError: 400, fewer or more of them than allowed.
        """
        value = self.text(name) or ""
        found = tuple(part.strip() for part in value.split(",") if part.strip())
        if not at_least <= len(found) <= at_most:
            raise bad_request(
                f"{name} names {len(found)}; it must name {at_least} to {at_most}, "
                "with commas between them",
                {"parameter": name, "given": len(found)},
            )
        return found

    def page_size(self, default: int | None = None, name: str = "limit") -> int | None:
        """Return how many things a list may hold, at most ``page_limit``.

        Raises:
            HttpError: 400, no whole number, or not within 1 and ``page_limit``.
        """
        return self.whole(name, default, low=1, high=self.page_limit)

    def run_query(
        self,
        *,
        limit: int | None = None,
        project: str | None = None,
        desc: bool = True,
    ) -> RunListQuery:
        """Return what the parameters of run lists ask for, newest first by default.

        Reads project, status, after, before, limit, offset, sort, desc and where. ``after``
        that is a cursor of a page is left to the page.

        Raises:
            HttpError: 400, a number that is none.
            ValidationError: a filter that cannot be; for ``where`` with the place in its text.
        """
        from contexta.interpretation.query import RunListQuery, TimeRange

        after, before = self.text("after"), self.text("before")
        if after is not None and is_cursor(after):
            after = None
        named = project if project is not None else self.text("project")
        return RunListQuery(
            project_name=named,
            status=self.text("status"),
            time_range=TimeRange(after, before) if after or before else None,
            limit=self.page_size(limit),
            offset=self.whole("offset", 0, low=0) or 0,
            sort_by=self.text("sort") or "started_at",
            sort_desc=self.flag("desc", default=desc),
            where=self.text("where"),
        )


def is_cursor(text: str) -> bool:
    """Whether ``after`` continues a page, and is no time."""
    return text.startswith("q1.")


def _wrong(name: str, value: str, rule: str) -> HttpError:
    shown = value if len(value) <= 80 else value[:79] + "…"
    return bad_request(f"{name} is {shown!r}; it must be {rule}", {"parameter": name})
