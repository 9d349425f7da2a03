"""A workspace with two runs, and a way to call the command line in-process."""

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
        if name.startswith("CONTEXTA_"):
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
