"""Reports: sections, forms and safety."""

import json
import math
import re

import pytest

from contexta.interpretation import (
    AlertRule,
    AlertService,
    CompareService,
    CompletenessNote,
    DiagnosticsService,
    EvidenceLink,
    QueryService,
    ReportBuilder,
    ReportDocument,
    ReportError,
    ReportSection,
    TrendService,
)
from contexta.interpretation.reports import ChartLine, ReportChart, ReportTable

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e=cmd|'x'"


@pytest.fixture
def service(make):
    """Two runs with curves, artifacts and hostile names."""
    runs = [
        make.run("a", tags={"team": HOSTILE}, params={"lr": 0.1}, code_revision="abcdef0123456789"),
        make.run("b", minute=1, status="failed", params={"lr": 0.2}),
    ]
    records = [
        make.metric(run, "loss", 1 / (step + 1), step=step) for run in runs for step in range(5)
    ]
    records.append(make.metric(runs[1], "loss", math.nan, step=5))
    records.append(make.event(runs[1], "oom", "error", message=HOSTILE))
    artifacts = [
        make.artifact(run, "model", "model_bundle", size_bytes=2048, hash_value=f"{i}" * 64)
        for i, run in enumerate(runs)
    ]
    stages = [make.stage(runs[0], "train")]
    return QueryService(
        make.repository(runs=runs, records=records, artifacts=artifacts, stages=stages)
    )


def snapshot_report(service, run_id="run:p.a"):
    diagnostics = DiagnosticsService(service).diagnose_run(run_id)
    return ReportBuilder().build_snapshot_report(service.get_run_snapshot(run_id), diagnostics)


def run_report(service):
    diagnose = DiagnosticsService(service).diagnose_run
    comparison = CompareService(service).compare_runs("run:p.a", "run:p.b")
    return ReportBuilder().build_run_report(comparison, diagnose("run:p.a"), diagnose("run:p.b"))


def titles(document):
    return [section.title for section in document.sections]


def section(document, title):
    return next(item for item in document.sections if item.title == title)


def test_snapshot_sections(service):
    """A snapshot report has its sections in a fixed order, metrics after the summary."""
    document = snapshot_report(service)

    assert document.title == "Run Snapshot Report: run:p.a"
    assert titles(document) == [
        "Run Summary",
        "Metrics",
        "Stages",
        "Artifacts",
        "Batches",
        "Deployments",
        "Samples",
        "Diagnostics",
        "Completeness Notes",
        "Environment",
    ]


def test_snapshot_says_when_files_differed_from_the_commit(make):
    """A revision alone would claim more than is known."""
    run = make.run("a", code_revision="abcdef0123456789", metadata={"code_dirty": True})
    text = snapshot_report(QueryService(make.repository(runs=[run]))).to_markdown()

    assert "abcdef012345 (changed)" in text
    assert "files differed from the commit" in text


def test_snapshot_shows_numbers_and_curves(service):
    """Metric values, parameters, sizes and short hashes are in tables, curves in a chart."""
    document = snapshot_report(service)
    metrics = section(document, "Metrics")
    (row,) = metrics.tables[0].rows
    (chart,) = metrics.charts
    artifact = section(document, "Artifacts").tables[0].rows[0]

    assert row == ("loss", "run", "", "0.2", "0.2", "1", "0.456667", "5", "4")
    assert [x for x, _ in chart.lines[0].points] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert artifact[2:4] == ("2.0 KiB", "0" * 12)
    assert dict(document.highlights)["Code"] == "abcdef012345"


def test_other_reports_have_their_titles_and_sections(service):
    """Titles and section titles of the other reports are stable."""
    builder = ReportBuilder()
    runs = service.list_runs("p")
    trend = TrendService(service).get_metric_trend("loss")
    multi = CompareService(service).compare_multiple_runs(["run:p.a", "run:p.b"])
    alerts = AlertService(service).evaluate_alerts("run:p.a", [AlertRule("loss", "lt", 1)])
    documents = [
        run_report(service),
        builder.build_project_summary_report("p", runs=runs, notes=("project_runs_empty",)),
        builder.build_trend_report(trend),
        builder.build_multi_run_report(multi),
        builder.build_alert_report(alerts),
    ]

    assert [(document.title, titles(document)) for document in documents] == [
        (
            "Run Comparison Report: run:p.a vs run:p.b",
            [
                "Summary",
                "Metric Deltas",
                "Parameters",
                "Environment",
                "Artifact Changes",
                "Diagnostics",
                "Completeness Notes",
                "Provenance",
            ],
        ),
        ("Project Summary Report: p", ["Runs", "Completeness Notes"]),
        ("Trend Report: loss", ["Series", "Completeness Notes"]),
        (
            "Multi Run Report: 2 runs",
            ["Summary", "Run IDs", "Metric Table", "Completeness Notes"],
        ),
        ("Alert Report", ["Triggered", "Passed"]),
    ]


def test_run_report_diagnoses_both_runs(service):
    """The issues of the right run are shown too."""
    rows = section(run_report(service), "Diagnostics").tables[0].rows

    assert {row[1] for row in rows} == {"left", "right"}
    assert "failed_run" in {row[2] for row in rows}


