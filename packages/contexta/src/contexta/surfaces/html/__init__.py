"""Pages as files under their old path; see `contexta.adapters.html`."""

from contexta.surfaces.html.charts import (
    DashboardConfig,
    render_line_chart,
    render_status_bar,
)
from contexta.surfaces.html.renderer import (
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
