"""The notebook under its old path; see `contexta.notebook`."""

from contexta.notebook import (
    NotebookFragment,
    NotebookSurface,
    display_metric_trend,
    display_run_comparison,
    display_run_snapshot,
    render_html_fragment,
    to_pandas,
    to_polars,
)

# Classes first: 1.0 promised this order.
__all__ = [
    "NotebookFragment",
    "NotebookSurface",
    "display_metric_trend",
    "display_run_comparison",
    "display_run_snapshot",
    "render_html_fragment",
    "to_pandas",
    "to_polars",
]
