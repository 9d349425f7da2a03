"""Which parts each page has, in which order, and its title."""

import pytest

from contexta.web.pages._links import segment

PAGES = [
    (
        "/ui/compare?left=r00&right=r09",
        "Compare: r00 vs r09",
        ["comparison-run-header", "comparison-summary", "comparison-stage-table",
         "comparison-artifact-table", "comparison-provenance", "comparison-notes"],
    ),
    (
        "/ui/compare/multi?run_ids=r00,r09,r10",
        "Compare Multi",
        ["comparison-summary", "comparison-stage-table"],
    ),
    (
        "/ui/metrics/trend?metric=accuracy&limit=50",
        "Trend: accuracy",
        ["trend-summary", "trend-chart", "trend-run-table", "trend-notes"],
    ),
    ("/ui/metrics/aggregate?metric=accuracy", "Aggregate: accuracy",
     ["trend-summary", "trend-notes"]),
    (
        "/ui/runs/r00/diagnostics",
        "Diagnostics: r00",
        ["diagnostics-summary", "diagnostics-issues", "diagnostics-notes"],
    ),
    ("/ui/runs/r09/anomalies", "Anomalies: r09", ["anomalies-table"]),
    (
        "/ui/dashboard?project=p&metric=accuracy",
        "Dashboard: p",
        ["dashboard-overview", "dashboard-status", "dashboard-stage-summary", "dashboard-trend"],
    ),
    ("/ui/changes?metric=accuracy", "Changes: accuracy",
     ["changes-summary", "changes-differences", "changes-history", "changes-notes"]),
    ("/ui/alerts", "Alerts", ["alerts-rules"]),
    ("/ui/runs/served/lineage", "Lineage: served", ["lineage-graph", "lineage-edges"]),
    ("/ui/runs/r00/environment", "Environment: r00", ["environment-summary"]),
    ("/ui/environments/diff?left=r00&right=r09", "Environments: r00 vs r09",
     ["environments-summary", "environments-packages", "environments-variables"]),
    ("/ui/deployments", "Deployments", ["deployment-table"]),
    ("/ui/deployments/deployment:p.photo-search", "Deployment: photo-search",
     ["deployment-trace", "deployment-lineage"]),
    ("/ui/reports", "Reports", ["report-run", "report-compare", "report-project"]),
    ("/ui/metrics", "Metrics", ["metric-picker", "metric-table"]),
    ("/ui/compare/pick", "Compare: pick two runs", ["compare-picker", "compare-runs"]),
    ("/ui/compare/groups", "Compare groups of runs", ["groups-form"]),
]  # fmt: skip


@pytest.mark.parametrize(("address", "title", "sections"), PAGES)
def test_each_page_has_its_parts_in_order(fleet, get, document, address, title, sections):
    """The ids that clients look for stand in the page, in the order of the table."""
    status, text = get(fleet, address)
    page = document(text)
    found = [section for section in page.sections if section in sections]

    assert (200, sections) == (status, found)
    assert f"<title>{title}</title>" in text
    assert 1 == len(page.all("h1"))


@pytest.mark.parametrize("address", [address for address, _, _ in PAGES])
def test_no_page_has_inline_script_or_style(fleet, get, document, address):
    """Everything is allowed by the strict policy: scripts and styles are files of ours."""
    page = document(get(fleet, address)[1])

    assert [] == page.all("style")
    assert all(found["src"].startswith("/static/") for found in page.all("script"))
    assert not any(
        name == "style" or name.startswith("on") for _, found in page.elements for name in found
    )


@pytest.mark.parametrize("address", [address for address, _, _ in PAGES])
def test_no_id_is_given_twice(fleet, get, document, address):
    """Ids are unique, so that links into a page and labels find their place."""
    found = [values["id"] for _, values in document(get(fleet, address)[1]).elements
             if "id" in values]  # fmt: skip

    assert sorted(set(found)) == sorted(found)


@pytest.mark.parametrize("address", [address for address, _, _ in PAGES])
def test_every_link_of_a_page_leads_somewhere(fleet, get, document, address):
    """Each address in a page is answered: none is escaped twice, none needs what it lacks."""
    hrefs = {href.partition("#")[0] for href in document(get(fleet, address)[1]).hrefs}
    own = sorted(href for href in hrefs if href.startswith("/") and "download" not in href)
    # One of each kind: a list of runs has the same link for every run.
    kinds = {href.partition("?")[0].replace("r0", "").rstrip("0123456789"): href for href in own}
    answers = {href: get(fleet, href)[0] for href in kinds.values()}

    assert {} == {href: status for href, status in answers.items() if status >= 400}


def test_links_to_names_with_signs_are_encoded_once(fleet, get, document, hostile):
    """A run of a project called "A&B <x> 50%" can be reached from every page that names it."""
    page = document(get(fleet, f"/ui/runs/{segment(hostile)}/diagnostics")[1])
    links = [href for href in page.hrefs if "hostile" in href]

    assert links
    assert all("%25" not in href.replace("50%25", "") and "&amp;" not in href for href in links)
    assert 200 == get(fleet, links[0])[0]
