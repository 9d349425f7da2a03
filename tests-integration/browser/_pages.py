"""Every page of the server, by name."""

PAGES = {
    "runs": "/ui/runs",
    "runs-sorted": "/ui/runs?project=vision&sort=metric%3Aaccuracy&desc=1",
    "run": "/ui/runs/vision.night-15",
    "run-failed": "/ui/runs/vision.night-06",
    "run-nan": "/ui/runs/vision.night-03",
    "series": "/ui/runs/vision.night-15/series?metric=loss",
    "diagnostics": "/ui/runs/vision.night-06/diagnostics",
    "anomalies": "/ui/runs/vision.night-12/anomalies",
    "lineage": "/ui/runs/vision.night-15/lineage",
    "environment": "/ui/runs/vision.night-15/environment",
    "report": "/ui/runs/vision.night-15/report",
    "compare": "/ui/compare?left=vision.night-05&right=vision.night-15",
    "compare-many": "/ui/compare/multi?run_ids=vision.night-05,vision.night-12,vision.night-15",
    "pick": "/ui/compare/pick?left=vision.night-05",
    "lost-project": "/ui/metrics/trend?metric=accuracy&project=visoin",
    "trend": "/ui/metrics/trend?metric=accuracy&project=vision",
    "aggregate": "/ui/metrics/aggregate?metric=accuracy&project=vision",
    "changes": "/ui/changes?metric=accuracy&project=vision",
    "alerts": "/ui/alerts",
    "deployments": "/ui/deployments",
    "deployment": "/ui/deployments/deployment:vision.photo-search-2",
    "projects": "/ui/projects",
    "project": "/ui/projects/vision",
    "search": "/ui/search?q=night",
    "reports": "/ui/reports",
    "dashboard": "/ui/dashboard?project=vision&metric=accuracy",
}

#: Pages that say what is wrong.
REFUSED = {
    "no-such-run": "/ui/runs/vision.night-99999x",
    "no-second-run": "/ui/compare?left=vision.night-05",
}
