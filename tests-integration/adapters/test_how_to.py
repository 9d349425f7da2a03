"""The code blocks of the how-to that the documentation is built without run here."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "adapters.md"
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
