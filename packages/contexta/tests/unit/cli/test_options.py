import json

import pytest

from contexta.cli._settings import coerced, patch_of
from contexta.cli._state import State, open_context


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("None", None),
        ("true", True),
        ("FALSE", False),
        ("[]", []),
        ('["a", 1]', ["a", 1]),
        ('{"a": 1}', {"a": 1}),
        ('"12"', "12"),
        ("[broken", "[broken"),
        ("0.5", 0.5),
        ("7", 7),
        ("1.2.3", "1.2.3"),
        ("night", "night"),
        ("", ""),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_set_reads_values_as_people_mean_them(text, value):
    """Words, JSON, numbers; all else is text."""
    assert coerced(text) == value


def test_set_builds_a_nested_patch():
    """Later ones win."""
    assert patch_of(["a.b=1", "a.c=x", "a.b=2"]) == {"a": {"b": 2, "c": "x"}}


@pytest.mark.parametrize("setting", ["foo", "=1", "a..b=1"])
def test_a_setting_that_is_none_is_wrong_usage(call, lab, setting):
    """The message shows how one looks."""
    done = call("runs", "--set", setting)

    assert done.code == 2
    assert "capture.retry_attempts=3" in done.err


def test_a_workspace_is_found_from_below(call, lab, project, monkeypatch):
    """As git finds its folder."""
    below = project / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert call("runs", "--limit", "1").code == 0


def test_flags_win_over_variables_and_these_over_a_file(call, lab, project, monkeypatch):
    """And a workspace that only the profile names comes last."""
    (project / "c.json").write_text('{"workspace": {"root_path": "from-file"}}')
    by_file = call("runs", "--config", "c.json")
    monkeypatch.setenv("CONTEXTA_WORKSPACE", "from-variable")
    by_variable = call("runs", "--config", "c.json")
    by_set = call("runs", "--config", "c.json", "--set", "workspace.root_path=from-set")
    by_flag = call("runs", "--set", "workspace.root_path=from-set", "-w", "from-flag")

    named = [
        done.err.split(":")[1].rpartition("/")[2]
        for done in (by_file, by_variable, by_set, by_flag)
    ]
    assert named == ["from-file", "from-variable", "from-set", "from-flag"]
    assert call("runs", "-w", str(lab), "--limit", "1").code == 0


def test_an_unknown_variable_is_a_warning(call, lab, monkeypatch):
    """Another tool's variable must not stop a question; --quiet hides it."""
    monkeypatch.setenv("CONTEXTA_STRANGE", "1")

    told, quiet = call("runs"), call("runs", "--quiet")

    assert (told.code, quiet.code, quiet.err) == (0, 0, "")
    assert told.err == (
        "WARNING: CONTEXTA_STRANGE: there is no setting for this variable; it is ignored\n"
    )


@pytest.mark.parametrize("place", ["before", "after", "between"])
def test_short_options_work_anywhere(call, lab, place):
    """Before, after and between the parts of a command."""
    options = ("-w", str(lab), "-f", "json")
    lines = {
        "before": (*options, "run", "list"),
        "between": ("run", *options, "list"),
        "after": ("run", "list", *options),
    }

    assert len(json.loads(call(*lines[place]).out)["runs"]) == 9


def test_a_list_is_also_ndjson_and_csv(call, lab):
    """One line per run; NaN has its marker, formulas an apostrophe."""
    columns = ("-c", "status,metrics.loss,tags.team")
    lines = call("runs", "-f", "ndjson", *columns).out.splitlines()
    table = call("runs", "-f", "csv", *columns).out.splitlines()

    assert json.loads(lines[0]) == {
        "run": "run:lab.day-0",
        "status": "completed",
        "metrics.loss": pytest.approx(2 / 30),
        "tags.team": None,
    }
    assert table[0] == "run,status,metrics.loss,tags.team"
    assert len(lines) == len(table) - 1 == 9
    assert not any("\x1b" in line or "\u202e" in line for line in (*lines, *table))


def test_what_is_no_list_has_no_rows(call, lab):
    """Wrong usage, and nothing on stdout."""
    done = call("run", "show", "day-1", "-f", "csv")

    assert (done.code, done.out) == (2, "")


def test_color_follows_options_and_variables(call, lab, monkeypatch):
    """Off in a pipe, on when forced, off again when asked."""
    piped = call("runs").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    forced, asked = call("runs").out, call("runs", "--no-color").out
    setting = call("runs", "--set", "surfaces.cli.color=false").out
    monkeypatch.setenv("NO_COLOR", "1")
    variable = call("runs").out

    assert "\x1b[32m" in forced
    assert not any("\x1b" in text for text in (piped, asked, setting, variable))


def test_verbosity_of_the_settings_is_heeded(call, lab, monkeypatch):
    """`debug` shows tracebacks, `quiet` no warnings."""
    loud = call("run", "show", "nope", "--set", "surfaces.cli.verbosity=debug")
    monkeypatch.setenv("CONTEXTA_STRANGE", "1")
    quiet = call("runs", "--set", "surfaces.cli.verbosity=quiet")

    assert "Traceback" in loud.err
    assert quiet.err == ""


def test_a_state_opens_once_and_closes_what_it_opened(lab):
    """For reading and for writing apart."""
    state = State()
    state.workspace = str(lab)
    reading, writing = state.open(), state.open(write=True)

    assert state.open() is reading
    assert writing is not reading
    state.close()
    with pytest.raises(Exception, match="closed"):
        reading.list_runs()


def test_any_object_with_options_opens_a_workspace(lab):
    """Scripts of 1.0 pass a namespace."""

    class Options:
        workspace = lab
        profile = None
        config = None
        set = ("project_name=other",)

    context = open_context(Options())

    assert (context.project_name, len(context.list_runs())) == ("other", 9)
    context.close()
