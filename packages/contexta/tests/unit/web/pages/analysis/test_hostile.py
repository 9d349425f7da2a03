"""Names that are markup, addresses that make no sense, runs that are not there."""

from urllib.parse import quote

import pytest

SCRIPT = '<script>alert("x")</script>'
ADDRESSES = [
    "/ui/compare?left={run}&right=r00",
    "/ui/compare?left=r00&right={run}",
    "/ui/compare/multi?run_ids={run},r00",
    "/ui/compare/pick?left={run}",
    "/ui/metrics",
    "/ui/metrics/trend?metric={script}",
    "/ui/metrics/trend?metric={script}&project={script}&stage={script}",
    "/ui/metrics/aggregate?metric={script}&project={script}",
    "/ui/runs/{run}/diagnostics",
    "/ui/runs/{run}/anomalies?project={script}",
    "/ui/runs/{run}/lineage?subject={run}",
    "/ui/runs/{run}/environment",
    "/ui/runs/{run}/report",
    "/ui/environments/diff?left={run}&right=r00",
    "/ui/dashboard?project={script}&metric={script}",
    "/ui/alerts?rules={script}+%3E+1",
    "/ui/compare/groups?left={script}",
    "/ui/changes?metric={script}",
    "/ui/deployments?project={script}",
    "/ui/deployments/{script}",
    "/ui/reports?project={script}",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_hostile_names_are_text_on_every_page(fleet, get, hostile, address):
    """Whatever a name or a parameter holds, none of it is markup in the answer."""
    filled = address.format(run=quote(hostile, safe=""), script=quote(SCRIPT, safe=""))
    status, text = get(fleet, filled)

    assert status < 500
    assert SCRIPT not in text
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    "address",
    [
        "/ui/compare?left=r00",
        "/ui/compare?right=r00",
        "/ui/compare",
        "/ui/compare/multi",
        "/ui/compare/multi?run_ids=r00",
        "/ui/compare/multi?run_ids=r00,r00",
        "/ui/metrics/trend",
        "/ui/metrics/trend?metric=",
        "/ui/metrics/aggregate",
        "/ui/changes",
        "/ui/environments/diff?left=r00",
    ],
)
def test_a_missing_parameter_is_400_with_a_picker(fleet, get, document, address):
    """The status says that something is missing; the page lets the reader choose it."""
    status, text = get(fleet, address)
    page = document(text)

    assert 400 == status
    assert any("picker" in section for section in page.sections)
    assert page.all("form", method="get")


def test_the_picker_leads_to_the_comparison_with_the_run_that_was_given(fleet, get, document):
    """With one side given, each other run is one click away."""
    page = document(get(fleet, "/ui/compare?left=run:p.r00")[1])

    assert "/ui/compare?left=run%3Ap.r00&right=run%3Ap.r09" in page.hrefs
    assert 200 == get(fleet, "/ui/compare?left=run%3Ap.r00&right=run%3Ap.r09")[0]


@pytest.mark.parametrize(
    "address",
    [
        "/ui/compare?left=nothing&right=r00",
        "/ui/compare/multi?run_ids=r00,nothing",
        "/ui/runs/nothing/diagnostics",
        "/ui/runs/nothing/anomalies",
        "/ui/runs/nothing/lineage",
        "/ui/runs/nothing/environment",
        "/ui/runs/nothing/report",
        "/ui/deployments/nothing",
    ],
)
def test_an_unknown_thing_is_404_for_people(fleet, get, document, address):
    """A name that fits nothing is answered with a page, and 404."""
    status, text = get(fleet, address)

    assert 404 == status
    assert "nothing" in document(text).text


@pytest.mark.parametrize(
    "address",
    [
        "/ui/runs/r00/lineage?depth=-1",
        "/ui/runs/r00/lineage?depth=many",
        "/ui/runs/r00/lineage?direction=sideways",
        "/ui/compare/multi?run_ids=" + ",".join(f"r{number}" for number in range(21)),
        "/ui/compare/groups?left=params.&right=x",
        "/ui/alerts?rules=loss",
        "/ui/alerts?rules=loss+%3E+much",
        "/ui/alerts?rules=loss+%3E+1+grave",
        "/ui/metrics/trend?metric=loss&limit=0",
        "/ui/runs/r00/report?download=exe",
        "/ui/reports?kind=novel",
        "/ui/reports?kind=trend",
        "/ui/changes?metric=accuracy&which=best",
    ],
)
def test_a_value_that_cannot_be_is_400(fleet, get, address):
    """A value of a parameter that makes no sense is refused with a page."""
    assert 400 == get(fleet, address)[0]


def test_every_line_that_is_no_rule_is_named(fleet, get, document):
    """All faulty lines of the rules are reported at once."""
    text = document(get(fleet, "/ui/alerts?rules=one%0Aloss+%3E+1%0Atwo")[1]).text

    assert "line 1: 'one'" in text
    assert "line 3: 'two'" in text


def test_an_empty_workspace_has_pages_that_say_what_to_do(open_ctx, get, document):
    """Before the first run each page is there, and says how to begin."""
    ctx = open_ctx()
    with ctx.run("only"):
        pass
    ctx.flush()
    addresses = (
        *("/ui/metrics", "/ui/deployments", "/ui/alerts", "/ui/dashboard", "/ui/compare/pick"),
        *("/ui/runs/only/lineage", "/ui/runs/only/anomalies"),
    )
    answers = {address: get(ctx, address) for address in addresses}

    assert {200} == {status for status, _ in answers.values()}
    assert "A metric appears here" in document(answers["/ui/metrics"][1]).text
    assert "Nothing is deployed yet" in document(answers["/ui/deployments"][1]).text
