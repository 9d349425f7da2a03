"""A history of nightly runs that got worse in the middle, with a run of hostile names."""

import random
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def nightly(tmp_path_factory) -> Path:
    """Twenty runs ``night-00`` … and a candidate; the last eight nights with another optimizer."""
    from contexta.client import Contexta

    folder = tmp_path_factory.mktemp("nightly") / ".contexta"
    model = folder.parent / "model.bin"
    model.write_bytes(b"model")
    config = {
        "project_name": "nightly",
        "capture": {"capture_installed_packages": False, "capture_code_revision": False},
    }
    noise = random.Random(7)
    with Contexta(workspace=folder, config=config) as ctx:
        for night in range(20):
            params = {"optimizer": "adam" if night < 12 else "sgd", "seed": night}
            with ctx.run("train", run_id=f"night-{night:02d}", params=params) as run:
                run.metric("loss", noise.gauss(1.0 if night < 12 else 1.4, 0.02))
                with run.stage("eval") as stage:
                    stage.metric("accuracy", noise.gauss(0.9, 0.01))
                run.register_artifact("model", model)
        with ctx.run("candidate", run_id="candidate", params={"max_steps": 5}) as run:
            for step in range(5):
                run.metric("loss", 2.0 - step / 10, step=step)
            with run.stage("eval") as stage:
                stage.metric("accuracy", 0.6)
        with ctx.run("=cmd()\x1b[31m<script>", run_id="hostile") as run:
            run.event("note", message="\x1b]0;x\x07\u202eevil", level="warning")
    return folder


@pytest.fixture
def history(nightly: Path, project: Path) -> Path:
    """A copy of that workspace in the project folder."""
    return Path(shutil.copytree(nightly, project / ".contexta"))
