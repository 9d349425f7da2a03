"""Cards of runs, comparisons and trends, from a workspace or from results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import RenderingError
from contexta.notebook._facts import facts_of
from contexta.notebook._fragment import NotebookFragment
from contexta.notebook._ports import Asked

if TYPE_CHECKING:
    from contexta.interpretation import (
        DiagnosticsResult,
        MetricTrend,
        MultiRunComparison,
        RunComparison,
        RunListQuery,
        RunSnapshot,
    )


def display_run_snapshot(
    value: Asked | RunSnapshot, run_id: str | None = None, *, display: bool = False
) -> NotebookFragment:
    """Return the card of a run: its numbers and curves, and everything else folded.

    Args:
        value: a `Contexta`, or a snapshot.
        run_id: ref or name of the run, with a `Contexta`.
        display: show it at once.

    Raises:
        RenderingError: `notebook_snapshot_run_id_required`, `notebook_snapshot_input_unsupported`.
        InterpretationError: there is no such run.
    """
    from contexta.interpretation import RunSnapshot

    if isinstance(value, RunSnapshot):
        return fragment_of(value, display=display)
    ctx = _asked(value, "snapshot", "a Contexta with a run id, or a RunSnapshot")
    if run_id is None:
        raise _required("snapshot_run_id", "run_id", 'display_run_snapshot(ctx, "train")')
    snapshot = ctx.get_run_snapshot(run_id)
    diagnostics = ctx.diagnose_run(snapshot.run.run_id)
    return fragment_of(snapshot, diagnostics=diagnostics, display=display)


def display_run_comparison(
    value: Asked | RunComparison | MultiRunComparison,
    left_run_id: str | None = None,
    right_run_id: str | None = None,
    *,
    display: bool = False,
) -> NotebookFragment:
    """Return the card of a comparison; from a `Contexta` with the curves over each other.

    Args:
        value: a `Contexta`, or a comparison of two or of several runs.
        left_run_id: ref or name of the run that the other is held against.
        right_run_id: ref or name of the other.
        display: show it at once.

    Raises:
        RenderingError: `notebook_comparison_run_ids_required`,
            `notebook_comparison_input_unsupported`.
        InterpretationError: there is no such run.
    """
    from contexta.interpretation import MultiRunComparison, RunComparison

    if isinstance(value, (RunComparison, MultiRunComparison)):
        return fragment_of(value, display=display)
    wanted = "a Contexta with two run ids, a RunComparison or a MultiRunComparison"
    ctx = _asked(value, "comparison", wanted)
    if left_run_id is None or right_run_id is None:
        call = 'display_run_comparison(ctx, "train", "train-2")'
        raise _required("comparison_run_ids", "left_run_id and right_run_id", call)
    comparison = ctx.compare_runs(left_run_id, right_run_id)
    ids = (comparison.left_run_id, comparison.right_run_id)
    return fragment_of(comparison, snapshots=map(ctx.get_run_snapshot, ids), display=display)


def display_metric_trend(
    value: Asked | MetricTrend,
    metric_key: str | None = None,
    *,
    project_name: str | None = None,
    stage_name: str | None = None,
    query: RunListQuery | None = None,
    display: bool = False,
) -> NotebookFragment:
    """Return the card of a metric over runs: a chart and a table.

    Args:
        value: a `Contexta`, or a trend.
        metric_key: the metric, with a `Contexta`.
        project_name: only runs of this project.
        stage_name: values of this stage.
        query: which runs.
        display: show it at once.

    Raises:
        RenderingError: `notebook_trend_metric_key_required`, `notebook_trend_input_unsupported`.
    """
    from contexta.interpretation import MetricTrend

    if isinstance(value, MetricTrend):
        return fragment_of(value, display=display)
    ctx = _asked(value, "trend", "a Contexta with a metric key, or a MetricTrend")
    if metric_key is None:
        raise _required("trend_metric_key", "metric_key", 'display_metric_trend(ctx, "loss")')
    trend = ctx.get_metric_trend(
        metric_key, project_name=project_name, stage_name=stage_name, query=query
    )
    return fragment_of(trend, display=display)


def render_html_fragment(value: object) -> str:
    """Return the HTML of a result, or of several of one kind: one `<article>`.

    Raises:
        RenderingError: `notebook_render_target_unsupported`.
    """
    return fragment_of(value).html


def fragment_of(
    value: Any,
    *,
    snapshots: Iterable[RunSnapshot] = (),
    diagnostics: DiagnosticsResult | None = None,
    display: bool = False,
) -> NotebookFragment:
    """Return the card of any result, or of several of one kind.

    Raises:
        RenderingError: `notebook_render_target_unsupported`.
    """
    from contexta.interpretation import ReportDocument, fragments

    if isinstance(value, NotebookFragment):
        return value.displayed() if display else value
    view = fragments.view_of(value, snapshots=snapshots, diagnostics=diagnostics)
    if view is None:
        raise RenderingError(
            f"a {type(value).__name__} has no form for notebooks; give a result such as a run "
            "snapshot, a comparison, a trend or a report, or several of one kind",
            code="notebook_render_target_unsupported",
            details={"type": type(value).__name__},
        )
    html = fragments.to_html(view) or ""
    text = fragments.to_text(value if isinstance(value, ReportDocument) else view) or ""
    fragment = NotebookFragment(html, text, view.title, facts_of(value))
    return fragment.displayed() if display else fragment


def _required(name: str, argument: str, example: str) -> RenderingError:
    return RenderingError(
        f"with a Contexta, {argument} must be given, as in {example}",
        code=f"notebook_{name}_required",
        details={"argument": argument},
    )


def _asked(value: object, what: str, wanted: str) -> Asked:
    if isinstance(value, Asked):
        return value
    raise RenderingError(
        f"a {type(value).__name__} cannot be shown as a {what}; give {wanted}",
        code=f"notebook_{what}_input_unsupported",
        details={"type": type(value).__name__},
    )
