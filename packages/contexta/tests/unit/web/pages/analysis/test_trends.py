"""What the pages of trends, changes, alerts and anomalies show."""

import math

import pytest

from contexta.interpretation import RunListQuery
from contexta.interpretation.wording import on_pages
from contexta.web.pages._analysis import p_value
from contexta.web.pages.trend import trend_data


def test_time_runs_from_left_to_right_whatever_the_order(fleet, page):
    """A chart is oldest first, also when the query asks for the newest; the table is not."""
    data, _ = page(fleet, "trend:trend_page", {"metric": "accuracy", "limit": "5", "desc": "1"})
    ids = [point.run_id for point in data.data["trend"].points]

    # The newest five are r13 to r15, the served one, and one without the metric.
    assert ["run:p.r13", "run:p.r14", "run:p.r15", "run:p.served"] == ids
    assert ids[::-1] == [row.point.run_id for row in data.data["rows"]]


def test_a_window_holds_the_newest_runs(fleet):
    """Beyond the window it is the oldest that are left out."""
    query = RunListQuery(project_name="p", limit=2, sort_desc=True)
    data = trend_data(fleet, "wall_seconds", query=query).data

    assert ["run:p.r15"] == [point.run_id for point in data["trend"].points]


def test_changes_are_marked_in_the_chart_and_listed(fleet, page):
    """Where the metric got worse stands a mark between two runs, with both means."""
    data, drawn = page(fleet, "trend:trend_page", {"metric": "accuracy", "project": "p"})
    changes = [change for change, _ in data.data["changes"]]

    assert "run:p.r08" == changes[0].first_run_after
    assert "worse" == changes[0].direction
    assert 'class="mark"' in drawn
    assert "/ui/compare?left=run%3Ap.r07&amp;right=run%3Ap.r08" in drawn


def test_points_lead_to_their_runs(fleet, page, document):
    """Every dot of a trend is a link, with a tooltip of run, value and time."""
    _, text = page(fleet, "trend:trend_page", {"metric": "accuracy", "project": "p"})

    assert 2 <= document(text).hrefs.count("/ui/runs/run:p.r00")
    assert "p.r00 (train): 0.9" in text


def test_unusual_values_are_ringed_and_told(open_ctx, page):
    """A value far from those of the other runs is marked in chart and table."""
    ctx = open_ctx()
    for number in range(12):
        with ctx.run("t", run_id=f"r{number}") as run:
            run.metric("score", 100.0 if number == 6 else 1.0 + number / 100)
    ctx.flush()
    data, text = page(ctx, "trend:trend_page", {"metric": "score"})

    assert ["run:p.r6"] == list(data.data["unusual"])
    assert 'class="loud"' in text
    assert "unusual" in text


def test_nan_is_a_gap_with_a_mark(open_ctx, page):
    """A run whose value is NaN breaks the line and shows as a cross."""
    ctx = open_ctx()
    for number, value in enumerate([1.0, 2.0, math.nan, 3.0, 4.0]):
        with ctx.run("t", run_id=f"r{number}") as run:
            run.metric("score", value)
    ctx.flush()
    data, text = page(ctx, "trend:trend_page", {"metric": "score"})

    assert 2 == data.data["drawing"].count("<polyline")
    assert 1 == data.data["drawing"].count('class="broken"')
    assert '<span class="n broken" title="nan">NaN</span>' in text


def test_runs_without_the_metric_share_one_note(fleet, page):
    """However many runs lack it, the page has a line, not a wall."""
    data, _ = page(fleet, "trend:trend_page", {"metric": "wall_seconds", "limit": "100"})
    lines = [text for _, text, _ in data.data["notes"] if "missing_metric_for_run" in text]

    assert 1 == len(lines)


def test_the_scale_can_be_chosen(fleet, get, document):
    """A logarithmic axis is a link away, and says so."""
    plain = document(get(fleet, "/ui/metrics/trend?metric=loss&project=p")[1])
    log = document(get(fleet, "/ui/metrics/trend?metric=loss&project=p&log=1")[1])

    assert any("log=1" in href for href in plain.hrefs)
    assert "loss (log scale)" in log.text


def test_an_unknown_metric_is_an_empty_trend_with_the_nearest(fleet, get, document):
    """A typing error is no error page; the notes name what is near."""
    status, text = get(fleet, "/ui/metrics/trend?metric=acuracy")
    page = document(text)

    assert 200 == status
    assert "No run here has this metric" in page.text
    assert "nearest: accuracy" in page.text


@pytest.mark.parametrize("path", ["/ui/deployments", "/ui/runs/r00", "/ui/metrics"])
@pytest.mark.parametrize("project", ["", "?project=p"])
def test_a_project_that_is_there_is_not_called_lost(fleet, get, path, project):
    """Nor is one asked for where none was named."""
    assert "There is no project" not in get(fleet, path + project)[1]


