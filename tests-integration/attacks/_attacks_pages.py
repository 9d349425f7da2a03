"""The addresses of every page of the server, with hostile data in each place."""

from urllib.parse import quote

from _attacks_workspace import PROJECT, TEXTS, run_id_of

RUNS = [f"{PROJECT}.{run_id_of(place)}" for place in range(len(TEXTS))]
_OF_RUN = ("", "/diagnostics", "/anomalies", "/lineage", "/environment", "/report")


def addresses():
    """Every page over the workspace, then pages whose address is hostile itself."""
    every = ",".join(RUNS[:20])
    yield from (
        "/ui/runs", f"/ui/runs?project={PROJECT}&limit=100&sort=name", "/ui/search?q=a",
        "/ui/projects", f"/ui/projects/{PROJECT}", "/ui/reports", "/ui/deployments", "/ui/alerts",
        f"/ui/dashboard?project={PROJECT}&metric=score", f"/ui/metrics?project={PROJECT}",
        f"/ui/compare?left={RUNS[0]}&right={RUNS[1]}", f"/ui/compare/multi?run_ids={every}",
        "/ui/metrics/trend?metric=score", "/ui/metrics/aggregate?metric=score",
        "/ui/changes?metric=score", f"/ui/compare/pick?left={RUNS[0]}", "/ui/compare/groups",
        f"/ui/environments/diff?left={RUNS[0]}&right={RUNS[1]}", f"/ui/runs/{PROJECT}.failed",
        f"/ui/deployments/deployment:{PROJECT}.script-alert-1-script",
    )  # fmt: skip
    yield from (f"/ui/compare?left={run}&right={RUNS[0]}" for run in RUNS[1::5])
    for place, run in enumerate(RUNS):
        parts = _OF_RUN if place < 4 else ("",)
        yield from (f"/ui/runs/{run}{part}" for part in parts)
    for place, text in enumerate(TEXTS):
        given = quote(text, safe="", errors="surrogatepass")[:2000]
        hostile = list(_hostile(place, given))
        # Each text in every place would be 300 pages; these are the ones that are markup.
        yield from hostile if place < 4 else (hostile[place % len(hostile)],)


def _hostile(place, given):
    run = RUNS[place]
    yield f"/ui/runs/{run}/series?metric={given}"
    yield f"/ui/search?q={given}"
    yield f"/ui/runs/{given}"
    yield f"/ui/runs?where={given}&sort={given}&project={given}"
    yield f"/ui/runs?metrics={given}&params={given}&tag={given}"
    yield f"/ui/metrics/trend?metric={given}"
    yield f"/ui/compare?left={run}&right={given}"
    yield f"/ui/alerts?metric={given}&operator={given}&threshold={given}"
    yield f"/ui/{given}"
