"""Workspaces to ask, and a way to call the command line in-process."""

import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from contexta.cli import run_cli


class Result(NamedTuple):
    """What a call gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the commands run in; a ``.git`` in it ends the search for a project."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        # COLUMNS: the width of the terminal that the tests were started in.
        if name.startswith("CONTEXTA_") or name == "COLUMNS":
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def call(project: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a command line."""

    def run(*arguments: str) -> Result:
        code = run_cli(arguments)
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the runs ``first`` and ``second`` of the project ``demo``."""
    from contexta.client import Contexta

    folder = tmp_path_factory.mktemp("made") / ".contexta"
    config = {"project_name": "demo", "capture": {"capture_installed_packages": False}}
    with Contexta(workspace=folder, config=config) as ctx:
        for name, loss in (("first", 0.5), ("second", 0.25)):
            with ctx.run(name, tags={"team": "a\x1b[31m"}, params={"rate": loss}) as run:
                with run.stage("train") as stage:
                    stage.metric("loss", loss)
                run.event("note", message="done")
    return folder


@pytest.fixture
def workspace(made: Path, project: Path) -> Path:
    """A copy of that workspace in the project folder."""
    return Path(shutil.copytree(made, project / ".contexta"))


HOSTILE = "\x1b[2J<script>alert(1)</script>\u202egnp.exe=cmd()"
"""What clears a terminal, runs in a page, turns the writing around and runs in a sheet."""


@pytest.fixture(scope="session")
def made_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project ``lab``: six good runs, a crash, a hostile name and a name of 10 kB."""
    from contexta.client import Contexta

    folder = tmp_path_factory.mktemp("lab")
    config = {"project_name": "lab", "capture": {"capture_installed_packages": False}}
    with Contexta(workspace=folder / ".contexta", config=config) as ctx:
        for number in range(6):
            _day(ctx, number, folder)
        with pytest.raises(RuntimeError), ctx.run("crash", run_id="crash"):
            raise RuntimeError("out of memory")
        with ctx.run(HOSTILE, run_id="odd", tags={"team": HOSTILE}, params={HOSTILE: HOSTILE}):
            pass
        with ctx.run("n" * 10_000, run_id="long") as run:
            run.metric("wide", 1.0)
        with ctx.deployment("shop", run_ref="run:lab.day-3"):
            pass
    return folder / ".contexta"


def _day(ctx: object, number: int, folder: Path) -> None:
    params = {"rate": 0.1 / (number + 1), "kind": "old" if number < 3 else "new"}
    with ctx.run("train", run_id=f"day-{number}", params=params) as run:  # type: ignore[attr-defined]
        with run.stage("fit") as stage:
            for step in range(30):
                odd = number == 4 and 10 <= step < 13
                stage.metric("loss", math.nan if odd else 2 / (step + 1) + number / 100, step=step)
            with stage.span("epoch"), stage.span("load"):
                pass
            with stage.batch("b0") as batch:
                batch.sample("s0")
        with run.stage("eval") as stage:
            stage.metric("accuracy", 0.8 + number / 50 if number < 5 else 0.2)
        run.event("note", message=HOSTILE, level="warning")
        body = folder / f"model-{number}.bin"
        body.write_bytes(b"x" * (2048 + number))
        run.register_artifact("model", body)


@pytest.fixture
def lab(made_lab: Path, project: Path) -> Path:
    """A copy of that workspace in the project folder."""
    return Path(shutil.copytree(made_lab, project / ".contexta"))
