"""``contexta anomaly``: values of a run that earlier runs make unlikely."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from contexta.cli._draw import Column, Pen, number, severity, table
from contexta.cli._notes import limits
from contexta.cli._options import global_options
from contexta.cli._output import show
from contexta.cli._severity import SEVERITIES, at_least
from contexta.cli._state import State
from contexta.cli._text import one_line
from contexta.cli._words import counted


@click.command("anomaly")
@click.argument("run_id", metavar="RUN")
@click.option("--metric", "metrics", multiple=True, metavar="KEY", help="Only this; repeatable.")
@click.option("--project", metavar="NAME", help="Compare with the runs of this project.")
@click.option("--stage", metavar="NAME", help="Values of this stage.")
@click.option("--unusual", is_flag=True, help="Only values that are not usual.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES[1:]),
    help="Exit with 1 if a value is this unusual or more.",
)
@global_options
@click.pass_obj
def anomaly(
    state: State,
    run_id: str,
    metrics: Sequence[str],
    project: str | None,
    stage: str | None,
    unusual: bool,
    fail_on: str | None,
) -> int:
    """Compare the values of a run with those of earlier runs.

    Each metric gets a severity: info is usual, warning and error are not.
    """
    query = None
    if project is not None:
        from contexta.interpretation.query import RunListQuery

        query = RunListQuery(project_name=project)
    found = state.open().anomaly_service.detect_anomalies_in_run(
        run_id,
        baseline_query=query,
        metric_keys=metrics or None,
        stage_name=stage,
        include_normal=not unusual,
    )
    show(
        state,
        lambda: {"anomalies": list(found)},
        lambda: _lines(run_id, found, state.pen),
        rows=lambda: [_flat(one) for one in found],
    )
    return int(at_least((one.severity for one in found), fail_on))


def _flat(one: Any) -> dict[str, Any]:
    low, high = one.expected_range
    return {
        "run_id": one.run_id,
        "metric_key": one.metric_key,
        "actual_value": one.actual_value,
        "expected_low": low,
        "expected_high": high,
        "z_score": one.z_score,
        "severity": one.severity,
    }


def _lines(run_id: str, found: Sequence[Any], pen: Pen) -> Iterator[str]:
    odd = sum(one.severity != "info" for one in found)
    name = one_line(found[0].run_id if found else run_id, 100)
    yield pen.paint(f"{name}: {odd} of {counted(len(found), 'value')} unusual", "bold")
    if not found:
        yield "no metric has enough earlier runs to compare with"
        return
    yield ""
    rows = [
        (
            one.metric_key,
            one.actual_value,
            _range(one.expected_range),
            None if one.z_score is None else f"{one.z_score:+.2f}",
            None if one.baseline is None else one.baseline.n,
            severity(one.severity),
        )
        for one in sorted(found, key=lambda one: -SEVERITIES.index(one.severity))
    ]
    right = (Column(title, right=True) for title in ("ACTUAL", "EXPECTED", "Z", "RUNS"))
    yield from table(["METRIC", *right, "SEVERITY"], rows, pen)
    notes = [note for one in found for note in one.completeness_notes]
    yield from limits(notes, found[0].completeness, pen)


def _range(bounds: Sequence[float | None]) -> str | None:
    if bounds[0] is None or bounds[1] is None:
        return None
    return f"{number(bounds[0])} to {number(bounds[1])}"
