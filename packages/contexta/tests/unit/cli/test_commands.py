import json

import pytest


def test_runs_lists_the_runs_of_the_project_folder(call, workspace):
    """The workspace is found without any option."""
    done = call("runs")

    assert done.code == 0
    assert [line.split()[:2] for line in done.out.splitlines()[1:]] == [
        ["run:demo.first", "completed"],
        ["run:demo.second", "completed"],
    ]


@pytest.mark.parametrize("place", ["before", "after"])
def test_global_options_work_before_and_after_the_command(call, workspace, tmp_path, place):
    """Users type them anywhere."""
    options = ["--workspace", str(workspace), "--format", "json"]

    done = call(*options, "runs") if place == "before" else call("runs", *options)

    assert [run["run_id"] for run in json.loads(done.out)["runs"]] == [
        "run:demo.first",
        "run:demo.second",
    ]


def test_runs_can_be_filtered(call, workspace):
    """Newest first and limited, or by project and status."""
    assert call("runs", "--desc", "--limit", "1").out.splitlines()[1].startswith("run:demo.second")
    assert call("runs", "--status", "failed").out == "no runs\n"
    assert call("runs", "--project", "other").out.startswith("no runs\n")


def test_runs_are_sorted_by_param_status_and_duration(call, workspace):
    """As by start and metric, in both directions and in every form."""

    def ids(*options):
        runs = json.loads(call("runs", "--format", "json", *options).out)["runs"]
        return [run["run_id"].rpartition(".")[2] for run in runs]

    assert ids("--sort", "param:rate") == ["second", "first"]
    assert ids("--sort", "param:rate", "--desc") == ["first", "second"]
    assert ids("--sort", "param:none", "--desc") == ["first", "second"]
    assert ids("--sort", "status") == ["first", "second"]
    assert sorted(ids("--sort", "duration")) == ["first", "second"]


@pytest.mark.parametrize(
    ("order", "told"),
    [("param:rat", "params.rat; nearest: params.rate"), ("metric:los", "metrics.los; nearest: ")],
)
def test_an_order_by_a_key_that_no_run_has_is_told(call, workspace, order, told):
    """On stderr, so that what reads the list reads no more than the list."""
    done = call("runs", "--sort", order)

    assert done.code == 0
    assert f"Hint: no run has {told}" in done.err
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == [
        "run:demo.first",
        "run:demo.second",
    ]
    assert call("runs", "--sort", "param:rate").err == ""


def test_run_show_names_stages_and_metric_values(call, workspace):
    """More than counts; a short id will do."""
    done = call("run", "show", "first")

    assert done.code == 0
    words = [line.split() for line in done.out.splitlines()]
    assert ["Run:", "run:demo.first"] in words
    assert ["Status:", "completed"] in words
    assert ["rate:", "0.5"] in words
    assert ["loss", "train", "0.5", "0.5", "0.5", "1"] in words


def test_terminal_control_characters_are_shown_not_obeyed(call, workspace):
    """A tag cannot color or clear the terminal."""
    done = call("run", "show", "first")

    assert "\x1b" not in done.out
    assert r"team: a\x1b[31m" in done.out
    assert "\x1b" not in call("run", "show", "first", "--format", "json").out


def test_compare_shows_left_right_and_delta(call, workspace):
    """The values stand beside each other."""
    done = call("compare", "first", "second")

    assert done.code == 0
    words = [line.split() for line in done.out.splitlines()]
    assert ["loss", "train", "0.5", "0.25", "-0.25", "-50.0%", "better"] in words
    assert ["rate", "0.5", "0.25", "changed"] in words
    comparison = json.loads(call("compare", "first", "second", "--format", "json").out)
    assert comparison["left_run_id"] == "run:demo.first"


def test_a_report_is_printed_or_written(call, workspace, project):
    """The file holds the document, stdout says where it is."""
    shown = call("report", "snapshot", "first")
    written = call("report", "snapshot", "first", "--output", "out/r.md")

    assert shown.out.startswith("# Run Snapshot Report: run:demo.first")
    assert written.out == f"wrote {project / 'out' / 'r.md'}\n"
    assert (project / "out" / "r.md").read_text().strip() == shown.out.strip()


@pytest.mark.parametrize(("render", "start"), [("html", "<"), ("json", "{"), ("markdown", "# ")])
def test_each_rendering_can_be_written_with_json_output(call, workspace, project, render, start):
    """``--format json`` changes what is printed, not what is in the file."""
    done = call("report", "snapshot", "first", "--render", render, "--output", "f", "--format=json")

    assert json.loads(done.out)["output"] == str(project / "f")
    assert (project / "f").read_text().startswith(start)


def test_a_report_as_json_is_the_document(call, workspace):
    """Title and sections, not a stub."""
    document = json.loads(call("report", "snapshot", "first", "--render", "json").out)
    wrapped = json.loads(call("report", "snapshot", "first", "--format", "json").out)

    assert document["sections"][0]["title"] == "Run Summary"
    assert wrapped["content"].startswith("# ")


def test_an_unknown_run_is_an_error_with_a_code(call, workspace):
    """Text and JSON say the same; neither shows a traceback."""
    text = call("run", "show", "nope")
    data = call("--format", "json", "run", "show", "nope")

    assert text.code == 1
    assert text.err.startswith("ERROR [query_run_not_found]: ")
    assert json.loads(data.err)["error"]["code"] == "query_run_not_found"
    assert "Traceback" not in text.err + data.err
    assert "Traceback" in call("run", "show", "nope", "--debug").err


def test_the_default_format_comes_from_the_settings(call, workspace, monkeypatch):
    """The option wins over the setting."""
    monkeypatch.setenv("CONTEXTA_SURFACES_CLI_DEFAULT_OUTPUT_FORMAT", "json")

    assert "runs" in json.loads(call("runs").out)
    assert call("runs", "--format", "text").out.startswith("RUN")


def test_reading_changes_no_file(call, workspace):
    """Asking leaves the workspace as it was."""
    before = sorted(path for path in workspace.rglob("*") if path.is_file())

    call("runs")
    call("run", "show", "first")
    call("compare", "first", "second")

    assert sorted(path for path in workspace.rglob("*") if path.is_file()) == before
