import json
import logging
import subprocess
import sys
from importlib.metadata import version

import pytest

from contexta.cli import _state
from contexta.cli._text import printable


@pytest.mark.parametrize(
    "command",
    [("runs",), ("run", "show", "x"), ("compare", "x", "y"), ("report", "snapshot", "x")],
)
def test_a_missing_workspace_is_refused_and_never_created(call, project, command):
    """A mistyped path gives a hint instead of an empty workspace."""
    done = call(*command, "--workspace", "nowhere")

    assert done.code == 1
    assert done.err.startswith("ERROR [workspace_not_found]: ")
    assert "--workspace PATH" in done.err
    assert sorted(path.name for path in project.iterdir()) == [".git"]


@pytest.mark.parametrize("typed", ["contextra", "."])
def test_the_nearest_workspace_is_suggested(call, project, typed):
    """The one in the folder, or one with nearly the same name."""
    name = ".contexta" if typed == "." else "contexta"
    (project / name).mkdir()
    (project / name / "workspace.json").write_text("{}")

    assert f"did you mean {project / name}?" in call("runs", "--workspace", typed).err


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("runs", "--nope"),
        ("runs", "--limit", "x"),
        ("--format", "xml", "runs"),
        ("compare", "only-one"),
        ("run", "show"),
    ],
)
def test_wrong_usage_exits_with_2(call, arguments):
    """The message says where to find help."""
    done = call(*arguments)

    assert done.code == 2
    assert done.err.startswith("ERROR [usage]: ")
    assert "--help" in done.err


@pytest.mark.parametrize("arguments", [("runs", "--nope"), ("runs", "--limit", "x"), ("what",)])
def test_usage_errors_are_json_when_asked_for(call, arguments):
    """Wherever the option stands."""
    for line in ((*arguments, "--format", "json"), ("--format=json", *arguments)):
        done = call(*line)

        assert (done.code, json.loads(done.err)["error"]["code"]) == (2, "usage")


def test_wrong_settings_are_reported_with_their_code(call, monkeypatch):
    """The variable is named."""
    monkeypatch.setenv("CONTEXTA_SURFACES_HTTP_PORT", "x")

    done = call("runs")

    assert done.code == 1
    assert "ERROR [invalid_config_value]" in done.err
    assert "CONTEXTA_SURFACES_HTTP_PORT" in done.err


def test_an_unforeseen_failure_shows_no_traceback_unless_asked(call, monkeypatch):
    """It is one line, and the way to more."""

    def fail(_self):
        raise RuntimeError("broken\x1b[2J")

    monkeypatch.setattr(_state.State, "open", fail)

    done = call("runs")

    assert (done.code, done.err.count("\n")) == (1, 1)
    assert r"ERROR [internal_error]: RuntimeError: broken\x1b[2J" in done.err
    assert "Traceback" in call("--debug", "runs").err


def test_an_interrupt_ends_with_130(call, monkeypatch):
    """One line, no traceback, and the code that shells know."""

    def interrupted(_self):
        raise KeyboardInterrupt

    monkeypatch.setattr(_state.State, "open", interrupted)

    done = call("runs")

    assert done.code == 130
    assert done.err.strip() == "ERROR [interrupted]: stopped by the user"


def test_an_interrupt_while_the_program_loads_shows_no_traceback(monkeypatch):
    """The entry point answers before there is anything that could print."""
    from contexta.cli import _entry

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(_entry, "run_cli", interrupted)
    loaded = "import sys, contexta.cli; print('click' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True)

    with pytest.raises(SystemExit) as ended:
        _entry.main()
    assert ended.value.code == 130
    assert done.stdout.split() == [b"False"]


def test_help_and_version_exit_with_0(call):
    """Both are on stdout, and also known behind a command."""
    for arguments in (("--version",), ("runs", "-V"), ("run", "show", "--version")):
        assert call(*arguments) == (0, f"contexta {version('contexta')}\n", "")
    for arguments in (("-h",), ("run", "--help"), ("runs", "-h"), ("report", "snapshot", "-h")):
        done = call(*arguments)
        assert done.code == 0
        assert "global options" in done.out or "--workspace" in done.out


