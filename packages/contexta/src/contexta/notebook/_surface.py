"""`ctx.notebook`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from contexta.notebook import _display, _frames
from contexta.notebook._fragment import NotebookFragment
from contexta.notebook._ports import Asked

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from contexta.interpretation import RunListQuery


class NotebookSurface:
    """Shows a workspace in notebooks, and hands out frames.

    The `show_…` and `compare_…` methods display their card at once, and return it; the value of
    the cell does not show it a second time. With `display=False` they return it only.
    """

    __slots__ = ("_ctx",)

    def __init__(self, ctx: Asked) -> None:
        """Ask `ctx`, which stays the caller's to close."""
        self._ctx = ctx

    def show_run(self, run_id: str, *, display: bool = True) -> NotebookFragment:
        """Show a run; see `display_run_snapshot`."""
        return _display.display_run_snapshot(self._ctx, run_id, display=display)

    def compare_runs(
        self, left_run_id: str, right_run_id: str, *, display: bool = True
    ) -> NotebookFragment:
        """Show two runs side by side, with their curves; see `display_run_comparison`."""
        return _display.display_run_comparison(
            self._ctx, left_run_id, right_run_id, display=display
        )

    def compare_many(self, run_ids: Iterable[str], *, display: bool = True) -> NotebookFragment:
        """Show several runs in one table, with their curves over each other.

        Raises:
            InterpretationError: there is no such run.
        """
        comparison = self._ctx.compare_multiple_runs(run_ids)
        snapshots = [self._ctx.get_run_snapshot(run_id) for run_id in comparison.run_ids]
        return _display.fragment_of(comparison, snapshots=snapshots, display=display)

    def show_metric_trend(
        self,
        metric_key: str,
        *,
        project_name: str | None = None,
        stage_name: str | None = None,
        query: RunListQuery | None = None,
        display: bool = True,
    ) -> NotebookFragment:
        """Show a metric over runs; see `display_metric_trend`."""
        return _display.display_metric_trend(
            self._ctx,
            metric_key,
            project_name=project_name,
            stage_name=stage_name,
            query=query,
            display=display,
        )

    def show_curves(
        self,
        run_ids: str | Iterable[str],
        metric_key: str,
        *,
        stage_name: str | None = None,
        display: bool = True,
    ) -> NotebookFragment:
        """Show a metric over the steps of one run, or of several in one chart.

        Raises:
            InterpretationError: there is no such run or stage.
        """
        ids = [run_ids] if isinstance(run_ids, str) else list(run_ids)
        series = [
            self._ctx.get_step_series(run_id, metric_key, stage_name=stage_name) for run_id in ids
        ]
        return _display.fragment_of(series, display=display)

    def show(self, value: Any, *, display: bool = True) -> NotebookFragment:
        """Show any result, or several of one kind, also in the middle of a cell.

        Raises:
            RenderingError: `notebook_render_target_unsupported`.
        """
        return _display.fragment_of(value, display=display)

    def render(self, value: Any) -> str:
        """Return the HTML of a result; see `render_html_fragment`."""
        return _display.render_html_fragment(value)

    def to_pandas(self, value: Any) -> pandas.DataFrame:
        """Return a result, or several, as a pandas frame; see `contexta.notebook.to_pandas`."""
        return _frames.to_pandas(value)

    def to_polars(self, value: Any) -> polars.DataFrame:
        """Return a result, or several, as a Polars frame; see `contexta.notebook.to_polars`."""
        return _frames.to_polars(value)

    def to_arrow(self, value: Any) -> pyarrow.Table:
        """Return a result, or several, as the Arrow table of `contexta.interpretation.frames`.

        Raises:
            RenderingError: `notebook_table_conversion_unsupported`.
        """
        return _frames.to_arrow(value)