def test_fragment_is_an_article():
    """The fragment begins with an attribute-free article and lists its evidence."""
    link = EvidenceLink("run", "run:p.a", "a")
    html = ReportDocument("T", (ReportSection("S", "x\ny", (link,)),)).to_html()

    assert html.startswith("<article>")
    assert "<h1>T</h1>" in html
    assert "<p>x<br/>y</p>" in html
    assert "<ul>\n<li>a (run: run:p.a)</li>\n</ul>" in html


def test_page_has_a_policy_that_fits_its_style(service):
    """The full page allows its own style sheet by hash and nothing else, and has no script."""
    page = snapshot_report(service).to_html(full=True)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)

    assert page.startswith("<!DOCTYPE html>")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in page.lower()
    assert ' style="' not in page
    assert "prefers-color-scheme: dark" in page
    assert "<svg" in page


@pytest.mark.parametrize("full", [False, True])
def test_html_shows_hostile_text_as_text(service, full):
    """Markup, escape and bidirectional characters of names are shown, never acted on."""
    for run_id in ("run:p.a", "run:p.b"):
        html = snapshot_report(service, run_id).to_html(full=full)

        assert "<script>alert" not in html
        assert "\x1b" not in html
        assert "\u202e" not in html
        assert "\\x1b[31m\\u202e" in html


def test_markdown_escapes_and_keeps_lines_apart(service):
    """Markdown has tables; hostile text is inert; lines of a body stay lines."""
    text = snapshot_report(service).to_markdown()
    lines = ReportDocument("T", (ReportSection("S", "one\ntwo"),)).to_markdown()

    assert "<script>" not in text
    assert "\x1b" not in text
    assert "cmd\\|'x'" in text
    assert "| Metric | Stage |" in text
    assert "one  \ntwo" in lines


def test_csv_quotes_and_defuses_formulas():
    """Every value is quoted, formulas get an apostrophe, titles select sections."""
    document = ReportDocument("T", (ReportSection("=A", '-"x"'), ReportSection("B", "1")))

    assert document.to_csv() == 'section_title,body\n"\'=A","\'-""x"""\n"B","1"'
    assert document.to_csv(("B",)) == 'section_title,body\n"B","1"'


def test_json_is_data_without_nonfinite_numbers(service):
    """The JSON form is a dict that strict JSON accepts; plain sections have three keys."""
    data = snapshot_report(service, "run:p.b").to_json()
    json.dumps(data, allow_nan=False)
    plain = ReportSection(" S ", " x ").to_dict()

    assert plain == {"title": "S", "body": "x", "evidence_links": []}


def test_notes_are_explained():
    """A completeness note is shown with what it means."""
    document = ReportBuilder().build_project_summary_report(
        "p", notes=[CompletenessNote("warning", "left:degraded_records:3")]
    )

    assert document.sections[1].tables[0].rows == (
        ("warning", "left:degraded_records:3", "records that say that something is missing"),
    )


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0.0, math.nan)],
        [(0.0, 5.0)],
        [(0.0, 0.0), (1.0, 0.0)],
        [(0.0, 1e308), (1.0, -1e308)],
        [(0.0, 5e-324), (1.0, 1e300)],
        [(0.0, 5e-324), (1.0, 0.0)],
        [(0.0, 1.0), (1.0, math.inf), (2.0, 3.0)],
        [(-(2.0**62), 1.0), (2.0**62, 2.0)],
    ],
)
def test_every_series_can_be_drawn(points):
    """No series of numbers, however extreme, keeps a report from being written."""
    chart = ReportChart("k", (ChartLine("run", tuple(points)),))
    html = ReportDocument("T", (ReportSection("S", "", charts=(chart,)),)).to_html()
    numbers = re.findall(r'(?:points|cx|cy|x|y|d)="([^"]*)"', html)

    assert "<svg" in html
    assert not any("nan" in text or "inf" in text for text in numbers)


def test_table_alignment_is_kept():
    """Numeric columns align right in Markdown and HTML."""
    table = ReportTable(("a", "b"), (("x", "1"),), numeric=(1,))
    document = ReportDocument("T", (ReportSection("S", "", tables=(table,)),))

    assert "| --- | ---: |" in document.to_markdown()
    assert '<td class="num">1</td>' in document.to_html()


def test_a_table_takes_values_and_refuses_ragged_rows():
    """Cells become text; a row that does not fit is refused where it is built, by its number."""
    table = ReportTable(("a", "b"), [["x", 0.5], [None, True]])
    with pytest.raises(ReportError) as caught:
        ReportTable(("a", "b"), [("x", "y"), ("x",)], "t")

    assert table.rows == (("x", "0.5"), ("\u2013", "true"))
    assert caught.value.code == "report_table_ragged"
    assert "rows 1 of the table 't'" in str(caught.value)


def test_a_curve_takes_what_is_missing_as_a_gap():
    """A value that is not there breaks the line, like one that is no number."""
    line = ChartLine("run", [(0, 1), (1, None)])

    assert line.points[0] == (0.0, 1.0)
    assert math.isnan(line.points[1][1])
