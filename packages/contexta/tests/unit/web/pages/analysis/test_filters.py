"""What narrows the runs behind a number is shown beside it, and links keep it."""

from urllib.parse import parse_qs, urlsplit

import pytest

from contexta.web._params import Params
from contexta.web.api import _trends

ASKED = {"metric": "accuracy", "where": 'params.setting = "new"', "status": "completed"}


@pytest.mark.parametrize("name", ["aggregate:aggregate_page", "trend:trend_page"])
def test_a_filter_is_shown_and_can_be_taken_away(fleet, page, document, name):
    """Numbers over some of the runs only say so, with a link to those without the filter."""
    _, text = page(fleet, name, ASKED)
    found = document(text)
    labels = {one["aria-label"]: one["href"] for one in found.all("a") if "aria-label" in one}
    left = parse_qs(urlsplit(labels["Remove the filter Expression"]).query)

    assert 'params.setting = "new"' in found.text
    assert {"metric": ["accuracy"], "status": ["completed"]} == left


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("aggregate:aggregate_page", "trend"),
        ("trend:trend_page", "aggregate"),
        ("trend:trend_page", "alerts"),
    ],
)
def test_links_to_the_same_runs_keep_the_filter(fleet, page, name, target):
    """From a trend of some runs to their spread, and back, it stays those runs."""
    data, _ = page(fleet, name, ASKED)
    asked = parse_qs(urlsplit(data.data["links"][target]).query)

    assert {key: [value] for key, value in ASKED.items()} == asked


def test_the_form_of_the_spread_keeps_the_filter(fleet, page, document):
    """Another metric of the same runs: the form holds what narrows them."""
    _, text = page(fleet, "aggregate:aggregate_page", ASKED)
    hidden = {one["name"]: one["value"] for one in document(text).all("input", type="hidden")}

    assert {"where": ASKED["where"], "status": "completed"} == hidden


def test_a_filter_does_not_widen_the_window(open_ctx, page):
    """With a filter the page looks at as many runs as the JSON route and without one."""
    ctx = open_ctx()
    for number in range(25):
        with ctx.run("t", run_id=f"r{number:02d}") as run:
            run.metric("score", float(number))
    ctx.flush()
    query = {"metric": "score", "status": "completed"}
    data, _ = page(ctx, "trend:trend_page", query)
    points = _trends.trend(ctx, Params(query)).points

    assert 20 == data.data["window"] == len(points)
    assert [one.run_id for one in points] == [one.run_id for one in data.data["trend"].points]


def test_time_runs_from_left_to_right_also_where_runs_are_sorted_by_name(open_ctx, page):
    """The axis says oldest first and the summary names the newest value: so it is."""
    ctx = open_ctx()
    for number, name in enumerate(("c", "a", "b")):
        with ctx.run(name, run_id=name) as run:
            run.metric("score", float(number))
    ctx.flush()
    data, _ = page(ctx, "trend:trend_page", {"metric": "score", "sort": "name", "desc": "0"})

    assert [0.0, 1.0, 2.0] == [point.value for point in data.data["trend"].points]


def test_alerts_keep_what_their_form_has_no_field_for(fleet, page, document):
    """The status that led here stays when the rules are changed, and is shown."""
    _, text = page(fleet, "alerts:alerts_page", {"rules": "accuracy < 2", "status": "completed"})
    found = document(text)
    hidden = {one["name"]: one["value"] for one in found.all("input", type="hidden")}

    assert "completed" == hidden["status"]
    assert "Status completed" in found.text


def test_alerts_count_also_what_they_do_not_list(fleet, page, document, monkeypatch):
    """A list that is cut has the count of all, and says that it is cut."""
    monkeypatch.setattr("contexta.web.pages.alerts._LISTED", 3)
    data, text = page(fleet, "alerts:alerts_page", {"rules": "accuracy < 2", "project": "p"})
    found = document(text).text

    assert 3 == len(data.data["triggered"])
    assert "Triggered 17" in found
    assert "Only the first 3 are listed" in found


def test_search_opens_as_a_filter_of_the_same_project(fleet, page):
    """A search within a project leads to the list of that project."""
    data, _ = page(fleet, "search:search_page", {"q": "r0", "project": "p"})

    assert ["p"] == parse_qs(urlsplit(data.data["as_filter"]).query)["project"]
