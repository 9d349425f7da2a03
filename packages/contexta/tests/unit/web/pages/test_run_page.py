"""The page of one run."""

import json
import math
import re

import pytest

PROMISED = [
    "run-summary",
    "run-actions",
    "stage-table",
    "artifact-table",
    "record-preview",
    "provenance-summary",
    "completeness-notes",
]


def test_promised_sections_in_order(full, get, document):
    """The sections of the first release are there, in their order, others between them."""
    for run in ("r1", "r2", "hostile"):
        _, text = get(full, f"/ui/runs/{run}")
        found = [section for section in document(text).sections if section in PROMISED]

        assert PROMISED == found


def test_summary_names_the_run(full, get, document):
    """The summary has run, id, project, status, stages, artifacts and records."""
    _, text = get(full, "/ui/runs/r1")

    for label in ("Run", "Run ID", "Project", "Status", "Stages", "Artifacts", "Records"):
        assert f"<dt>{label}</dt>" in text
    assert "run:p.r1" in document(text).text


@pytest.mark.parametrize("name", ["r1", "p.r1", "run:p.r1", "run%3Ap.r1"])
def test_any_form_of_the_id(full, get, document, name):
    """A run is found by short id, by project and id, and by ref, percent-encoded or not."""
    status, text = get(full, f"/ui/runs/{name}")

    assert 200 == status
    assert "Run: train" in document(text).text


def test_links_to_what_else_is_known(full, get, document):
    """Diagnostics, a second run to compare with, trend, anomalies, lineage, environment, report."""
    _, text = get(full, "/ui/runs/r1")
    hrefs = document(text).hrefs

    for part in ("diagnostics", "anomalies", "lineage", "environment", "report"):
        assert f"/ui/runs/run:p.r1/{part}" in hrefs
    assert "/ui/compare/pick?left=run%3Ap.r1" in hrefs
    assert "/ui/metrics/trend?metric=loss&project=p" in hrefs
    assert "/ui/runs/run:p.r1/series?metric=loss&stage=fit" in hrefs


def test_each_curve_is_a_chart_by_step(full, get, document):
    """A metric of several points is drawn by the server, and carries its points for script."""
    _, text = get(full, "/ui/runs/r1")
    (figure,) = document(text).all("figure")
    data = json.loads(figure["data-series"])

    assert "/runs/run:p.r1/series?metric=loss&stage=fit" == figure["data-chart"]
    assert list(range(20)) == data["series"][0]["x"]
    assert 1.0 == data["series"][0]["y"][0]
    assert 'class="chart lines"' in text


def test_values_that_are_no_numbers_are_gaps_with_a_name(full, get, document):
    """NaN and infinities travel as words, for JSON has no numbers for them."""
    _, text = get(full, "/ui/runs/r2")
    (figure,) = document(text).all("figure")

    assert [1.0, "NaN", "Infinity", 0.5] == json.loads(figure["data-series"])["series"][0]["y"]


def test_metrics_are_shown_with_their_spread(full, get, document):
    """Each metric has its last, lowest, highest and mean value, points and steps."""
    _, text = get(full, "/ui/runs/r1")

    assert "loss fit 0.05 0.05 1 0.179887 20 19 0" in document(text).text


def test_numbers_have_six_digits_and_all_of_them_at_hand(full, get):
    """A rounded number keeps every digit in its hint."""
    _, text = get(full, "/ui/runs/r1")

    (rounded,) = set(re.findall('title="([0-9.]+)">0.179887<', text))

    assert 15 < len(rounded)
    assert math.isclose(sum(1 / n for n in range(1, 21)) / 20, float(rounded), rel_tol=1e-12)


def test_stages_are_drawn_over_time(full, get, document):
    """A stage has its bar, its status as word and its duration."""
    _, text = get(full, "/ui/runs/r1")
    bars = [found for found in document(text).all("rect") if "fill good" == found.get("class")]

    assert 1 == len(bars)
    assert {"Timeline", "Duration"} <= set(document(text).text.split())


