"""What names, arguments, statements and settings can make of the command line."""

import contextlib
import io
import json
import os

import pytest
from _attacks_calls import STATEMENTS, reading, refused, settings_files
from _attacks_html import BAD_SIGNS
from _attacks_workspace import artifact_of, build

from contexta.cli import run_cli


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """The hostile workspace."""
    found, _ = build(tmp_path_factory.mktemp("attacks"))
    return found


def call(space, *words, form="text"):
    """Exit code, stdout and stderr of one call."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_cli(["--workspace", str(space), "--format", form, *words])
    return code, out.getvalue(), err.getvalue()


def acted_on(text, *, tabs=False):
    """The signs of a text that a terminal would act on; tables for programs may have tabs."""
    found = BAD_SIGNS.search(text) if tabs else BAD_SIGNS.search(text.replace("\t", "\x00"))
    return [] if found is None else [text[max(0, found.start() - 40) : found.end() + 20]]


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_byte_of_data_reaches_the_terminal_as_a_command(space, form):
    """Each command over hostile names prints text, strict JSON, and no traceback."""
    won, sent = [], 0
    for words in reading():
        sent += 1
        code, out, err = call(space, *words, form=form)
        wrong = [*acted_on(out, tabs=words[0] in ("export", "report")), *acted_on(err)]
        # The failure that a run recorded is data, so stdout may well have the word.
        if "Traceback" in err or "internal_error" in err or code == 2:
            wrong.append(err[:200])
        if form == "json" and words[0] != "export":
            try:
                json.loads(out, parse_constant=pytest.fail)
            except ValueError as error:
                wrong.append(f"{error}: {out[:100]}")
        if wrong:
            won.append((" ".join(words)[:80], code, wrong))
    print(f"attacks={sent} succeeded={len(won)}")

    assert [] == won


def test_a_bad_call_never_exits_0(space):
    """It says in a line of its own what is wrong, with nothing that a terminal acts on."""
    won, sent = [], 0
    for place, words in enumerate(refused()):
        sent += 1
        form = ("text", "json")[place % 2]
        code, out, err = call(space, *words, form=form)
        wrong = acted_on(out) + acted_on(err)
        if code == 0 or "Traceback" in err or "internal_error" in out + err or wrong:
            won.append(([word[:40] for word in words], code, wrong, err[:200]))
    print(f"attacks={sent} succeeded={len(won)}")

    assert [] == won
    assert sent >= 50


def test_a_query_leaves_the_views_in_no_way(space, tmp_path, monkeypatch):
    """No file is read or written, nothing attached, installed, set or changed."""
    monkeypatch.chdir(tmp_path)
    before = sizes(space)
    won = []
    for statement in STATEMENTS:
        code, out, err = call(space, "query", statement.replace("PLACE", str(tmp_path)))
        if code == 0 or "root:" in out or "Traceback" in err or "internal_error" in err:
            won.append((statement[:60], code, out[:80], err[:120]))
    print(f"attacks={len(STATEMENTS)} succeeded={len(won)}")

    assert [] == won
    assert ([], before) == (list(tmp_path.iterdir()), sizes(space))


def sizes(folder):
    """Every file below a folder, with its size."""
    return {
        os.path.join(place, name): os.lstat(os.path.join(place, name)).st_size
        for place, _, names in os.walk(folder)
        for name in names
        if not name.endswith((".lock", "-wal", "-shm"))
    }


def test_settings_are_refused_and_never_run(space, tmp_path):
    """Deep, huge, large and foreign settings are our error; nothing of them is believed."""
    won, sent = [], 0
    for name, content in settings_files():
        sent += 1
        path = tmp_path / name
        path.write_bytes(content.encode("latin-1", "replace"))
        code, out, err = call(space, "--config", str(path), "runs", "--limit", "1")
        if code == 0 or "internal_error" in err or "Traceback" in err or acted_on(out + err):
            won.append((name, code, err[:200]))
    for given in ("a", "=", "a=b", "project_name", "__class__=1", "metadata=" + "[" * 90_000,
                  "surfaces.cli=1", "record.x=" + "9" * 9000, "\x1b[2J=1", ".=1", "a..b=1",
                  "surfaces.cli.color=\x1b[2J", "storage.__init__=x"):  # fmt: skip
        sent += 1
        code, out, err = call(space, "--set", given, "runs", "--limit", "1")
        if code == 0 or "internal_error" in err or "Traceback" in err or acted_on(out + err):
            won.append((given[:30], code, err[:200]))
    print(f"attacks={sent} succeeded={len(won)}")

    assert [] == won


def test_an_artifact_is_never_written_through_a_planted_link(space, tmp_path):
    """What somebody left at the place of the new file is neither followed nor overwritten."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(victim)
    dangling.symlink_to(tmp_path / "new")
    codes = [
        call(space, "artifact", "get", artifact_of(0), str(at))[0]
        for at in (link, dangling, victim)
    ]

    assert 0 not in codes
    assert ("mine", False) == (victim.read_text(), (tmp_path / "new").exists())


def test_an_output_replaces_files_and_makes_private_ones(space, tmp_path):
    """New folders and files are private; folders and devices are refused as outputs."""
    place = tmp_path / "a" / "b" / "runs.csv"
    made = call(space, "export", "csv", "runs", "--output", str(place))[0]
    bad = [
        call(space, "export", "csv", "runs", "--output", where)[0]
        for where in (str(tmp_path), "/dev/full/x", "/proc/self/x", "a\0b", "", "/etc/passwd/x")
    ]

    assert (0, 0o600, 0o700) == (
        made,
        place.stat().st_mode & 0o777,
        place.parent.stat().st_mode & 0o777,
    )
    assert 0 not in bad


def test_links_planted_in_a_workspace_are_not_followed(space, tmp_path):
    """A link in the place of a folder for exports or backups leads nobody out."""
    outside = tmp_path / "outside"
    outside.mkdir()
    copy = tmp_path / "space"
    assert 0 == run_quietly(["init", str(copy)])
    for name in ("backups", "exports", "reports", "cache"):
        if not (copy / name).exists():
            (copy / name).symlink_to(outside, target_is_directory=True)
    call(copy, "backup", "create")
    call(copy, "doctor")
    call(copy, "check")

    assert [] == list(outside.iterdir())


def run_quietly(words):
    """The exit code of a call."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return run_cli(words)
