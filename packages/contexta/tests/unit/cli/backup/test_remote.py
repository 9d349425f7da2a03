"""``contexta backup push`` and ``pull``, and the lists and proofs of what lies elsewhere."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def ref(call: Call, lab: Path) -> str:
    """The name of a backup of the workspace."""
    done = call("backup", "create", "--label", "nightly", "--format", "json")
    name: str = json.loads(done.out)["backup_ref"]
    return name


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A folder on another disk, let us say."""
    return f"file://{tmp_path}/elsewhere"


def _json(done: Any) -> dict[str, Any]:
    assert done.code == 0, done.err
    facts: dict[str, Any] = json.loads(done.out)
    return facts


def test_a_backup_goes_and_comes_back(call: Call, ref: str, url: str) -> None:
    """Sent, listed, verified, fetched into a workspace that is not there yet, and planned."""
    new = ("--workspace", "new/.contexta")
    sent = _json(call("backup", "push", ref, url, "-f", "json"))
    again = _json(call("backup", "push", ref, url, "-f", "json"))
    listed = _json(call("backup", "list", "--remote", url, "-f", "json"))
    verified = _json(call("backup", "verify", ref, "--remote", url, "-f", "json"))
    fetched = _json(call("backup", "pull", url, ref, *new, "-f", "json"))
    planned = call("restore", "plan", ref, *new)

    assert (False, True) == (sent["already_there"], again["already_there"])
    assert [(ref, True)] == [(one["backup_ref"], one["complete"]) for one in listed["backups"]]
    assert verified["ok"]
    assert sent["sha256"] == fetched["sha256"]
    assert Path("new/.contexta/recovery/backups", f"{ref}.tar").is_file()
    assert 0 == planned.code, planned.err


def test_people_read_what_happened(call: Call, ref: str, url: str) -> None:
    """Each command says in words what it did, and what to read next."""
    sent = call("backup", "push", ref, url).out
    again = call("backup", "push", ref, url, "--no-read-back").out
    listed = call("backup", "list", "--remote", url).out
    fetched = call("backup", "pull", url, ref, "--workspace", "new/.contexta").out

    assert sent.startswith(f"Sent {ref}: ")
    assert "read back and the same" in sent
    assert "Warning: The backup is not encrypted" in sent
    assert again.startswith(f"Already there: {ref}")
    assert ref in listed
    assert f"contexta restore plan {ref}" in fetched


def test_what_is_not_complete_there_is_said_to_be_so(
    call: Call, ref: str, url: str, tmp_path: Path
) -> None:
    """An archive without its sheet is listed with the reason, and verifying it fails."""
    call("backup", "push", ref, url)
    (tmp_path / "elsewhere" / f"{ref}.json").unlink()
    listed = call("backup", "list", "--remote", url)
    verified = call("backup", "verify", "--all", "--remote", url)
    fetched = call("backup", "pull", url, ref, "--workspace", "new/.contexta")

    assert "incomplete: it has no data sheet" in " ".join(listed.out.split())
    assert 1 == verified.code
    assert f"DAMAGED {ref}" in verified.out
    assert "ERROR [recovery_remote_incomplete]" in fetched.err


def test_a_mistyped_name_is_refused_with_the_nearest(call: Call, ref: str, url: str) -> None:
    """Here and there the names that are there are told."""
    call("backup", "push", ref, url)
    there = call("backup", "pull", url, "nightli")
    here = call("backup", "push", "nightli", url)

    assert (1, 1) == (there.code, here.code)
    assert "ERROR [recovery_backup_not_found]" in there.err
    assert ref in there.err
    assert ref in here.err


@pytest.mark.parametrize(
    "words",
    [
        ("push", "x"),
        ("pull", "file:///tmp/x"),
        ("verify", "--remote", "file:///tmp/x"),
        ("verify", "x", "--all", "--remote", "file:///tmp/x"),
        ("verify", "x", "--deep", "--remote", "file:///tmp/x"),
        ("push", "x", "file:///tmp/x", "--format", "csv"),
    ],
)
def test_a_call_that_cannot_be_meant_is_a_usage_error(
    call: Call, lab: Path, words: tuple[str, ...]
) -> None:
    """Before anything is asked or sent."""
    assert 2 == call("backup", *words).code


def test_no_credential_is_printed(call: Call, ref: str) -> None:
    """A URL with a password is shown without it, in text and in JSON."""
    url = "nobody-knows-this://user:hunter2@host/x"
    done = [call("backup", "push", ref, url), call("backup", "push", ref, url, "-f", "json")]

    assert [1, 1] == [one.code for one in done]
    assert "***@host/x" in done[0].err
    assert "hunter2" not in "".join(one.out + one.err for one in done)


def test_a_missing_library_names_its_line_for_pip(
    call: Call, ref: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Buckets need a library that Contexta does not bring."""
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    done = call("backup", "push", ref, "gs://bucket/lab")

    assert 1 == done.code
    assert "ERROR [recovery_remote_unavailable]" in done.err
    assert "pip install 'gcsfs'" in done.err