def test_events_of_a_level(full, get, document):
    """Events are shown with level and message, and one level can be asked for."""
    _, every = get(full, "/ui/runs/r2")
    _, errors = get(full, "/ui/runs/r2?level=warning")

    table = errors.partition('id="run-events"')[2].partition("</section>")[0]

    assert "hot" in document(every).text
    assert "out of memory" in document(every).text
    assert "hot" in table
    assert "out of memory" not in table


def test_unknown_level_is_refused(full, get):
    """A level that cannot be is answered 400."""
    status, _ = get(full, "/ui/runs/r2?level=loud")

    assert 400 == status


def test_issues_come_first_where_there_are_some(full, get, document):
    """What is wrong with a run is said above what it did."""
    _, failed = get(full, "/ui/runs/r2")
    sections = document(failed).sections

    assert sections.index("run-actions") < sections.index("run-diagnostics")
    assert sections.index("run-diagnostics") < sections.index("stage-table")
    assert "run train failed" in document(failed).text


def test_gaps_are_one_line_that_opens(full, get, document):
    """Completeness is a count that opens, with what each note means."""
    _, text = get(full, "/ui/runs/r2")
    notes = text.partition('id="completeness-notes"')[2]

    assert "on completeness" in notes
    assert "nonfinite_values:loss:2" in notes
    assert "extremes and means leave them out" in notes


def test_long_value_is_cut_with_its_length(full, get, document):
    """A value of 10,000 letters does not fill the page, and says how many are left out."""
    _, text = get(full, "/ui/runs/hostile")

    assert "(9,800 more characters)" in text
    assert "z" * 1000 not in text


def test_long_lists_are_bounded(open_ctx, page, document):
    """A run of thousands of params, stages and events has a page of bounded size that says so."""
    ctx = open_ctx()
    with ctx.run("train", run_id="r", params={f"k{n}": n for n in range(700)}) as run:
        for number in range(210):
            with run.stage(f"s{number}"):
                run.event("e", message=str(number))
    ctx.flush()
    _, text = page(ctx, "run:run_page", run_id="r")

    assert "The first 500 of 700 are shown." in document(text).text
    assert "The first 200 of 210 are shown." in document(text).text
    assert "10 earlier ones are left out." in document(text).text


def test_spans_are_a_tree(open_ctx, page, document):
    """A span inside another is inside it on the page, with how long it took."""
    ctx = open_ctx()
    with ctx.run("train", run_id="r") as run, run.span("outer"), run.span("inner"):
        pass
    ctx.flush()
    _, text = page(ctx, "run:run_page", run_id="r")
    tree = text.partition('id="run-spans"')[2].partition("</section>")[0]

    assert tree.index("outer") < tree.index('<ul class="spans">') < tree.index("inner")


def test_spans_in_a_circle_are_all_shown():
    """Hand-written parents may form a circle; no span is lost, and the page ends."""
    from contexta.interpretation.repositories import ObservationRecord
    from contexta.web.pages._spans import span_tree

    records = [
        ObservationRecord(
            f"record:{name}", "run:p.r", None, "span", name, "2026-01-01T00:00:00Z", 1.0,
            payload={"span_id": name, "parent_span_id": parent},
        )
        for name, parent in (("a", "c"), ("b", "a"), ("c", "b"), ("d", "d"))
    ]  # fmt: skip
    roots = span_tree(records)

    assert ["a", "d"] == [root.name for root in roots]
    assert "c" == roots[0].children[0].children[0].name


def test_open_run_is_followed(open_ctx, get, document):
    """Only a run that is not over names the events that refresh its page."""
    ctx = open_ctx()
    with ctx.run("train", run_id="r") as run:
        run.metric("loss", 1.0, step=0)
        ctx.flush()
        _, during = get(ctx, "/ui/runs/r")
    ctx.flush()
    _, after = get(ctx, "/ui/runs/r")

    assert "/live/runs/run:p.r" == document(during).all("body")[0]["data-live"]
    assert "data-live" not in document(after).all("body")[0]


def test_unknown_run_names_the_nearest(full, get, document):
    """A run that is not there is answered 404 by a page with links to those near it."""
    status, text = get(full, "/ui/runs/hostil")

    assert 404 == status
    assert any(href.endswith(".hostile") for href in document(text).hrefs)
