"""Charts as fragments under their old path; see `contexta.adapters.html`."""

from contexta.adapters.html import DashboardConfig, render_line_chart, render_status_bar

__all__ = ["DashboardConfig", "render_line_chart", "render_status_bar"]
