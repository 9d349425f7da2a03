"""A demo workspace for the commands that need lineage, a deployment and old runs."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of 14 runs, the last of which ended a day ago."""
    from contexta.cli.demo._command import write_demo

    folder = tmp_path_factory.mktemp("demo") / ".contexta"
    write_demo(folder, runs=14, seed=7, until=datetime.now(UTC) - timedelta(hours=1))
    return folder


@pytest.fixture
def demo(made_demo: Path, project: Path) -> Path:
    """A copy of it in the project folder."""
    return Path(shutil.copytree(made_demo, project / ".contexta"))
