"""What people see, at the widths of their terminals."""

import re

import pytest

from contexta.cli._text import width_of
from contexta.client import Contexta

HOSTILE = "\x1b[2J<script>alert(1)</script>\u202egnp.exe=cmd()"
CENTRAL = [
    ("runs",),
    ("runs", "-c", "metrics.loss,metrics.accuracy,params.rate,params.kind"),
    ("run", "show", "day-4"),
    ("run", "show", "odd"),
    ("compare", "day-1", "day-5"),
    ("compare-multi", "day-1", "day-2", "day-4"),
    ("diagnostics", "crash"),
    ("lineage", "day-3"),
    ("trend", "loss"),
    ("anomaly", "day-5"),
    ("alert", "--fleet", "--rule", "loss > 0.1"),
    ("events", "day-1"),
    ("search", "artifacts", "model"),
    ("series", "day-4", "loss"),
    ("provenance", "audit", "day-1"),
    ("metrics",),
]


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("line", CENTRAL, ids=" ".join)
def test_no_line_is_wider_than_the_terminal(call, lab, monkeypatch, line, width):
    """And no character of the data reaches it."""
    monkeypatch.setenv("COLUMNS", str(width))

    done = call(*line)

    assert (done.code, done.err) == (0, "")
    assert max(width_of(one) for one in done.out.splitlines()) <= width
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e]", done.out)


def test_the_name_of_a_deployment_is_whole_in_a_narrow_terminal(call, project, monkeypatch):
    """Other columns are cut or named as left out."""
    monkeypatch.setenv("COLUMNS", "80")
    name = "photo-search-eu-west-1-canary"
    with Contexta(workspace=project / ".contexta", config={"project_name": "vision"}) as ctx:
        with ctx.run("train", run_id="night-01-resnet") as run:
            pass
        with ctx.deployment(name, run_ref=run.ref):
            pass

    lines = call("deployments").out.splitlines()

    assert lines[1].startswith(f"{name}  ")
    assert max(width_of(line) for line in lines) <= 80


@pytest.mark.parametrize("columns", ["80", None])
def test_times_are_whole_in_a_pipe(call, lab, monkeypatch, columns):
    """A pipe has no width; where COLUMNS gives it one, a time is still there for grep and cut."""
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    head, *lines = call("runs").out.splitlines()
    at = head.index("STARTED")

    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line[at:]) for line in lines[:5])
    assert ("DURATION" in head, "NAME" in head) == (True, columns is None)


