"""Curve, search, projects and errors."""

import json
from urllib.parse import quote_plus

import pytest

SCRIPT = '<script>alert("x")</script>'
AMPERSAND = "A&B <x> 50%"
LONG = "k" * 250


def test_curve_page(full, get, document):
    """A curve alone has its numbers, a large chart of all points, and what is missing."""
    status, text = get(full, "/ui/runs/r1/series?metric=loss&stage=fit")
    page = document(text)

    assert 200 == status
    assert ["series-summary", "series-chart", "series-notes", "series-pick"] == page.sections
    assert "large" == page.all("figure")[0]["data-size"]
    assert "points=100000" in page.all("figure")[0]["data-chart"]


def test_curve_without_metric_offers_those_of_the_run(full, get, document):
    """Without a metric the page is a 400 that lets the reader pick."""
    status, text = get(full, "/ui/runs/r1/series")

    assert 400 == status
    assert "/ui/runs/run:p.r1/series?metric=loss&stage=fit" in document(text).hrefs


def test_curve_of_a_hostile_metric(full, get, document):
    """A metric with signs of markup and addresses has a page."""
    status, text = get(full, f"/ui/runs/hostile/series?metric={quote_plus(AMPERSAND)}")

    assert 200 == status
    assert 1 == len(document(text).all("figure"))


def test_curve_that_is_not_there_says_so(full, get, document):
    """A metric that the run has not got is no error; the page says what is near."""
    status, text = get(full, "/ui/runs/r1/series?metric=los")

    assert 200 == status
    assert "no points of this metric" in document(text).text


def test_curve_of_an_unknown_stage(full, get):
    """A stage that is not there is answered 404."""
    status, _ = get(full, "/ui/runs/r1/series?metric=loss&stage=nothing")

    assert 404 == status


def test_search_finds_runs_artifacts_metrics_and_projects(full, get, document):
    """One box finds all of them by a part of the name, whatever the case."""
    _, runs = get(full, "/ui/search?q=HOSTILE")
    _, metrics = get(full, "/ui/search?q=los")
    _, projects = get(full, "/ui/search?q=a%26b")

    assert any(href.endswith(".hostile") for href in document(runs).hrefs)
    assert "/ui/metrics/trend?metric=loss" in document(metrics).hrefs
    assert "search-projects" in document(projects).sections


@pytest.mark.parametrize("given", ["address", "setting"])
@pytest.mark.parametrize("path", ["/ui/search", "/search/runs", "/search/artifacts"])
def test_search_heeds_case_where_it_is_asked_to(full, get, monkeypatch, path, given):
    """The page and the routes follow the setting, and an address may say otherwise."""
    found = {"/ui/search": "1 run", "/search/runs": '"total":1', "/search/artifacts": '"total":1'}
    name = "R1" if path != "/search/artifacts" else "MODEL"
    monkeypatch.setattr(full.repository, "list_artifacts", lambda **_: [_artifact()])
    asked = f"{path}?q={name}"
    if given == "setting":
        _configure(full, monkeypatch)
        loose, strict = f"{asked}&case_sensitive=0", asked
    else:
        loose, strict = asked, f"{asked}&case_sensitive=1"

    assert found[path] in _packed(get(full, loose))
    assert found[path] not in _packed(get(full, strict))


def test_search_page_has_a_control_for_case(full, get, document):
    """What is asked stays chosen, in the form and in the pages of the list."""
    _, text = get(full, "/ui/search?q=r1&case_sensitive=1")
    page = document(text)

    assert 1 == len(page.all("select", name="case_sensitive"))
    assert {"value": "1", "selected": None} in page.all("option")
    assert any("contains" in href for href in page.hrefs if "where=" in href)