def test_a_lost_project_is_harmless_text(fleet, get):
    """The name comes from the address."""
    text = get(fleet, "/ui/deployments?project=%3Cscript%3Ealert(1)%3C/script%3E")[1]

    assert "There is no project" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (
            "/ui/metrics/trend?metric=acuracy&limit=50",
            "/ui/metrics/trend?metric=accuracy&limit=50",
        ),
        (
            "/ui/metrics/trend?metric=accuracy&project=pp",
            "/ui/metrics/trend?metric=accuracy&project=p",
        ),
        (
            "/ui/metrics/aggregate?metric=acuracy&project=p",
            "/ui/metrics/aggregate?metric=accuracy&project=p",
        ),
        ("/ui/changes?metric=acuracy&project=p", "/ui/changes?metric=accuracy&project=p"),
        (
            "/ui/metrics/aggregate?metric=accuracy&project=pp",
            "/ui/metrics/aggregate?metric=accuracy&project=p",
        ),
        ("/ui/changes?metric=accuracy&project=pp", "/ui/changes?metric=accuracy&project=p"),
        ("/ui/deployments?project=pp", "/ui/deployments?project=p"),
        ("/ui/compare/pick?project=pp", "/ui/compare/pick?project=p"),
        ("/ui/metrics?project=pp", "/ui/metrics?project=p"),
        ("/ui/search?q=r&project=pp", "/ui/search?q=r&project=p"),
        ("/ui/alerts?project=pp", "/ui/alerts?project=p"),
        ("/ui/runs/r00/anomalies?project=pp", "/ui/runs/r00/anomalies?project=p"),
        ("//ui//changes?metric=acuracy", None),
    ],
)
def test_a_misspelled_name_leads_to_the_same_page_for_the_nearest(
    fleet, get, document, asked, meant
):
    """The name that was probably meant is a link; the rest of the address stays."""
    page = document(get(fleet, asked)[1])

    assert meant is None or meant in page.hrefs
    assert [] == [href for href in page.hrefs if href.startswith("//")]


def test_aggregate_shows_statistics_and_spread(fleet, page):
    """Count, mean and percentiles stand in the page, the spread is drawn."""
    data, text = page(fleet, "aggregate:aggregate_page", {"metric": "accuracy", "project": "p"})

    assert 17 == data.data["found"].count
    assert all("median 0." in box for box in data.data["boxes"])
    assert "<dt>Mean</dt>" in text


def test_changes_name_the_run_and_what_it_brought(fleet, page):
    """The page answers which run, and the params that changed with it come first."""
    data, text = page(fleet, "changes:changes_page", {"metric": "accuracy", "project": "p"})
    found = data.data["found"]

    assert ("run:p.r07", "run:p.r08") == (found.last_run_before, found.first_run_after)
    assert "setting" == data.data["differences"][0].key
    assert "/ui/compare?left=run%3Ap.r07&amp;right=run%3Ap.r08" in text


def test_a_metric_that_did_not_change_says_what_would_have_been_seen(open_ctx, page, document):
    """No change is an answer, too."""
    ctx = open_ctx()
    for number in range(12):
        with ctx.run("t", run_id=f"r{number}") as run:
            run.metric("score", float(number % 2))
    ctx.flush()
    data, text = page(ctx, "changes:changes_page", {"metric": "score"})

    assert data.data["found"].found is False
    assert "no place is significant" in document(text).text


def test_rules_are_held_against_the_newest_runs(fleet, page):
    """Each rule that triggers is listed with the run, its value and the bound."""
    query = {"rules": "accuracy@eval < 0.85 error\nwall_seconds > 1000", "project": "p"}
    data, _ = page(fleet, "alerts:alerts_page", query)

    assert {"run:p.r08", "run:p.r15"} <= {row.result.run_id for row in data.data["triggered"]}
    assert 8 == len(data.data["triggered"])
    assert {"error"} == {row.result.severity for row in data.data["triggered"]}
    assert 4 == len(data.data["silent"])  # data and served lack one or both


def test_the_form_of_1_0_still_asks_one_rule(fleet, page):
    """Metric, operator and threshold as parameters of their own are one rule."""
    query = {"metric": "accuracy", "operator": "lt", "threshold": "0.85", "project": "p"}
    data, _ = page(fleet, "alerts:alerts_page", query)

    assert "accuracy lt 0.85" == data.data["text"]
    assert 8 == len(data.data["triggered"])


def test_anomalies_show_what_is_usual(fleet, page):
    """Each metric stands beside its expected range; the unusual come first."""
    data, text = page(fleet, "anomalies:anomalies_page", run_id="r08")
    rows = data.data["rows"]

    assert "info" != rows[0].result.severity
    assert rows[0].result.metric_key in ("accuracy", "loss")
    assert 'class="value outside"' in text


def test_p_values_are_short():
    """Very small ones are a bound, nothing is a dash."""
    shown = [p_value(value) for value in (None, math.nan, 1e-9, 0.00042, 0.0421, 0.42)]

    assert [on_pages.missing, on_pages.missing, "< 0.0001", "0.0004", "0.042", "0.42"] == shown