@pytest.mark.parametrize("line", CENTRAL, ids=" ".join)
def test_colors_are_ours_alone(call, lab, monkeypatch, line):
    """With color forced, the only escapes are those that we write."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    out = call(*line).out

    assert "\x1b" in out
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", out)


def test_run_show_tells_all_that_people_ask_first(call, lab, monkeypatch):
    """Stages with durations, last values with a curve, params, artifacts, environment, issues."""
    monkeypatch.setenv("COLUMNS", "100")
    lines = call("run", "show", "day-4").out.splitlines()
    words = [line.split() for line in lines]

    assert ["Run:", "run:lab.day-4"] in words
    assert ["Status:", "completed"] in words
    assert ["Stages", "(2)"] in words
    assert any(line[:2] == ["fit", "completed"] and line[3] in ("ms", "s") for line in words)
    curve = next(line for line in words if line[:2] == ["loss", "fit"])
    assert curve[2:6] == ["0.106667", "0.106667", "2.04", "30"]
    assert "✗" in curve[6]
    assert ["rate:", "0.02"] in words
    assert any(line[:3] == ["model", "2.0", "KiB"] for line in words)
    assert any(line[:1] == ["Python:"] for line in words)
    assert any(line[:2] == ["error", "nonfinite_metric"] for line in words)
    assert lines[-1] == "Completeness: 3 values not finite"


def test_compare_shows_both_sides_the_difference_and_who_is_better(call, lab):
    """A word stands beside the color."""
    lines = [line.split() for line in call("compare", "day-0", "day-4").out.splitlines()]

    assert ["accuracy", "eval", "0.8", "0.88", "+0.08", "+10.0%", "better"] in lines
    assert ["loss", "fit", "0.0666667", "0.106667", "+0.04", "+60.0%", "worse"] in lines
    assert ["kind", "old", "new", "changed"] in lines


def test_compare_multi_marks_the_best(call, lab):
    """With the names of the runs."""
    lines = [line.split() for line in call("compare-multi", "day-0", "day-4").out.splitlines()]

    assert ["accuracy", "eval", "0.8", "0.88", "*"] in lines
    assert ["loss", "fit", "0.0666667", "*", "0.106667"] in lines
    assert ["day-4", "day-4", "train"] in lines


def test_compare_multi_marks_no_best_where_there_is_nothing_to_beat(call, lab):
    """A value that is alone wins against nobody."""
    lines = [line.split() for line in call("compare-multi", "long", "day-0").out.splitlines()]

    assert ["wide", "(run)", "1", "-"] in lines
    assert not [line for line in lines if "*" in line]


def test_lineage_draws_edges_for_a_short_name(call, lab):
    """From both sides where no direction is named."""
    out = call("lineage", "day-3").out

    assert out.splitlines()[0] == "Came from"
    assert "Went into" in out
    assert "artifact:lab.day-3.model" in out
    assert "produced by this" in out
    assert "deployment:lab.shop deployed from this" in out


def test_spans_are_a_tree_with_durations(call, lab):
    """The inner one hangs below the outer one."""
    lines = call("spans", "day-1").out.splitlines()

    assert lines[0].startswith("epoch ")
    assert lines[1].startswith("└─ load ")


def test_a_trend_has_a_curve_and_its_runs(call, lab):
    """What is missing is said below."""
    lines = call("trend", "accuracy").out.splitlines()

    assert lines[0] == "accuracy in lab: 6 runs"
    assert lines[1] == "█████▁"
    assert lines[-2] == "Note: a run has no value of this metric: accuracy (3 times)"


def test_a_stage_that_is_not_there_is_told_with_the_nearest(call, lab):
    """The metric is there, in another stage."""
    out = call("trend", "accuracy", "--stage", "evl").out

    assert "Note: no run has this metric: accuracy in stage evl; nearest stages: eval\n" in out


def test_a_series_is_a_picture_or_a_table(call, lab):
    """Gaps are marked in both."""
    picture = call("series", "day-4", "loss").out
    points = call("series", "day-4", "loss", "--table").out

    assert "✗ not finite" in picture
    assert [line.split()[:2] for line in points.splitlines()].count(["11", "NaN"]) == 1


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (("series", "first", "loss"), "1 point, "),
        (("anomaly", "second"), "of 0 values"),
        (("run", "show", "first"), "(1 event, 1 metric)"),
        (("trend", "loss", "--limit", "1"), ": 1 run\n"),
        (("stages", "train", "--limit", "1"), ": 1 point\n"),
        (("compact", "--dry-run"), " part"),
        (("alert", "--fleet", "--rule", "loss < 0.3"), "(1 fine result not shown)"),
        (("erase", "first", "--dry-run"), "2 records go;"),
        (("erase", "first", "--dry-run"), "metric/demo: 1 record of 1 part"),
        (("diagnostics", "first"), "0 issues"),
        (("alert", "first", "--rule", "loss < 0"), "0 of 1 rule triggered"),
    ],
)
def test_one_is_not_many(call, made, line, shown):
    """A count and its noun agree."""
    out = call("--workspace", str(made), *line).out

    assert shown in out
    assert not re.search(
        r"\b1 (parts|records|runs|rules|values|points|results|issues|artifacts)\b", out
    )


def test_a_terminal_without_unicode_gets_ascii(call, lab):
    """Nothing fails for a letter that cannot be shown: it is escaped."""
    import os
    import subprocess
    import sys

    from contexta import Contexta

    long = {"long": "x" * 2000}
    with (
        Contexta(workspace=lab, config={"project_name": "lab"}) as ctx,
        ctx.run("größe", run_id="letters", params=long) as run,
    ):
        run.metric("loss", 0.5)
    done = subprocess.run(
        [sys.executable, "-m", "contexta", "run", "show", "letters", "-w", str(lab)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert done.stdout.isascii()
    assert rb"gr\xf6\xdfe" in done.stdout
    assert b"loss" in done.stdout


def test_a_hostile_name_is_shown_and_harmless(call, lab):
    """In lists, alone, as a tag and as a param; in JSON it is the data, escaped."""
    shown = call("run", "show", "odd").out
    data = call("run", "show", "odd", "-f", "json").out

    assert r"\x1b[2J<script>alert(1)</script>\u202egnp.exe=cmd()" in shown
    assert data.isascii()
    assert HOSTILE not in shown + data


def test_a_hostile_key_is_a_harmless_title(call, lab):
    """Columns are named by the data."""
    out = call("runs", "-c", f"params.{HOSTILE}").out

    assert out.splitlines()[0].startswith(r"RUN            STATUS     \x1b[2J<script>")
    assert "\x1b" not in out


@pytest.mark.parametrize("line", [("run", "show"), ()])
def test_an_error_about_10_kb_fits_the_screen(call, lab, line):
    """Its start and its end are shown; in JSON it is whole."""
    text, data = call(*line, "x" * 10_000), call(*line, "x" * 10_000, "-f", "json")

    assert len(text.err) < 500
    assert len(data.err) > 10_000


def test_a_name_of_10_kb_does_not_fill_the_screen(call, lab):
    """Its end is an ellipsis."""
    line = next(one for one in call("runs").out.splitlines() if one.startswith("run:lab.long"))

    assert len(line) < 500
    assert line.endswith("n…")
