"""Pages as files: what the local server shows, in one file to save or mail.

Each function returns a whole document with its style inside, allowed by hash in a policy of its
own, without script and without links to a server. `render_line_chart` and `render_status_bar`
return fragments for pages of your own. Names of others are escaped.

Errors: those of the reads behind a page, such as `ResolutionError` for a run that is unknown.
"""

from contexta.adapters.html._charts import render_line_chart, render_status_bar
from contexta.adapters.html._pages import (
    DashboardConfig,
    render_html_comparison,
    render_html_dashboard,
    render_html_run_detail,
    render_html_run_list,
    render_html_trend,
)

__all__ = [
    "DashboardConfig",
    "render_html_comparison",
    "render_html_dashboard",
    "render_html_run_detail",
    "render_html_run_list",
    "render_html_trend",
    "render_line_chart",
    "render_status_bar",
]
