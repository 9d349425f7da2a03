"""The options that choose groups of runs: by name or by an expression."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from contexta.interpretation import RunListQuery
    from contexta.interpretation.groups import GroupComparison


class Side(NamedTuple):
    """Runs by name, or by an expression; ``option`` is what the side is called."""

    option: str
    run_ids: tuple[str, ...] = ()
    where: str | None = None
    project: str | None = None
    status: str | None = None

    @property
    def given(self) -> bool:
        """Whether anything was said about this side."""
        return bool(self.run_ids or self.where or self.project or self.status)

    def selection(self) -> "list[str] | RunListQuery":
        """What a service takes.

        Raises:
            UsageError: nothing was said, or both names and a filter.
            ValidationError: an expression that cannot be, with the place of the fault.
        """
        if not self.given:
            raise click.UsageError(
                f"which runs are {self.option}? Give --{self.option} RUN or "
                f"--{self.option}-where EXPR"
            )
        filtered = self.where or self.project or self.status
        if self.run_ids and filtered:
            raise click.UsageError(
                f"--{self.option} names runs and --{self.option}-… filters them: use one of both"
            )
        if self.run_ids:
            return list(self.run_ids)
        from contexta.interpretation import RunListQuery

        return RunListQuery(project_name=self.project, status=self.status, where=self.where)


def side_options(name: str, what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--NAME``, ``--NAME-where``, ``--NAME-project`` and ``--NAME-status``.

    The command gets a :class:`Side` as the argument NAME.
    """
    options = (
        click.option(
            f"--{name}",
            f"{name}_ids",
            multiple=True,
            metavar="RUN",
            help=f"A run {what}. Repeatable.",
        ),
        click.option(f"--{name}-where", metavar="EXPR", help=f"Runs {what}, by an expression."),
        click.option(f"--{name}-project", metavar="NAME", help="Only those of this project."),
        click.option(f"--{name}-status", metavar="STATUS", help="Only those with this status."),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def called(*args: Any, **rest: Any) -> Any:
            words = [rest.pop(f"{name}_{part}") for part in ("ids", "where", "project", "status")]
            return command(*args, **{name: Side(name, *words)}, **rest)

        found: Callable[..., Any] = called
        for option in reversed(options):
            found = option(found)
        return found

    return add


class GroupOptions(NamedTuple):
    """How two groups are to be compared."""

    left: Side
    right: Side
    metrics: tuple[str, ...]
    stage: str | None
    aggregation: str
    method: str
    paired_by: str | None
    alpha: float
    correction: str

    def compare(self, ctx: Any) -> "GroupComparison":
        """Ask for the comparison."""
        found: GroupComparison = ctx.compare_groups(
            self.left.selection(),
            self.right.selection(),
            list(self.metrics) or None,
            method=self.method,
            paired_by=self.paired_by,
            alpha=self.alpha,
            correction=None if self.correction == "none" else self.correction,
            aggregation=self.aggregation,
            stage_name=self.stage,
        )
        return found


def group_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a comparison of groups; the command gets them as ``asked``."""

    @wraps(command)
    def called(*args: Any, **rest: Any) -> Any:
        asked = GroupOptions(**{name: rest.pop(name) for name in GroupOptions._fields})
        return command(*args, asked=asked, **rest)

    found: Callable[..., Any] = called
    for option in reversed(_GROUP):
        found = option(found)
    return found


_GROUP = (
    side_options("left", "of the left group"),
    side_options("right", "of the right group"),
    click.option(
        "--metric",
        "metrics",
        multiple=True,
        metavar="KEY",
        help="Only this metric. Repeatable; by default all that both groups have.",
    ),
    click.option("--stage", metavar="NAME", help="Only values of this stage."),
    click.option(
        "--aggregation",
        type=click.Choice(["latest", "max", "min", "mean"]),
        default="latest",
        show_default=True,
        help="Which value stands for a run.",
    ),
    click.option(
        "--method",
        type=click.Choice(["welch", "permutation", "bootstrap"]),
        default="welch",
        show_default=True,
        help="The test.",
    ),
    click.option("--paired-by", metavar="PARAM", help="Pair runs that agree in this param."),
    click.option(
        "--alpha", type=float, default=0.05, show_default=True, help="The level of the tests."
    ),
    click.option(
        "--correction",
        type=click.Choice(["holm", "bh", "none"]),
        default="holm",
        show_default=True,
        help="For many metrics at once.",
    ),
)
