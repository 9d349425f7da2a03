"""A workspace that capture wrote, for questions about it."""

import math
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from contexta import Contexta
from contexta.contract import LineageEdge, ProvenanceRecord

sys.path.insert(0, str(Path(__file__).parent))
DATA, MODEL = "artifact:demo.prepare.rows", "artifact:demo.fit-2.model"
LOSSES = {"fit": 0.5, "fit-2": 0.25, "fit-3": 0.75}
AT = "2026-01-31T12:00:00Z"


def write_fit(ctx, folder, name, loss):
    """One run with a run-level metric, a stage with curves, a batch, a sample and a model."""
    body = folder / f"{name}.bin"
    body.write_bytes(name.encode() * 3)
    params = {"lr": loss / 10, "seed": 1}
    with ctx.run("fit", params=params, tags={"team": "vision"}, dataset_ref=DATA) as run:
        run.metric("score", 1 - loss)
        with run.stage("train") as stage:
            for step in range(4):
                stage.metric("loss", loss * (4 - step), step=step * 10, unit="nats")
            with stage.batch("b1") as batch, batch.sample("s1"):
                pass
        with run.stage("evaluate") as stage:
            stage.metric("loss", loss)
            stage.event("eval.done", message="done", level="info")
        ref = f"artifact:demo.{name}.model"
        run.register_artifact("model", str(body), artifact_ref=ref)
    return run


@pytest.fixture(scope="session")
def captured(tmp_path_factory):
    """A workspace: prepared data, three fits, one deployment, one failed run, one diverged run."""
    folder = tmp_path_factory.mktemp("semantics")
    rows = folder / "rows.csv"
    rows.write_text("a,b\n1,2\n")
    with Contexta(workspace=folder / "space", config={"project_name": "demo"}) as ctx:
        with ctx.run("prepare") as run:
            run.register_artifact("dataset", str(rows), artifact_ref=DATA)
        for name, loss in LOSSES.items():
            write_fit(ctx, folder, name, loss)
        with ctx.deployment("live", run_ref="run:demo.fit-2", artifact_ref=MODEL):
            pass
        with suppress(MemoryError), ctx.run("broken") as run:
            run.event("gpu.lost", message="device lost", level="error")
            raise MemoryError
        with ctx.run("diverged") as run:
            for step, value in enumerate((1.0, math.nan, math.inf)):
                run.metric("loss", value, step=step)
        edge = LineageEdge("relation:demo.a", "generated_from", MODEL, DATA, AT, "explicit", "high")
        ctx.metadata_store.relations.put_relation(edge)
        said = ProvenanceRecord("provenance:demo.a", "relation:demo.a", "explicit", AT)
        ctx.metadata_store.provenance.put_provenance(said)
    return folder / "space"


@pytest.fixture(scope="session")
def ctx(captured):
    """The workspace, opened by those who only ask."""
    with Contexta(workspace=captured, config={"project_name": "demo"}) as opened:
        yield opened
