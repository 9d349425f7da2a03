"""Drawings that the server makes as inline SVG, so that every page works without script.

`draw_lines` draws curves and histories with readable axes, `draw_parallel` runs over parameters
and metrics, `draw_graph` what leads to what, `draw_bars` counts, `draw_box` how values spread.

Each is one `<svg>` without script and style attributes; colors are classes that the page's style
sheet gives light and dark values, with presentation attributes for a bare fragment. Text of
others is escaped here.
"""

from contexta.web.drawings._axes import nice_ticks, tick_labels
from contexta.web.drawings._bars import Bar, draw_bar_rows, draw_bars
from contexta.web.drawings._graph import Edge, Node, draw_graph
from contexta.web.drawings._lines import Curve, Level, Mark, Point, draw_lines
from contexta.web.drawings._parallel import Axis, Strand, draw_parallel
from contexta.web.drawings._spread import draw_box, draw_key, draw_range

__all__ = [
    "Axis",
    "Bar",
    "Curve",
    "Edge",
    "Level",
    "Mark",
    "Node",
    "Point",
    "Strand",
    "draw_bar_rows",
    "draw_bars",
    "draw_box",
    "draw_graph",
    "draw_key",
    "draw_lines",
    "draw_parallel",
    "draw_range",
    "nice_ticks",
    "tick_labels",
]
