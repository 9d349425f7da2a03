"""What a person reads after a slip leads on, word for word."""

import ast
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from contexta.cli._ways_out import _ENDS, _NAMES

_PARTS = ("contexta.interpretation", "contexta.recovery", "contexta.store")


@pytest.mark.parametrize("options", [(), ("--direction", "upstream"), ("--format", "json")])
def test_lineage_of_a_name_that_nothing_has_is_an_error(call, made, options):
    """An empty picture would look like an answer."""
    done = call("--workspace", str(made), "lineage", "frist", *options)

    assert (1, "") == (done.code, done.out)
    assert "lineage_subject_not_found" in done.err
    assert "run:demo.first" in done.err


def test_lineage_of_a_run_without_relations_is_an_answer(call, made):
    """The run exists; that nothing is linked to it is what was asked."""
    done = call("--workspace", str(made), "lineage", "first")

    assert (0, "") == (done.code, done.err)


def test_lineage_of_data_that_runs_name_by_a_word_is_an_answer(call, project):
    """Nothing led to it, and a run used it: it is known."""
    from contexta.client import Contexta

    with Contexta(workspace=project / ".contexta") as ctx, ctx.run("train", dataset_ref="photos"):
        pass
    done = call("lineage", "photos", "--direction", "upstream")

    assert (0, "") == (done.code, done.err)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("run", "show"), "Missing argument 'RUN'; see `contexta run show --help`"),
        (("show",), "No such command 'show'. Did you mean run show?; see `contexta --help`"),
        (("audit",), "Did you mean provenance audit?"),
        (("snapshot",), "Did you mean report snapshot?"),
    ],
)
def test_a_usage_error_names_the_command_that_was_meant(call, arguments, shown):
    """Also one that lies in a group; two marks never end one sentence."""
    done = call(*arguments)

    assert 2 == done.code
    assert shown in done.err


def test_the_hint_of_init_finds_the_workspace(call, project):
    """Copied as it is, from the same folder, whatever blanks are in the path."""
    out = call("init", "my project").out
    hint = next(line for line in out.splitlines() if line.startswith("Look at it: "))
    done = call(*shlex.split(hint.removeprefix("Look at it: contexta ")))

    assert (0, "") == (done.code, done.err)


def test_init_names_the_folder_to_keep_out_of_git(call, project):
    """Not always `.contexta`."""
    out = call("--workspace", "records of runs", "init").out

    assert "add records of runs/ to .gitignore" in out


def test_the_hint_of_demo_survives_blanks_in_paths(call, tmp_path):
    """The path is quoted for the shell."""
    target = tmp_path / "my demo"
    out = call("--workspace", str(target), "demo", "--runs", "14").out
    line = next(line for line in out.splitlines() if "export" in line)

    assert ["export", f"CONTEXTA_WORKSPACE={target}"] == shlex.split(line)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("runs", "--limit", "0"), "--limit is 0; it must be a whole number above 0"),
        (("runs", "--offset", "-1"), "--offset is -1; it must be a whole number of at least 0"),
        (("aggregate", "loss", "--limit", "0"), "--limit is 0; it must be"),
        (("trend", "loss", "--limit", "-2"), "--limit is -2; it must be"),
        (("lineage", "first", "--depth", "-1"), "--depth is -1; it must be"),
        (("bisect", "loss", "--min-segment", "1"), "--min-segment is 1; it must be"),
        (("bisect", "loss", "--significance", "2"), "--significance is 2.0; it must be"),
        (("bisect", "loss", "--max-runs", "1"), "--max-runs is 1; it must be"),
        (("report", "group", "--left", "first", "--right", "second", "--alpha", "2"), "--alpha is"),
        (("events", "first", "--tail", "0"), "'--tail': 0 is less than 1; see"),
        (("series", "first", "loss", "--points", "1"), "'--points': 1 is less than 2; see"),
    ],
)
def test_a_number_out_of_bounds_is_refused_by_the_name_of_its_option(call, made, arguments, shown):
    """With the bound, and without words that only a program could use."""
    done = call("--workspace", str(made), *arguments)

    assert "" == done.out
    assert shown in done.err
    assert "None" not in done.err


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("serve", "http", "--port", "99999"), "'--port': 99999 is not between 0 and 65535; see"),
        (("serve", "http", "--port", "x"), "'--port': 'x' is no whole number; see"),
        (("watch", "first", "--interval", "x"), "'--interval': 'x' is no number; see"),
        (("completion",), "Choose from: bash, zsh, fish; see"),
        (("rename", "first", " "), "NAME is blank"),
        (("run", "first"), "Did you mean list or show first?"),
        (("export", "series"), "Did you mean csv series or jsonl series or parquet series?"),
        (("quarantine", "show"), "No such command 'show'; see `contexta quarantine --help`"),
    ],
)
def test_wrong_usage_is_said_in_one_line_of_plain_words(call, made, arguments, shown):
    """No formula, no tab, no command of another group."""
    done = call("--workspace", str(made), *arguments)

    assert (2, "", 1) == (done.code, done.out, len(done.err.splitlines()))
    assert shown in done.err
    assert "\\x09" not in done.err


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("gate", "first", "--no-regression", "loss"), "give --baseline RUN or --baseline-where"),
        (("recover", "dead-letters", "retry", "x"), "See `contexta recover dead-letters list`."),
        (("backup", "verify", "x"), "there is no backup 'x'; there are none"),
    ],
)
def test_a_way_out_is_a_command(call, made, tmp_path, arguments, shown):
    """Not a call of Python."""
    workspace = shutil.copytree(made, tmp_path / ".contexta")
    done = call("--workspace", str(workspace), *arguments)

    assert 1 == done.code
    assert shown in done.err


