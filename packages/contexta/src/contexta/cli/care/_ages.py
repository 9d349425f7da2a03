"""Ages on the command line: ``90d``, ``12h``, ``52w``."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([hdwy])")
_HOURS = {"h": 1.0, "d": 24.0, "w": 168.0, "y": 8_766.0}


if TYPE_CHECKING:
    _Base = click.ParamType[timedelta]
else:
    _Base = click.ParamType  # generic since click 8.2 only


class Age(_Base):
    """A time span as a number and a unit; the value is a `timedelta`."""

    name = "age"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        """Read a text such as ``90d``."""
        if isinstance(value, timedelta):
            return value
        found = _AGE.fullmatch(str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no age; write 90d, 12h, 52w or 2y", param, ctx)
        try:
            return timedelta(hours=float(found[1]) * _HOURS[found[2]])
        except OverflowError:
            self.fail(f"{value!r} is too long", param, ctx)


AGE = Age()


def before(age: timedelta | None) -> datetime | None:
    """Return the instant that lies so long ago."""
    return None if age is None else datetime.now(UTC) - age
