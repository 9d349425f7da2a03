"""A workspace whose runs have everything that an export can hold."""

from pathlib import Path

import pytest

NIGHTS = 6


@pytest.fixture(scope="session")
def filled(tmp_path_factory) -> Path:
    """Runs ``night-0`` to ``night-5``, one without the metric, one with hostile names."""
    from contexta.client import Contexta

    folder = tmp_path_factory.mktemp("filled") / "ws"
    model = folder.parent / "model.bin"
    config = {"project_name": "p", "capture": {"capture_installed_packages": False}}
    with Contexta(workspace=folder, config=config) as ctx:
        for night in range(NIGHTS):
            params = {"lr": 0.1 * (night + 1), "optimizer": "adam"}
            with ctx.run(f"night {night}", run_id=f"night-{night}", params=params) as run:
                run.metric("wall", 3)
                with run.stage("fit") as stage:
                    for step in range(4):
                        stage.metric(
                            "loss", float("nan") if step == 3 else 1 / (step + 1), step=step
                        )
                with run.stage("eval") as stage:
                    stage.metric("accuracy", 0.9 + night / 100)
                with run.stage("package"):
                    run.event("packed", message="no metric here")
                model.write_bytes(bytes([night]))
                run.register_artifact("model", model)
        with ctx.run("=HYPERLINK(1)", run_id="hostile", tags={"note": "@SUM(1)\x1b[31m"}) as run:
            run.event("note", message="-2+3\r\n\u202eevil", level="warning")
    return folder


@pytest.fixture
def ctx(filled):
    """That workspace, for reading."""
    from contexta.client import Contexta

    with Contexta(workspace=filled, config={"project_name": "p"}, read_only=True) as opened:
        yield opened


@pytest.fixture
def ctx_with(filled):
    """Open it with further settings."""
    from contexta.client import Contexta

    opened = []

    def build(**config):
        opened.append(
            Contexta(workspace=filled, config={"project_name": "p", **config}, read_only=True)
        )
        return opened[-1]

    yield build
    for one in opened:
        one.close()