def test_the_module_can_be_run():
    """``python -m contexta`` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "contexta", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("contexta ")


def test_help_loads_no_storage_library():
    """The first answer comes fast."""
    program = (
        "import sys\nfrom contexta.cli import run_cli\nrun_cli(['--help'])\n"
        "heavy = ('sqlalchemy', 'pyarrow', 'duckdb', 'alembic', 'rich', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_list_of_runs_loads_only_the_ledger(lab):
    """Neither Parquet nor an engine nor what draws for people."""
    program = (
        "import sys\nfrom contexta.cli import run_cli\n"
        f"run_cli(['runs', '-w', {str(lab)!r}])\n"
        "heavy = ('pyarrow', 'duckdb', 'alembic', 'rich', 'jinja2', 'starlette', 'numpy')\n"
        "print([name for name in heavy if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_leaves_early_is_no_failure_to_talk_about():
    """``contexta ... | head`` prints no error."""
    program = (
        "import sys\nfrom contexta.cli import _group, run_cli\n"
        "import click\n"
        "@_group.cli.command('flood')\n"
        "def flood():\n    for _ in range(100000): click.echo('x' * 100)\n"
        "sys.exit(run_cli(['flood']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

    assert (process.returncode, complaint) == (1, b"")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31m\x07", r"a\x1b[31m\x07"),
        ("a\nb\tc", r"a\x0ab\x09c"),
        ("\x9b1m\x7f", r"\x9b1m\x7f"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("\ud800", r"\ud800"),
        ("größe 温度", "größe 温度"),
        (None, "-"),
    ],
)
def test_control_characters_are_escaped(text, shown):
    """Letters of any script stay."""
    assert printable(text) == shown


def test_line_feeds_can_be_kept():
    """Only they: a carriage return could overwrite the line."""
    assert printable("a\nb\rc", keep_lines=True) == "a\nb\\x0dc"


def test_a_workspace_of_a_newer_release_is_refused(call, workspace):
    """Reading a format that this release does not know could show what is not so."""
    mark = workspace / "workspace.json"
    mark.write_text(json.dumps(json.loads(mark.read_text()) | {"format_version": 99}))
    done = call("runs", "--workspace", str(workspace))

    assert done.code != 0
    assert done.err.startswith("ERROR [workspace_format_unsupported]: ")


@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000])
def test_a_path_that_no_file_system_takes_is_our_error(call, name):
    """The answer is a code, not the name of a Python exception."""
    done = call("runs", "--workspace", name)

    assert done.code == 1
    assert done.err.startswith("ERROR [store_io_failed]: ")


def test_a_report_is_not_written_over_a_folder(call, workspace):
    """``--output /`` names no file."""
    done = call("report", "snapshot", "first", "--workspace", str(workspace), "--output", "/")

    assert done.code == 1
    assert done.err.startswith("ERROR [io_invalid_path]: ")


def test_a_closed_stdout_is_said_so(call, monkeypatch):
    """A result that nobody can get is no success."""
    monkeypatch.setattr(sys, "stdout", None)
    done = call("runs")

    assert done.code == 1
    assert "stdout is closed" in done.err


def test_what_the_library_logs_is_a_warning_of_the_command(call, lab, monkeypatch):
    """With the same mark, printable, not with --quiet, and never after the command."""
    log = logging.getLogger("contexta")
    monkeypatch.setattr(log, "propagate", False)  # away from the handlers of the test runner
    before = list(log.handlers)
    build = _state.State.build

    def noisy(state):
        context = build(state)
        logging.getLogger("contexta.store.records").warning("odd part \x1b[31m")
        return context

    monkeypatch.setattr(_state.State, "build", noisy)
    told, quiet = call("runs", "--limit", "1"), call("runs", "--limit", "1", "-q")

    assert told.err == "WARNING: odd part \\x1b[31m\n"
    assert (quiet.code, quiet.err) == (0, "")
    assert log.handlers == before
