"""The code blocks of the how-to that the documentation is built without run here."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "adapters.md"
FACADE = ROOT / "packages" / "contexta"
NEEDED = {
    "XGBoost": "xgboost",
    "LightGBM": "lightgbm",
    "Keras": "keras",
    "Lightning": "lightning",
    "Hugging Face": "transformers",
    "Optuna": "optuna",
    "Send records to OpenTelemetry": "opentelemetry",
    "Send records to MLflow": "mlflow",
}


def blocks():
    """Return heading -> its Python block."""
    found, heading, inside = {}, "", False
    for token in MarkdownIt().parse(PAGE.read_text(encoding="utf-8")):
        if token.type == "heading_open":
            inside = True
        elif token.type == "inline" and inside:
            heading, inside = token.content, False
        elif token.type == "fence" and token.info == "python":
            found[heading] = token.content
    return found


def named(cell):
    """Return library -> version of a cell such as `keras 3.6, torch 2.4`."""
    return dict(one.split() for one in cell.split(", "))


@pytest.fixture(scope="module")
def versions():
    """Return extra -> (lowest, newest) of the table of versions, each by library."""
    section = PAGE.read_text(encoding="utf-8").partition("## Versions")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if "| `" in line]
    return {row[0].strip(" `"): (named(row[1]), named(row[2].strip())) for row in rows}


def test_the_page_tells_the_bounds_that_the_extras_declare(versions):
    """A reader and pip see the same lowest versions."""
    project = tomllib.loads((FACADE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {}
    for extra, lines in project["optional-dependencies"].items():
        if (FACADE / "src" / "contexta" / "adapters" / extra).is_dir():
            found = [Requirement(line) for line in lines]
            declared[extra] = {one.name: str(one.specifier) for one in found}

    assert declared == {
        extra: {name: f">={version}" for name, version in lowest.items()}
        for extra, (lowest, _) in versions.items()
    }


def test_the_page_tells_what_the_newest_of_each_library_was(versions):
    """The other end of what was tried is not left to guess."""
    for lowest, newest in versions.values():
        assert set(lowest) == set(newest)
        assert all(Version(lowest[name]) < Version(newest[name]) for name in lowest)


def test_each_block_is_run_here_or_with_the_documentation():
    """No block of the page is nobody's."""
    assert set(NEEDED) | {"scikit-learn"} == set(blocks())


@pytest.mark.parametrize("heading", NEEDED)
def test_a_block_runs_as_it_stands(heading, tmp_path):
    """Whoever copies it gets a workspace with a run that completed."""
    # Looked for, not imported: these libraries cost seconds each, and the page imports them.
    if importlib.util.find_spec(NEEDED[heading]) is None:
        pytest.skip(f"{NEEDED[heading]} is not installed")
    (tmp_path / "page.py").write_text(blocks()[heading], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    from contexta import Contexta

    workspace = tmp_path / ".contexta"
    with Contexta(workspace=workspace, config={"project_name": "demo"}, read_only=True) as ctx:
        statuses = [run.status for run in ctx.metadata_store.runs.list_runs()]

    assert ["completed"] == statuses
    assert "the training goes on" not in done.stderr
