"""What the pages of lineage, deployments, environments, reports and the dashboard show."""

import asyncio

import pytest

from contexta.web._params import Params
from contexta.web.pages.reports import run_report_page


def test_lineage_is_a_picture_and_a_table(fleet, page):
    """What a run rests on stands left of it, what came of it right; each is a link."""
    data, text = page(fleet, "lineage:lineage_page", run_id="served")
    relations = {edge.relation_type for edge, _, _ in data.data["edges"]}

    assert {"used", "produced_by", "deployed_from"} <= relations
    assert "/ui/runs/run:p.data/lineage?direction=both&amp;depth=3" in text
    assert data.data["drawing"].index("photo-search") > 0


def test_one_way_of_lineage_leaves_out_the_other(fleet, page):
    """Upstream of a run is its data, and not its deployment."""
    up, _ = page(fleet, "lineage:lineage_page", {"direction": "upstream"}, run_id="served")
    refs = {ref for edge, _, _ in up.data["edges"] for ref in (edge.source_ref, edge.target_ref)}

    assert "artifact:p.data.photos" in refs
    assert "deployment:p.photo-search" not in refs


def test_another_thing_can_be_looked_at_from_a_run(fleet, page):
    """The data of a run leads to every run that used it."""
    query = {"subject": "artifact:p.data.photos", "direction": "downstream", "depth": "1"}
    data, _ = page(fleet, "lineage:lineage_page", query, run_id="served")

    assert "artifact:p.data.photos" == data.data["root"]
    assert {"run:p.r00", "run:p.r15", "run:p.served"} <= {
        edge.source_ref for edge, _, _ in data.data["edges"]
    }


def test_a_deployment_is_traced_to_its_data_in_two_clicks(fleet, get, document):
    """List, deployment, data: the second page names run, model and data, each a link."""
    listed = document(get(fleet, "/ui/deployments")[1])
    assert "/ui/deployments/deployment:p.photo-search" in listed.hrefs
    traced = document(get(fleet, "/ui/deployments/deployment:p.photo-search")[1])
    data = [href for href in traced.hrefs if "subject=artifact%3Ap.data.photos" in href]

    assert "artifact:p.data.photos" in traced.text
    assert "/ui/runs/run:p.served" in traced.hrefs
    assert 200 == get(fleet, data[0])[0]


@pytest.mark.parametrize("name", ["photo-search", "deployment:p.photo-search"])
def test_a_deployment_is_found_by_its_ref_or_its_end(fleet, get, name):
    """A unique name is enough."""
    assert 200 == get(fleet, f"/ui/deployments/{name}")[0]


def test_environment_says_what_is_known_to_run_it_again(fleet, page):
    """Python, and each thing that repeating a run needs, with a word beside the color."""
    data, text = page(fleet, "environment:environment_page", run_id="r00")

    assert ("A seed is among the params", True) in data.data["checks"]
    assert "python" not in data.data["environment"].python_version.lower()
    assert '<span class="sr">: yes</span>' in text


def test_equal_environments_are_said_to_be(fleet, get, document):
    """No difference is an answer."""
    text = document(get(fleet, "/ui/environments/diff?left=r00&right=r01")[1]).text

    assert "Packages that differ 0 None differ, as far as known." in text


def test_a_report_stands_in_the_page_with_one_heading(fleet, page, document):
    """The document of the report builder, without its own title twice."""
    data, text = page(fleet, "reports:run_report_page", run_id="r00")

    assert 1 == len(document(text).all("h1"))
    assert '<article class="report">' in text
    assert ["HTML", "Markdown", "CSV", "JSON"] == [label for label, _ in data.data["downloads"]]


@pytest.mark.parametrize(
    ("form", "media", "start"),
    [
        ("html", "text/html", b"<!DOCTYPE html>"),
        ("md", "text/markdown", b"# "),
        ("csv", "text/csv", b"section_title,body"),
        ("json", "application/json", b"{"),
    ],
)
def test_a_report_can_be_saved(fleet, form, media, start):
    """Each form is a file with a name that no shell minds."""
    answer = run_report_page(fleet, Params({"download": form}, {"run_id": "r00"}))

    assert answer.media.startswith(media)
    assert answer.content.startswith(start)
    assert (
        f'attachment; filename="Run-Snapshot-Report-run-p.r00.{form}"'
        == answer.headers["content-disposition"]
    )


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "project", "project": "p"},
        {"kind": "trend", "metric": "accuracy", "project": "p"},
        {"kind": "changes", "metric": "accuracy", "project": "p"},
        {"kind": "multi", "run_ids": "r00,r09"},
        {"kind": "compare", "left": "r00", "right": "r09"},
        {"kind": "run", "run": "r00"},
    ],
)
def test_every_kind_of_report_has_a_page(fleet, page, query):
    """What the index of reports offers is there."""
    data, text = page(fleet, "reports:reports_page", query)

    assert "report" == data.template
    assert '<article class="report">' in text


def test_dashboard_counts_runs_by_status(fleet, page):
    """How many runs ended well stands at the top, a bar shows the shares."""
    data, text = page(fleet, "dashboard:dashboard_page", {"project": "p", "metric": "accuracy"})

    assert 18 == data.data["counts"].total
    assert "<dt>Pass Rate</dt><dd>100 %</dd>" in text.replace("\n", "")
    assert 'class="part good"' in text


def test_pages_ask_nothing_of_the_loop():
    """Page functions are plain functions: the server runs them in threads."""
    assert not asyncio.iscoroutinefunction(run_report_page)


def test_what_leads_to_very_much_is_followed_step_by_step(fleet, page, monkeypatch):
    """Data of many runs shows the runs, and leaves what came of each to their own pages."""
    monkeypatch.setattr("contexta.web.pages._graphs.RELATIONS_FOLLOWED", 5)
    query = {"subject": "artifact:p.data.photos", "depth": "3"}
    data, text = page(fleet, "lineage:lineage_page", query, run_id="served")
    targets = {edge.source_ref for edge, _, _ in data.data["edges"]}

    assert 0 == data.data["stopped"]
    assert "deployment:p.photo-search" not in targets
    assert "run:p.served" in targets
    assert "only 1 step was followed" in text


def test_many_things_of_one_kind_are_one_box_in_the_picture(fleet, page):
    """Of all runs that used the data the newest are drawn, and the one we came from."""
    query = {"subject": "artifact:p.data.photos", "direction": "downstream", "depth": "0"}
    data, _ = page(fleet, "lineage:lineage_page", query, run_id="r00")
    drawing = data.data["drawing"]

    assert 17 == len(data.data["edges"])
    assert ">10 more</text>" in drawing
    assert "#lineage-edges" in drawing
    assert ">r00</text>" in drawing
    assert ">r03</text>" not in drawing
    assert 10 == data.data["left_out"]
