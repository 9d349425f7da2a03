"""What a shell completes: asked as the scripts of ``contexta completion`` ask, and by bash."""

import os
import shutil
import subprocess
import sys

import pytest


def asked(call, monkeypatch, *words):
    """Return what could stand in the place of the last word, as ``type,value``."""
    monkeypatch.setenv("_CONTEXTA_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(("contexta", *words)))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    done = call()
    assert (done.code, done.err) == (0, "")
    return done.out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("compar",), ["plain,compare", "plain,compare-multi"]),
        (("runs", "--so"), ["plain,--sort"]),
        (("runs", "--status", "c"), ["plain,completed", "plain,cancelled"]),
        (("runs", "--project", "l"), ["plain,lab"]),
        (("compare", "day-1", "day-2"), ["plain,day-2"]),
        (("-w", "so"), ["dir,so"]),
        (("runs", "--config", "c.to"), ["file,c.to"]),
        (("export", "csv", "runs", "--output", "o"), ["file,o"]),
    ],
)
def test_words_are_completed_by_what_they_mean(call, lab, monkeypatch, words, found):
    """Commands, options, statuses, projects, runs, folders and files."""
    assert asked(call, monkeypatch, *words) == found


def test_runs_are_completed_newest_first_by_their_short_names(call, lab, monkeypatch):
    """All of them: a list that was cut would complete to a wrong beginning."""
    days = asked(call, monkeypatch, "run", "show", "day-")

    assert days == [f"plain,day-{number}" for number in range(5, -1, -1)]


def test_nothing_is_said_where_there_is_nothing_to_complete(call, project, monkeypatch):
    """No workspace, and settings that are wrong: an error would land in the line being typed."""
    nowhere = asked(call, monkeypatch, "run", "show", "d")
    wrong = asked(call, monkeypatch, "--set", "metadata.nothing=1", "run", "show", "d")
    behind_version = asked(call, monkeypatch, "--version", "compar")

    assert (nowhere, wrong) == ([], [])
    assert behind_version == ["plain,compare", "plain,compare-multi"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash on this machine")
def test_bash_completes_with_the_script(call, lab):
    """The script is loaded and its function asked, as a Tab does."""
    script = call("completion", "bash").out
    ask = f"""{script}
COMP_WORDS=(contexta run show day-3); COMP_CWORD=3
_contexta_completion contexta day-3 show
printf '%s\\n' "${{COMPREPLY[@]}}"
complete -p contexta
"""
    # The script asks the program of that name.
    folder = lab.parent / "bin"
    folder.mkdir()
    (folder / "contexta").write_text(f'#!/bin/sh\nexec {sys.executable} -m contexta "$@"\n')
    (folder / "contexta").chmod(0o700)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", ask],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
        cwd=lab.parent,
    )

    assert done.stdout.splitlines()[0] == "day-3"
    assert "_contexta_completion contexta" in done.stdout
