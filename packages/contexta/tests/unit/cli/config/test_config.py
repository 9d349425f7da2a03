"""``contexta config show``, ``contexta init`` and ``contexta completion``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def test_show_names_the_source_of_each_value(
    call: Call, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Default, derived, project, variable and option are told apart."""
    monkeypatch.setenv("CONTEXTA_CAPTURE_RETRY_ATTEMPTS", "4")
    done = call("config", "show", "--set", "project_name=mine", "-f", "json")
    rows = {row["key"]: row for row in json.loads(done.out)["settings"]}

    assert ("arg", "mine") == (rows["project_name"]["kind"], rows["project_name"]["value"])
    assert ("env", 4) == tuple(rows["capture.retry_attempts"][key] for key in ("kind", "value"))
    assert "project" == rows["workspace.root_path"]["kind"]
    assert "derived" == rows["workspace.records_path"]["kind"]
    assert "default" == rows["records.durability_mode"]["kind"]


def test_changed_leaves_defaults_out(call: Call, workspace: Path) -> None:
    """`--changed` shows what somebody set."""
    done = call("config", "show", "--changed", "--set", "project_name=mine")

    assert 'project_name = "mine"' in done.out
    assert "durability_mode" not in done.out


def test_a_section_is_shown_alone(call: Call, workspace: Path) -> None:
    """A section or a key is shown; a mistyped one is refused with the nearest."""
    shown = call("config", "show", "records")
    unknown = call("config", "show", "record.durability")

    assert all(line.startswith("records.") for line in shown.out.splitlines())
    assert 1 == unknown.code
    assert "records.durability_mode" in unknown.err


def test_passwords_of_urls_are_not_shown(call: Call, workspace: Path) -> None:
    """The password in the URL of a ledger never reaches the terminal or a log."""
    urls = ("postgresql://me:s3cret@host/db", "postgresql://host/db?password=s3cret&x=1")
    done = [
        call("config", "show", "metadata", "--set", f"metadata.url={url}", *form)
        for url in urls
        for form in ((), ("-f", "json"), ("--toml",))
    ]

    assert all("host/db" in one.out for one in done)
    assert all("s3cret" not in one.out + one.err for one in done)


def test_toml_is_read_back(call: Call, workspace: Path) -> None:
    """What `--toml` prints is a settings file."""
    text = call("config", "show", "--toml", "--set", "project_name=mine").out
    Path("contexta.toml").write_text(text)
    done = call("config", "show", "project_name", "-f", "json")

    assert "mine" == json.loads(done.out)["settings"][0]["value"]


def test_config_show_needs_no_workspace(call: Call, project: Path) -> None:
    """Settings are shown where nothing is yet, and nothing is made."""
    done = call("config", "show")

    assert 0 == done.code
    assert not (project / ".contexta").exists()


def test_init_makes_a_workspace_once(call: Call, project: Path) -> None:
    """The first call makes it, the second leaves it as it is, and readers find it empty."""
    first = json.loads(call("init", "-f", "json").out)
    mark = (project / ".contexta" / "workspace.json").read_bytes()
    second = json.loads(call("init", "-f", "json").out)

    assert (True, False) == (first["created"], second["created"])
    assert mark == (project / ".contexta" / "workspace.json").read_bytes()
    assert 0 == call("runs").code
    assert 0 == call("check").code


def test_init_takes_the_folder_of_a_project(call: Call, project: Path) -> None:
    """FOLDER is the project, and .contexta in it the workspace."""
    call("init", "sub")

    assert (project / "sub" / ".contexta" / "workspace.json").is_file()


def test_init_where_it_cannot_write(call: Call, project: Path) -> None:
    """W13: a file in the way is a coded error."""
    (project / ".contexta").write_text("a file")
    done = call("init")

    assert 1 == done.code
    assert "ERROR [store_" in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_w1_completion_prints_a_script(call: Call, project: Path, shell: str) -> None:
    """W1: each shell gets a script that asks this program."""
    done = call("completion", shell)

    assert 0 == done.code
    assert "_CONTEXTA_COMPLETE" in done.out


def test_w1_completion_completes_commands(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W1: the shell asks, and gets the commands below a group."""
    monkeypatch.setenv("_CONTEXTA_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "contexta backup ")
    monkeypatch.setenv("COMP_CWORD", "2")
    done = call()

    assert ["create", "diff", "key", "list", "prune", "pull", "push", "verify"] == [
        line.partition(",")[2] for line in done.out.split()
    ]
