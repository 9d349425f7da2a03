"""The options that choose runs, shared by all commands that take several."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from contexta.interpretation.query import RunListQuery, UnknownKey


_FIELDS = ("started_at", "ended_at", "name", "status", "duration")
_KEYED = ("param:", "metric:")


class Asked(NamedTuple):
    """Which runs were asked for."""

    project: str | None = None
    status: str | None = None
    after: str | None = None
    before: str | None = None
    where: str | None = None
    sort: str | None = None
    desc: bool = False
    limit: int | None = None
    offset: int | None = None

    @property
    def given(self) -> bool:
        """Whether any option was."""
        return any(value is not None and value is not False for value in self)

    def query(self) -> "RunListQuery | None":
        """The query of the options; ``None`` when there are none.

        Raises:
            ValidationError: an option that cannot be; an expression with the place of the fault.
        """
        return self.always() if self.given else None

    def always(self) -> "RunListQuery":
        """The query of the options, that of all runs without one."""
        from contexta.interpretation.query import RunListQuery, TimeRange

        bounds = None
        if self.after is not None or self.before is not None:
            bounds = TimeRange(self.after, self.before)
        return RunListQuery(
            project_name=self.project,
            status=self.status,
            time_range=bounds,
            where=self.where,
            sort_by=self.sort or "started_at",
            sort_desc=self.desc,
            limit=self.limit,
            offset=self.offset or 0,
        )


def _sort_field(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is None or value in _FIELDS or value.startswith(_KEYED):
        return value
    raise click.BadParameter(f"{value!r} is none of {', '.join(_FIELDS)}, param:KEY, metric:KEY")


_OPTIONS = (
    click.option("--project", metavar="NAME", help="Only runs of this project."),
    click.option("--status", metavar="STATUS", help="Only runs with this status."),
    click.option("--after", metavar="ISO", help="Only runs that started at this time or later."),
    click.option("--before", metavar="ISO", help="Only runs that started at this time or before."),
    click.option(
        "--where",
        metavar="EXPR",
        help="Only runs for which this is true, such as "
        "'params.lr < 0.01 and metrics.accuracy.max > 0.9'.",
    ),
    click.option(
        "--sort",
        metavar="FIELD",
        callback=_sort_field,
        help="Order by started_at, ended_at, name, status, duration, param:KEY or metric:KEY.  "
        "Default: started_at.",
    ),
    click.option("--desc", is_flag=True, help="Newest, last or highest first."),
    click.option("--limit", type=int, metavar="N", help="At most this many runs."),
    click.option("--offset", type=int, metavar="N", help="Leave out this many first."),
)


def run_query(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as one argument ``asked``."""

    @wraps(command)
    def called(*args: Any, **options: Any) -> Any:
        asked = Asked(**{name: options.pop(name) for name in Asked._fields})
        return command(*args, asked=asked, **options)

    found: Callable[..., Any] = called
    for option in reversed(_OPTIONS):
        found = option(found)
    return found


def nothing_found(ctx: Any, asked: Asked) -> list[str]:
    """Say that no run fits, and what else may have been meant."""
    projects = ctx.list_projects()
    if not projects:
        return ["no runs: this workspace has none yet"]
    lines = ["no runs"]
    if asked.project is not None and asked.project not in projects:
        lines.append(no_project(asked.project, projects))
    if asked.where is not None:
        lines += [_no_key(key) for key in ctx.query_service.unknown_keys(asked.where)]
    return lines


def unknown_order(ctx: Any, asked: Asked) -> list[str]:
    """Say that no run has the key that runs are sorted by, and what else may have been meant."""
    if asked.sort is None or not asked.sort.startswith(_KEYED):
        return []
    by_key = Asked(sort=asked.sort).always()
    return [
        f"{_no_key(key)}.  So they are by start." for key in ctx.query_service.unknown_keys(by_key)
    ]


def _no_key(key: "UnknownKey") -> str:
    from contexta.cli._text import one_line

    near = f"; nearest: {', '.join(one_line(n, 60) for n in key.nearest)}"
    return f"Hint: no run has {one_line(key.field, 80)}{near if key.nearest else ''}"


def no_project(wanted: str, projects: Sequence[str]) -> str:
    """Name the nearest projects, or what there is."""
    from difflib import get_close_matches

    from contexta.cli._text import one_line

    near = get_close_matches(wanted, projects)
    names = ", ".join(one_line(name, 40) for name in (near or projects[:10]))
    way_out = f"did you mean {names}?" if near else f"there are {names}"
    return f"Hint: there is no project {one_line(wanted, 60)}; {way_out}"
