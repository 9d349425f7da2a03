import json
import subprocess
import sys

import pytest

RULE = ("--metric", "accuracy", "--operator", "lt", "--threshold", "0.5")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("diagnostics", "crash"), 0),
        (("diagnostics", "crash", "--fail-on", "error"), 1),
        (("diagnostics", "day-1", "--fail-on", "error"), 0),
        (("anomaly", "day-5"), 0),
        (("anomaly", "day-5", "--fail-on", "error"), 1),
        (("anomaly", "day-3", "--fail-on", "error"), 0),
        (("alert", "day-5", *RULE), 0),
        (("alert", "day-5", *RULE, "--fail-on", "warning"), 1),
        (("alert", "day-5", *RULE, "--fail-on", "error"), 0),
        (("alert", "day-5", *RULE, "--severity", "error", "--fail-on", "error"), 1),
        (("alert", "day-1", *RULE, "--fail-on", "info"), 0),
        (("alert", "crash", *RULE), 0),
        (("alert", "crash", *RULE, "--fail-on-missing"), 1),
        (("alert", "--fleet", *RULE, "--fail-on", "warning"), 1),
        (("runs", "--status", "open"), 0),
    ],
)
def test_findings_fail_a_call_only_where_asked(call, lab, line, code):
    """The result is printed either way."""
    done = call(*line)

    assert (done.code, done.err) == (code, "")
    assert done.out


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        (("run", "show", "day-9"), 1, "query_run_not_found"),
        (("series", "day-9", "loss"), 1, "query_run_not_found"),
        (("events", "day-1", "--stage", "x"), 1, ""),
        (("lineage", " "), 1, "lineage_invalid_subject"),
        (("lineage", "day-1", "--depth", "-1"), 1, "lineage_invalid_max_depth"),
        (("lineage", "day-1", "--depth", "deep"), 2, "usage"),
        (("runs", "--limit", "0"), 1, "query_invalid_run_list_query"),
        (("runs", "--sort", "color"), 2, "usage"),
        (
            ("runs", "--after", "2027-01-01", "--before", "2026-01-01"),
            1,
            "query_invalid_time_range",
        ),
        (("alert", "day-1", *RULE, "--severity", "x"), 1, "alert_invalid_severity"),
        (("anomaly", "day-1", "--metric", "los"), 1, "anomaly_unknown_metric"),
        (("compare-multi", "day-1"), 1, "compare_requires_multiple_runs"),
        (("alert", "day-1"), 2, "usage"),
        (("alert", "day-1", "--metric", "m"), 2, "usage"),
        (("alert", *RULE), 2, "usage"),
        (("alert", "day-1", *RULE, "--project", "lab"), 2, "usage"),
        (("alert", "day-1", "--rule", "a ? b"), 2, "usage"),
        (("lineage", "day-1", "--direction", "sideways"), 2, "usage"),
        (("runs", "--columns", "speed"), 2, "usage"),
        (("metrics", "day-1", "--project", "lab"), 2, "usage"),
        (("diagnostics", "day-1", "--fail-on", "never"), 2, "usage"),
    ],
)
def test_a_bad_call_never_succeeds(call, lab, line, code, error):
    """One line says what is wrong, as JSON where asked; nothing is on stdout."""
    text, data = call(*line), call(*line, "--format", "json")

    assert (text.code, data.code, text.out, data.out) == (code, code, "", "")
    assert text.err.startswith(f"ERROR [{error}")
    assert "Traceback" not in text.err
    shown = json.loads(data.err)["error"]
    assert set(shown) == {"code", "message", "details"}
    assert shown["code"].startswith(error)


def test_a_missing_run_offers_the_nearest(call, lab):
    """A typing mistake costs one look."""
    assert "nearest: run:lab.day-" in call("run", "show", "dya-1").err


def test_a_malformed_expression_shows_the_place(call, lab):
    """A caret stands under it."""
    lines = call("runs", "--where", "metrics.accuracy >> 0.9").err.splitlines()

    assert "column 19" in lines[0]
    assert lines[1:] == ["  metrics.accuracy >> 0.9", "                    ^"]


def test_an_empty_answer_names_what_was_perhaps_meant(call, lab):
    """A key or project that nothing has is a typing mistake more often than not."""
    key = call("runs", "--where", "metrics.acuracy > 0.5")
    project = call("runs", "--project", "lba")

    assert key.out == "no runs\nHint: no run has metrics.acuracy; nearest: metrics.accuracy\n"
    assert project.out == "no runs\nHint: there is no project lba; did you mean lab?\n"
    assert "nearest: loss" in call("series", "day-1", "los").out


@pytest.mark.parametrize(("typed", "meant"), [("rums", "runs"), ("compar", "compare")])
def test_an_unknown_command_is_refused_with_the_nearest(call, typed, meant):
    """And with the exit code of wrong usage."""
    done = call(typed)

    assert done.code == 2
    assert meant in done.err


@pytest.mark.parametrize("line", [(), ("run",), ("search",), ("provenance",)])
def test_a_group_without_its_command_shows_its_help_on_stderr(call, line):
    """stdout stays empty, the exit code is 2."""
    text, data = call(*line), call(*line, "-f", "json")

    assert (text.code, data.code, text.out, data.out) == (2, 2, "", "")
    assert "Usage: contexta" in text.err
    assert json.loads(data.err)["error"]["code"] == "usage"


def test_a_pipe_that_closes_early_makes_no_noise(lab):
    """`contexta runs | head -1` prints one line and nothing else."""
    program = f"{sys.executable} -m contexta runs -w {lab} --format json | head -1"

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("{\n", "")


def test_an_interrupt_is_not_talked_about_when_quiet(call, lab, monkeypatch):
    """The exit code says it."""
    from contexta.cli import _state

    def interrupted(*_args, **_rest):
        raise KeyboardInterrupt

    monkeypatch.setattr(_state.State, "open", interrupted)

    done = call("runs", "--quiet")

    assert (done.code, done.out, done.err.strip()) == (130, "", "")
