"""Runs, comparisons and trends in a notebook: cards with charts, and frames.

Every result shows itself: end a cell with `ctx.get_run_snapshot("train")` and a card appears.
The functions here do the same for a workspace and an id, and hand the card over as a
`NotebookFragment`, whose `html` is one `<article>` that loads nothing, links nowhere and styles
nothing but itself. `ctx.notebook` has them as methods.

`to_pandas` and `to_polars` turn any result, or a list of them, into a frame.

Errors: `RenderingError` for what cannot be shown or is no table, and for a missing id;
`DependencyError` where pandas or Polars is missing.
"""

from contexta.notebook._display import (
    display_metric_trend,
    display_run_comparison,
    display_run_snapshot,
    render_html_fragment,
)
from contexta.notebook._fragment import NotebookFragment
from contexta.notebook._frames import to_pandas, to_polars
from contexta.notebook._surface import NotebookSurface

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
