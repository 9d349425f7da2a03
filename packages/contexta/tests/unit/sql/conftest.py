"""A workspace with something behind every view, and a run that is still open."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def filled(tmp_path_factory) -> Path:
    """Three closed runs with hostile names, and a deployment."""
    from contexta.client import Contexta

    folder = tmp_path_factory.mktemp("filled") / "ws"
    body = folder.parent / "model.bin"
    body.write_bytes(b"model")
    config = {"project_name": "p", "capture": {"capture_installed_packages": False}}
    with Contexta(workspace=folder, config=config) as ctx:
        for place, name in enumerate(["plain", "=cmd()", "'; DROP TABLE runs; --"]):
            params = {"lr": 0.1 * (place + 1), "kind": name, "on": True}
            with ctx.run(name, run_id=f"r{place}", params=params, tags={"team": name}) as run:
                with run.stage("fit") as stage:
                    for step in range(3):
                        stage.metric("loss", [1.0, float("nan"), float(place)][step], step=step)
                    with stage.batch("b0") as batch:
                        batch.event("seen", message=name)
                        batch.sample("s0")
                    with stage.operation("forward"):
                        pass
                run.register_artifact("model", body)
                run.degraded("labels.missing", "3 rows had no label")
        with ctx.deployment("prod", run_ref="run:p.r0"):
            pass
    return folder


@pytest.fixture
def ctx(filled):
    """That workspace, for reading."""
    from contexta.client import Contexta

    with Contexta(workspace=filled, config={"project_name": "p"}, read_only=True) as opened:
        yield opened


@pytest.fixture
def ask(ctx):
    """Return the rows of a query."""
    from contexta.sql import run_query

    def run(sql, **limits):
        return list(run_query(ctx, sql, **limits).rows())

    return run
