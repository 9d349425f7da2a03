"""Pages as documents under their old path; see `contexta.adapters.html`."""

from contexta.adapters.html import (
    render_html_comparison,
    render_html_dashboard,
    render_html_run_detail,
    render_html_run_list,
    render_html_trend,
)

__all__ = [
    "render_html_comparison",
    "render_html_dashboard",
    "render_html_run_detail",
    "render_html_run_list",
    "render_html_trend",
]
