"""The options of the search for changes in a metric over runs."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from contexta.cli._runq import Asked, run_query

if TYPE_CHECKING:
    from contexta.interpretation.changes import Bisection, ChangeHistory


class ChangeOptions(NamedTuple):
    """What was asked."""

    metric_key: str
    runs: Asked
    stage: str | None
    aggregation: str | None
    min_segment: int | None
    significance: float | None
    max_runs: int | None
    higher_is_better: bool | None
    which: str | None = None
    good: str | None = None
    bad: str | None = None

    @property
    def bisects(self) -> bool:
        """Whether an option of a bisection was given."""
        return not self.which == self.good == self.bad is None

    def history(self, ctx: Any) -> "ChangeHistory":
        """Ask where the metric changed."""
        found: ChangeHistory = ctx.find_changes(self.metric_key, **self._shared())
        return found

    def bisect(self, ctx: Any) -> "Bisection":
        """Ask which run came with the change, and what with that."""
        found: Bisection = ctx.bisect(
            self.metric_key,
            which=self.which or "latest",
            good=self.good,
            bad=self.bad,
            **self._shared(),
        )
        return found

    def _shared(self) -> dict[str, Any]:
        return {
            "query": self.runs.query(),
            "project_name": self.runs.project,
            "stage_name": self.stage,
            "aggregation": self.aggregation,
            "min_segment": self.min_segment,
            "significance": self.significance,
            "max_runs": self.max_runs,
            "higher_is_better": self.higher_is_better,
        }


def change_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the metric and the options of a search; the command gets them as ``asked``."""

    @wraps(command)
    def called(*args: Any, asked: Asked, **rest: Any) -> Any:
        names = [name for name in ChangeOptions._fields if name in rest]
        given = ChangeOptions(runs=asked, **{name: rest.pop(name) for name in names})
        return command(*args, asked=given, **rest)

    found: Callable[..., Any] = run_query(called)
    for option in reversed(_OPTIONS):
        found = option(found)
    return found


def bisect_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what only a bisection takes; the command gets it inside of ``asked``."""
    for option in reversed(_BISECT):
        command = option(command)
    return command


_OPTIONS = (
    click.argument("metric_key", metavar="METRIC"),
    click.option("--stage", metavar="NAME", help="Only values of this stage."),
    click.option(
        "--aggregation",
        type=click.Choice(["latest", "max", "min", "mean"]),
        help="Which value stands for a run.  Default: latest.",
    ),
    click.option(
        "--min-segment", type=int, metavar="N", help="At least this many runs on each side."
    ),
    click.option(
        "--significance", type=float, metavar="P", help="The largest p value of a change."
    ),
    click.option("--max-runs", type=int, metavar="N", help="Look at the newest N runs only."),
    click.option(
        "--higher-is-better/--lower-is-better",
        "higher_is_better",
        default=None,
        help="Which way is better; by default the name of the metric says.",
    ),
)
_BISECT = (
    click.option(
        "--which",
        type=click.Choice(["latest", "largest"]),
        help="The latest change, or the largest.  Default: latest.",
    ),
    click.option("--good", metavar="RUN", help="A run before the change that is meant."),
    click.option("--bad", metavar="RUN", help="A run after the change that is meant."),
)
