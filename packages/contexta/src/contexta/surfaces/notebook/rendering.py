"""Cards and frames under their old path; see `contexta.notebook`."""

from contexta.notebook import (
    NotebookFragment,
    display_metric_trend,
    display_run_comparison,
    display_run_snapshot,
    render_html_fragment,
    to_pandas,
    to_polars,
)

__all__ = [
    "NotebookFragment",
    "display_metric_trend",
    "display_run_comparison",
    "display_run_snapshot",
    "render_html_fragment",
    "to_pandas",
    "to_polars",
]
