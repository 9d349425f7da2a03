"""``contexta tag`` and ``contexta rename``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def _tags(call: Call, *more: str) -> Any:
    done = call("tag", "first", *more, "-f", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)["tags"]


def test_w11_tags_are_set_and_removed(call: Call, workspace: Path) -> None:
    """W11: others stay, values may hold an equals sign, and the history knows the change."""
    before = _tags(call)
    after = _tags(call, "best=yes", "query=a=b")
    left = _tags(call, "--remove", "best")

    assert before | {"best": "yes", "query": "a=b"} == after
    assert before | {"query": "a=b"} == left
    assert left == _tags(call)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("first", "nokey"), 2), (("first", "a=1", "--remove", "a"), 2), (("nope", "a=1"), 1)],
)
def test_tag_refuses_what_it_cannot_mean(
    call: Call, workspace: Path, arguments: tuple[str, ...], code: int
) -> None:
    """A tag without a value, one set and removed, an unknown run: nothing changes."""
    before = _tags(call)
    assert code == call("tag", *arguments).code

    assert before == _tags(call)


def test_removing_a_tag_that_is_not_there(call: Call, workspace: Path) -> None:
    """The error names the tags that there are."""
    done = call("tag", "first", "--remove", "nope")

    assert 1 == done.code
    assert "ERROR [tag_not_found]" in done.err
    assert "team" in done.err


def test_tags_are_shown_escaped(call: Call, workspace: Path) -> None:
    """A tag with an escape code does not reach the terminal as one."""
    done = call("tag", "first")

    assert 0 == done.code
    assert "\x1b" not in done.out


def test_w11_a_run_gets_another_name(call: Call, workspace: Path) -> None:
    """W11: the id stays, the name is the new one, and the answer has the former."""
    done = json.loads(call("rename", "first", "baseline \x1b[31m", "-f", "json").out)
    runs = json.loads(call("runs", "-f", "json").out)["runs"]

    assert ("run:demo.first", "first") == (done["run_id"], done["former_name"])
    assert {"run:demo.first": "baseline \x1b[31m"}.items() <= {
        run["run_id"]: run["name"] for run in runs
    }.items()
    assert "\x1b" not in call("rename", "run:demo.first", "x\x1b[2J").out


def test_an_empty_name_is_refused(call: Call, workspace: Path) -> None:
    """It is wrong usage, said before the workspace is opened."""
    done = call("rename", "first", "  ")

    assert (2, "") == (done.code, done.out)
    assert "NAME is blank" in done.err
