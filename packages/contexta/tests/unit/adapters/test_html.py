"""Pages as files: whole in themselves, over any repository, under their old paths."""

import base64
import hashlib
import importlib
import math
import re
from html.parser import HTMLParser

import pytest

from contexta.adapters import html
from contexta.errors import ContextaError
from contexta.interpretation import MetricTrend, RunListQuery
from contexta.interpretation.aggregation import RunStatusDistribution, StatusCount
from contexta.interpretation.repositories import ObservationRecord, RunRecord, StageRecord
from contexta.interpretation.testing import InMemoryRepository
from contexta.interpretation.trend import TrendPoint

SCRIPT = '<script>alert("x")</script>'


class Ids(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.sections, self.addresses = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.add(tag)
        if tag == "section" and "id" in values:
            self.sections.append(values["id"])
        self.addresses += [values[name] for name in ("href", "src", "action") if name in values]


def _metric(run, number, key, value, stage=None):
    return ObservationRecord(
        record_id=f"{run}.{key}.{number}",
        run_id=run,
        stage_id=stage,
        record_type="metric",
        key=key,
        observed_at=f"2025-01-01T00:00:{number:02d}Z",
        value=value,
    )


class Mock:
    """A repository with the basic methods only, as tests of release 1.0 put in place."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        if name == "get_environment" or name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)


@pytest.fixture
def mocked(open_ctx):
    """A facade over two runs of a mock: staged metrics, and one of a run."""
    ctx = open_ctx()
    one, two = "my-proj.run-01", "my-proj.run-02"
    times = ("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z")
    ctx._repository = Mock(
        InMemoryRepository(
            runs=[
                RunRecord(one, "my-proj", "run-01", "completed", *times),
                RunRecord(two, "my-proj", SCRIPT, "failed", *times, tags={SCRIPT: SCRIPT}),
            ],
            stages=[StageRecord(f"{run}.train", run, "train", "completed") for run in (one, two)],
            records=[
                _metric(one, 1, "loss", 0.5, f"{one}.train"),
                _metric(one, 2, "loss", 0.4, f"{one}.train"),
                _metric(two, 3, "loss", 0.3, f"{two}.train"),
                _metric(two, 4, "accuracy", 0.9),
                _metric(two, 5, SCRIPT, 1.0),
            ],
        )
    )
    return ctx


PAGES = {
    "list": (
        lambda ctx: html.render_html_run_list(ctx),
        ["run-list-filters", "run-list-summary", "runs-table"],
    ),
    "detail": (
        lambda ctx: html.render_html_run_detail(ctx, "my-proj.run-02"),
        ["run-summary", "run-actions", "stage-table", "artifact-table", "record-preview",
         "provenance-summary", "completeness-notes"],
    ),
    "comparison": (
        lambda ctx: html.render_html_comparison(ctx, "my-proj.run-01", "my-proj.run-02"),
        ["comparison-run-header", "comparison-summary", "comparison-stage-table",
         "comparison-artifact-table", "comparison-provenance", "comparison-notes"],
    ),
    "trend": (
        lambda ctx: html.render_html_trend(ctx, "loss", project_name="my-proj"),
        ["trend-summary", "trend-chart", "trend-run-table", "trend-notes"],
    ),
    "dashboard": (
        lambda ctx: html.render_html_dashboard(ctx),
        ["dashboard-overview", "dashboard-status", "dashboard-stage-summary", "dashboard-trend"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_the_parts_of_release_1_0(mocked, name):
    """The ids of the matching page of the server stand in the file, in order."""
    render, sections = PAGES[name]
    found = Ids(render(mocked)).sections

    assert sections == [section for section in found if section in sections]


@pytest.mark.parametrize("name", PAGES)
def test_a_file_leads_nowhere_and_does_nothing(mocked, name):
    """No address but places within the page, no form, no script, nothing from outside."""
    page = Ids(PAGES[name][0](mocked))

    assert not [address for address in page.addresses if not address.startswith("#")]
    assert not page.tags & {"form", "script", "link", "button", "input", "select", "iframe"}


@pytest.mark.parametrize("name", PAGES)
def test_the_style_of_a_file_is_the_one_its_policy_allows(mocked, name):
    """The policy names the hash of the style sheet inside; there is one style and no other."""
    text = PAGES[name][0](mocked)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text
    assert " style=" not in text


@pytest.mark.parametrize("name", PAGES)
def test_names_that_are_markup_are_text(mocked, name):
    """Names of runs, tags and metrics cannot become markup."""
    assert "<script" not in PAGES[name][0](mocked)


def test_the_list_obeys_its_query(mocked):
    """A query filters the list; its filters stand at the top."""
    text = html.render_html_run_list(mocked, query=RunListQuery(status="failed"))

    assert "my-proj.run-02" in text
    assert "my-proj.run-01" not in text
    assert ">failed<" in text


def test_an_unknown_run_is_an_error_of_ours(mocked):
    """Nothing of another library leaves."""
    with pytest.raises(ContextaError) as caught:
        html.render_html_run_detail(mocked, "nothing")

    assert "query_run_not_found" == caught.value.code


def test_a_trend_without_points_is_a_page(mocked):
    """An unknown metric gives a page that says so."""
    assert "No run here has this metric" in html.render_html_trend(mocked, "nothing")


def test_dashboard_is_configured(mocked):
    """Project, metric and stage are those of the configuration."""
    config = html.DashboardConfig("my-proj", "accuracy")
    text = html.render_html_dashboard(mocked, config)

    assert "<title>Dashboard: my-proj</title>" in text
    assert "Trend: accuracy" in text
    assert html.DashboardConfig(None, "loss", None) == html.DashboardConfig()


def _trend(values):
    points = [
        TrendPoint(f"p.r{number}", f"run {number}", value) for number, value in enumerate(values)
    ]
    return MetricTrend("loss", "p", tuple(points))


def test_line_chart_has_a_line_a_dot_per_run_and_names():
    """One line, one circle with a title per point, names of runs; a `<div>` around."""
    chart = html.render_line_chart(_trend([0.5, 0.4, 0.3]))

    assert (1, 3) == (chart.count("<polyline"), chart.count("<circle"))
    assert 'role="img"' in chart
    assert all(f"run {number}</text>" in chart for number in range(3))
    assert "href" not in chart
    assert chart.startswith("<div")


def test_line_chart_of_many_runs_keeps_a_dot_for_each():
    """Names are thinned where they would meet, dots are not."""
    chart = html.render_line_chart(_trend([float(x) for x in range(200)]), width=600, height=200)

    assert 200 == chart.count("<circle")
    assert 'viewBox="0 0 600 200"' in chart


def test_line_chart_breaks_at_nan():
    """NaN is a gap with a cross."""
    chart = html.render_line_chart(_trend([1.0, 2.0, math.nan, 3.0, 4.0]))

    assert 2 == chart.count("<polyline")
    assert 'class="broken"' in chart


def test_charts_of_nothing_say_so():
    """No point and no run are paragraphs, not empty drawings."""
    empty = [
        html.render_line_chart(_trend([])),
        html.render_status_bar(RunStatusDistribution("p", 0)),
    ]

    assert all(text.startswith('<p class="empty">') for text in empty)


def test_status_bar_has_counts_and_shares():
    """Each status has its bar, its count and its share."""
    counts = (StatusCount("completed", 3), StatusCount(SCRIPT, 1))
    bar = html.render_status_bar(RunStatusDistribution("p", 4, counts))

    assert "3 (75.0 %)" in bar
    assert "1 (25.0 %)" in bar
    assert "<script" not in bar


@pytest.mark.parametrize(
    "path", ["contexta.surfaces.html", "contexta.surfaces.html.renderer",
             "contexta.surfaces.html.charts"]
)  # fmt: skip
def test_old_paths_hand_on_the_same_functions(path):
    """Scripts of release 1.0 import them there."""
    module = importlib.import_module(path)

    assert module.__all__
    assert all(getattr(module, name) is getattr(html, name) for name in module.__all__)
    assert callable(importlib.import_module("contexta.surfaces.html.templates").render)