@pytest.mark.parametrize("text", [SCRIPT, '" or 1=1 --', "\\", "%", "*", "\u05d0", "a" * 5000])
def test_search_takes_any_text(full, get, text):
    """Signs that mean something elsewhere are only text here."""
    status, answer = get(full, f"/ui/search?q={quote_plus(text)}")

    assert 200 == status
    assert SCRIPT not in answer


def test_search_without_text_is_a_form(full, get, document):
    """Without a text there is only the form."""
    status, text = get(full, "/ui/search")

    assert 200 == status
    assert ["search-form"] == document(text).sections


def test_projects_are_listed_with_their_runs(full, get, document):
    """Each project has its number of runs by status, and its newest run."""
    _, text = get(full, "/ui/projects")
    page = document(text)

    assert "p 2 50 % completed 1 failed 1" in page.text
    assert "/ui/runs?project=p&status=failed" in page.hrefs


def test_project_page(full, get, document):
    """A project shows its runs, its metrics and what is missing."""
    status, text = get(full, "/ui/projects/p")
    sections = document(text).sections

    assert 200 == status
    assert ["project-summary", "project-runs", "project-metrics", "project-notes"] == sections


def test_unknown_project_names_the_nearest(open_ctx, get, document):
    """A project that is not there is answered 404 with links to those near it."""
    ctx = open_ctx(config={"project_name": "vision"})
    with ctx.run("train"):
        pass
    status, text = get(ctx, "/ui/projects/visio")

    assert 404 == status
    assert "/ui/projects/vision" in document(text).hrefs


@pytest.mark.parametrize(
    ("address", "expected"),
    [("/ui/nothing", 400), ("/ui/runs/none", 404), ("/ui/runs?limit=0", 400)],
)
def test_errors_are_pages(full, get, document, address, expected):
    """What goes wrong below /ui is a page with the navigation, the code and a way on."""
    status, text = get(full, address)
    page = document(text)

    assert expected == status
    assert ["error"] == page.sections
    assert "/ui/runs" in page.hrefs
    assert "Traceback" not in text


def test_error_page_shows_a_place_in_several_lines(page):
    """A message of several lines keeps them, so that a caret stays below its place."""
    from contexta.web._page import PageData
    from contexta.web.pages._render import render

    message = f"wrong (column 3)\n  a < {SCRIPT}\n    ^"
    data = {"status": 400, "code": "c", "message": message, "details": {}}
    text = render("error", PageData("error", "This did not work", data, status=400))

    assert "\n    ^</pre>" in text
    assert SCRIPT not in text


def test_long_keys_are_cut(full, get):
    """A key of 250 letters does not fill a table, and is whole in the hint and the address."""
    _, text = get(full, "/ui/runs/hostile")
    values = text.partition('id="metric-values"')[2].partition("</details>")[0]

    assert f">{LONG}<" not in values
    assert f"metric={LONG}" in values


def test_chart_data_is_json_without_nan():
    """What script reads is JSON that every parser takes."""
    from contexta.web.drawings import Curve, Point
    from contexta.web.pages._charts import curves_view

    nan, inf = float("nan"), float("inf")
    curve = Curve("a", (Point(0, 1.0), Point(1, nan), Point(2, inf), Point(3, -inf)))
    view = curves_view([curve], title="t")
    data = json.loads(view.payload, parse_constant=pytest.fail)

    assert [1.0, "NaN", "Infinity", "-Infinity"] == data["series"][0]["y"]


def _artifact():
    from contexta.interpretation import ArtifactRecord

    return ArtifactRecord("artifact:p.r1.model", "run:p.r1", None, "model")


def _configure(ctx, monkeypatch):
    search = ctx.config.interpretation.search.model_copy(update={"case_sensitive": True})
    whole = ctx.config.interpretation.model_copy(update={"search": search})
    config = ctx.config.model_copy(update={"interpretation": whole})
    monkeypatch.setattr(ctx, "config", config)


def _packed(answer):
    return answer[1].replace(" ", "") if answer[1].startswith("{") else answer[1]
