"""``contexta alert``: rules on metrics, for one run or many."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._alert_rules import AlertRules
from contexta.cli._draw import Column, Pen, Styled, severity, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._runq import Asked, nothing_found, run_query
from contexta.cli._severity import SEVERITIES, at_least
from contexta.cli._state import State
from contexta.cli._text import one_line
from contexta.cli._words import counted

_SIGNS = {"gt": ">", "lt": "<", "gte": ">=", "lte": "<=", "eq": "==", "ne": "!="}

_EXAMPLES = """\b
Exit codes:
  0  evaluated, whatever triggered
  1  a rule triggered that --fail-on names, a metric is missing and
     --fail-on-missing was given, or an error
  2  wrong usage

\b
Examples:
  contexta alert night-07 --rule 'loss > 0.5' --rule 'accuracy@eval < 0.9' --fail-on warning
  contexta alert --fleet --project vision --after 2026-11-01 --rules alerts.toml"""


@click.command("alert", epilog=_EXAMPLES)
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--metric", "metrics", multiple=True, metavar="KEY", help="Metric of a rule.")
@click.option(
    "--operator",
    "operators",
    multiple=True,
    type=click.Choice(tuple(_SIGNS)),
    help="How it is compared; one for each --metric.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    type=float,
    metavar="X",
    help="What it is compared with; one for each --metric.",
)
@click.option("--stage", metavar="NAME", help="Stage of the rules that --metric makes.")
@click.option("--severity", "grave", metavar="WORD", help="Severity of rules.  Default: warning.")
@click.option(
    "--rule",
    "texts",
    multiple=True,
    metavar="TEXT",
    help="A rule such as 'loss > 0.5' or 'accuracy@eval < 0.9'; repeatable.",
)
@click.option(
    "--rules",
    "files",
    multiple=True,
    metavar="FILE",
    help="JSON or TOML file: a list `rules` of tables with metric_key, operator, threshold, "
    "and perhaps stage_name, severity, name.",
)
@click.option("--fleet", is_flag=True, help="Evaluate all runs that the options below choose.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit with 1 if a rule of this severity or more triggers.",
)
@click.option("--fail-on-missing", is_flag=True, help="Exit with 1 if a run lacks a metric.")
@run_query
@global_options
@click.pass_obj
def alert(
    state: State,
    run_id: str | None,
    metrics: Sequence[str],
    operators: Sequence[str],
    thresholds: Sequence[float],
    stage: str | None,
    grave: str | None,
    texts: Sequence[str],
    files: Sequence[str],
    fleet: bool,
    fail_on: str | None,
    fail_on_missing: bool,
    asked: Asked,
) -> int:
    """Evaluate rules on the metrics of a run, or with --fleet of many.

    A rule triggers when its comparison is true; NaN triggers every rule but eq.
    """
    if (run_id is None) != fleet:
        raise click.UsageError("name one RUN, or choose runs with --fleet")
    if asked.given and not fleet:
        raise click.UsageError("--project, --where and the like choose runs of --fleet only")
    given = AlertRules(tuple(texts), tuple(files), grave or "warning")
    rules = _rules(metrics, operators, thresholds, stage, given)
    ctx = state.open()
    completeness: Any = None
    total: int | None = None
    if fleet:
        report = ctx.evaluate_alerts_fleet(rules, project_name=asked.project, query=asked.query())
        results, completeness, total = report.results, report.completeness, report.total_runs
        nothing = nothing_found(ctx, asked) if not report.run_ids else []
        data: Any = report
    else:
        results = ctx.evaluate_alerts(str(run_id), rules)
        completeness = results[0].completeness if results else None
        nothing, data = [], {"results": list(results)}
    show(
        state,
        data,
        lambda: nothing or _lines(results, completeness, total, state.pen),
        rows=lambda: [_flat(one) for one in results],
    )
    failed = at_least((one.severity for one in results if one.triggered), fail_on)
    return int(failed or (fail_on_missing and any(one.actual_value is None for one in results)))


def _rules(
    metrics: Sequence[str],
    operators: Sequence[str],
    thresholds: Sequence[float],
    stage: str | None,
    given: AlertRules,
) -> list[Any]:
    """The rules of ``--metric`` and its companions, then those of texts and files."""
    from contexta.interpretation import AlertRule

    if not len(metrics) == len(operators) == len(thresholds):
        raise click.UsageError(
            "each --metric needs one --operator and one --threshold; "
            f"got {len(metrics)}, {len(operators)} and {len(thresholds)}"
        )
    rules = [
        AlertRule(key, operator, threshold, stage, given.severity)
        for key, operator, threshold in zip(metrics, operators, thresholds, strict=True)
    ]
    if given.conditions or given.files:
        rules += given.read()
    if not rules:
        raise click.UsageError("no rule: use --metric, --operator and --threshold, --rule, --rules")
    return rules


def _flat(one: Any) -> dict[str, Any]:
    names = (
        "run_id",
        "rule_name",
        "metric_key",
        "stage_name",
        "actual_value",
        "operator",
        "threshold",
        "triggered",
        "severity",
    )
    return {name: getattr(one, name) for name in names}


def _lines(results: Sequence[Any], completeness: Any, total: int | None, pen: Pen) -> Iterator[str]:
    """Draw the results; ``total`` is how many runs there are, and ``None`` for one run alone."""
    fleet = total is not None
    hit = sum(one.triggered for one in results)
    what = _runs(len({one.run_id for one in results}), total) if fleet else results[0].run_id
    word = f"{hit} of {counted(len(results), 'result' if fleet else 'rule')} triggered"
    yield pen.paint(f"{one_line(what, 100)}: {word}", "bold")
    shown = [one for one in results if one.triggered or not fleet or one.actual_value is None]
    if shown:
        yield ""
        columns: list[Column | str] = [
            "METRIC",
            "STAGE",
            Column("ACTUAL", right=True),
            "RULE",
            "TRIGGERED",
            "SEVERITY",
        ]
        rows: list[tuple[Any, ...]] = [_row(one) for one in shown]
        if fleet:
            columns = [Column("RUN", middle=True), *columns]
            rows = [(one.run_id, *row) for one, row in zip(shown, rows, strict=True)]
        yield from table(columns, rows, pen)
    if fleet and len(shown) < len(results):
        yield pen.paint(f"({counted(len(results) - len(shown), 'fine result')} not shown)", "dim")
    notes = [note for one in results for note in one.completeness_notes]
    yield from limits(notes, completeness, pen)


def _runs(looked_at: int, total: int | None) -> str:
    runs = counted(looked_at if total is None else total, "run")
    return runs if total in (None, looked_at) else f"{looked_at} of {runs}"


def _row(one: Any) -> tuple[Any, ...]:
    from contexta.cli._draw import number

    if one.actual_value is None:
        said = Styled("missing", "doubt")
    else:
        said = Styled("yes", "bad") if one.triggered else Styled("no", "good")
    rule = f"{_SIGNS.get(one.operator, one.operator)} {number(one.threshold)}"
    return (one.metric_key, one.stage_name, one.actual_value, rule, said, severity(one.severity))
