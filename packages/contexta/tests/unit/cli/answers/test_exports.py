import csv
import io
import json

import pyarrow.parquet as pq
import pytest

TABLES = {
    "runs": ("runs", "--project", "nightly"),
    "params": ("params",),
    "compare": ("compare", "night-00", "night-12"),
    "trend": ("trend", "loss", "--where", "name = 'train'"),
    "anomaly": ("anomaly", "night-19", "--metric", "loss"),
    "alerts": ("alerts", "--rule", "loss > 1.2"),
    "records": ("records", "candidate", "--type", "metric"),
    "series": ("series", "candidate", "--metric", "loss"),
    "diagnostics": ("diagnostics", "hostile"),
    "lineage": ("lineage", "night-00"),
}


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_every_table_has_every_form_with_the_same_rows(call, history, project, kind):
    """CSV, JSON lines, Parquet; the file has what is printed."""
    printed = call("export", "csv", *TABLES[kind], "--all-columns")
    lines = call("export", "jsonl", *TABLES[kind])
    written = call("export", "parquet", *TABLES[kind], "-o", "out/t.parquet")
    filed = call("export", "csv", *TABLES[kind], "--all-columns", "--output", "t.csv")
    count = len(rows_of(printed.out))

    assert [0] * 4 == [done.code for done in (printed, lines, written, filed)]
    assert count == len(lines.out.splitlines()) == pq.read_table("out/t.parquet").num_rows
    assert printed.out == (project / "t.csv").read_text()
    assert f"wrote {project / 't.csv'} ({count} row{'' if count == 1 else 's'})\n" == filed.out


@pytest.mark.parametrize(
    ("arguments", "header"),
    [
        (TABLES["runs"], "run_id,name,project_name,status,started_at,ended_at"),
        (
            TABLES["compare"],
            "stage_name,metric_key,left_value,right_value,delta,change_ratio,"  # noqa: ISC004
            "left_status,right_status,notes",
        ),
        (
            TABLES["trend"],
            "run_id,run_name,metric_key,project_name,stage_name,value,captured_at,notes",
        ),
        (
            TABLES["anomaly"],
            "run_id,metric_key,actual_value,expected_low,expected_high,z_score,severity,notes",
        ),
    ],
)
def test_csv_has_the_columns_of_the_first_release(call, history, arguments, header):
    """In their order; more on request."""
    assert header == call("export", "csv", *arguments).out.splitlines()[0]
    wide = call("export", "csv", *arguments, "--all-columns").out.splitlines()[0]

    assert wide.startswith(header.removesuffix(",notes"))


def test_what_is_missing_is_said_beside_the_rows(call, history):
    """On stderr, so that a pipe gets only rows."""
    done = call("export", "csv", "trend", "loss", "--project", "nightly")

    assert "missing_metric_for_run:loss" in rows_of(done.out)[-1]["notes"]
    assert "Note:" in done.err
    assert "" == call("--quiet", "export", "csv", "trend", "loss").err


def test_json_holds_the_content_or_a_summary(call, history, project):
    """The file is the export, never a stub."""
    printed = json.loads(call("-f", "json", "export", "csv", "runs").out)
    summary = json.loads(call("-f", "json", "export", "csv", "runs", "--output", "r.csv").out)

    assert ("runs", "csv") == (printed["kind"], printed["render"])
    assert printed["content"] == (project / "r.csv").read_text()
    assert ("runs", "csv", 22, str(project / "r.csv")) == (
        summary["kind"],
        summary["render"],
        summary["rows"],
        summary["output"],
    )


def test_formulas_and_escapes_do_not_survive(call, history):
    """A hostile name is text in a spreadsheet and in a terminal."""
    done = call("export", "csv", "runs")
    (hostile,) = [row for row in rows_of(done.out) if row["run_id"].endswith("hostile")]

    assert r"'=cmd()\x1b[31m<script>" == hostile["name"]
    assert "\x1b" not in done.out
    assert "\x1b" not in call("export", "jsonl", "runs").out


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (("--run", "night-00"), "run:nightly.night-00"),
        (("--left", "night-00", "--right", "night-12"), "night-12"),
        (("--project", "nightly"), "nightly"),
        (("--trend", "loss", "--project", "nightly"), "loss"),
    ],
)
def test_html_is_one_page_with_its_charts(call, history, project, arguments, title):
    """With a charset and a policy, without script."""
    done = call("export", "html", *arguments, "--output", "r.html")
    page = (project / "r.html").read_text()

    assert 0 == done.code
    assert page.startswith("<!")
    assert 'charset="utf-8"' in page.lower()
    assert "Content-Security-Policy" in page
    assert "<article" in page
    assert "<script" not in page
    assert title in page


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("html",), 1),
        (("html", "--left", "night-00"), 1),
        (("html", "--run", "night-00", "--trend", "loss"), 1),
        (("csv", "nope"), 2),
        (("parquet", "runs"), 2),
        (("csv", "alerts"), 2),
        (("csv", "series", "nope"), 1),
        (("csv", "runs", "--limit", "0"), 1),
        (("csv", "runs", "--output", "."), 1),
        (("csv", "runs", "--output", "/proc/x/y.csv"), 1),
    ],
)
def test_wrong_calls_fail_with_our_errors(call, history, arguments, code):
    """And leave no file."""
    done = call("export", *arguments)

    assert code == done.code
    assert done.err.startswith("ERROR [")
    assert "Traceback" not in done.err


def test_the_delimiter_of_the_settings_is_used(call, history):
    """On the command line too."""
    done = call("--set", "surfaces.export.csv_delimiter=;", "export", "csv", "runs")

    assert done.out.startswith("run_id;name;")