def test_each_call_of_python_stands_in_the_message_that_it_is_replaced_in():
    """A message that was changed would go out with the call in it."""
    sources = [Path(part.origin) for part in map(find_spec, _PARTS) if part and part.origin]
    texts = " ".join(_texts(source.parent) for source in sources)
    gone = [
        words
        for pairs in (_ENDS.values(), *_NAMES.values())
        for words, _ in pairs
        if words not in texts and not words.endswith(" is")
    ]

    assert [] == gone


def _texts(folder):
    """The texts of the modules below a folder, pieces of one text joined."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))
    return " ".join(
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_merge_names_the_workspace_that_was_probably_meant(call, made):
    """The words are those of every other command."""
    wrong = Path(f"{made.parent}x")
    done = call("--workspace", str(made), "merge", str(wrong))

    assert 1 == done.code
    assert f"there is no workspace at {wrong}" in done.err
    assert f"did you mean {made}?" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_behind_stdout_is_no_fault_of_the_program(made, form):
    """The message says which write failed, and the exit is clean."""
    command = [sys.executable, "-m", "contexta", "--workspace", str(made), "runs", "-f", form]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert 1 == done.returncode
    assert "stdout_failed" in done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("run", "show", "zzqqzz"), "no run looks like it, see `contexta runs`"),
        (("compare", "zzqqzz", "qqzzqq"), "see `contexta runs`"),
        (("deployments", "--run", "zzqqzz"), "see `contexta runs`"),
        (("tag", "zzqqzz", "a=b"), "see `contexta runs`"),
        (("artifact", "register", "model", "pyproject.toml", "--run", "zzqqzz"), "contexta runs"),
        (("artifact", "verify", "zzqqzz"), "not found, see `contexta artifact list`"),
        (("lineage", "zzqqzz"), "see `contexta runs`, `contexta artifact list`"),
        (("lineage", "artifact:q.z.q"), "contexta artifact list"),
        (("lineage", "deployment:q.z"), "`contexta deployments`"),
    ],
)
def test_a_name_that_looks_like_nothing_leads_to_what_there_is(call, made, arguments, shown):
    """Where no name is near, the command that lists all is named."""
    Path("pyproject.toml").touch()
    done = call("--workspace", str(made), *arguments)

    assert (1, "") == (done.code, done.out)
    assert shown in done.err
    assert "list_runs" not in done.err


@pytest.mark.parametrize("line", [("metrics",), ("search", "runs", "first"), ("deployments",)])
def test_an_empty_answer_about_a_lost_project_names_the_nearest(call, made, line):
    """It is a slip more often than an answer."""
    out = call("--workspace", str(made), *line, "--project", "dmeo").out

    assert out.endswith("\nHint: there is no project dmeo; did you mean demo?\n")


def test_no_deployments_of_a_project_that_is_not_there(call, made):
    """An empty list of a slip is told from one of a project without deployments."""
    done = call("--workspace", str(made), "deployments", "--project", "zzqqzz")

    assert done.out == "no deployments\nHint: there is no project zzqqzz; there are demo\n"
