"""Answers as CSV; the path of release 1.0 for what lies in ``contexta.export``."""

from contexta.surfaces.export.csv import (
    export_anomaly_csv,
    export_comparison_csv,
    export_run_list_csv,
    export_trend_csv,
)

__all__ = [
    "export_anomaly_csv",
    "export_comparison_csv",
    "export_run_list_csv",
    "export_trend_csv",
]
