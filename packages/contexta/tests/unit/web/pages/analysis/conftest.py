"""A fleet of runs in two settings, one of them worse; deployed, with hostile names beside."""

import asyncio
import math
import random

import pytest

from contexta import Contexta

SCRIPT = '<script>alert("x")</script>'
AMPERSAND = "A&B <x> 50%"
QUICK = {
    "project_name": "p",
    "capture": {"capture_installed_packages": False, "capture_code_revision": False},
}


def _train(ctx, number):
    """The first eight runs are good, the others worse; one has NaN in its curve."""
    chance = random.Random(number)
    setting = "old" if number < 8 else "new"
    with ctx.run(
        "train",
        run_id=f"r{number:02d}",
        params={"setting": setting, "seed": number},
        dataset_ref="artifact:p.data.photos",
    ) as run:
        with run.stage("fit") as stage:
            for step in range(12):
                value = math.nan if (number, step) == (3, 5) else 1 / (step + 1)
                stage.metric("loss", value + (0.0 if setting == "old" else 0.2), step=step)
        with run.stage("eval") as stage:
            stage.metric("accuracy", (0.9 if setting == "old" else 0.8) + chance.gauss(0, 0.004))
        run.metric("wall_seconds", 100.0 + number)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    """A workspace of 16 runs, a run with data, a hostile run, and a deployment of the first."""
    folder = tmp_path_factory.mktemp("fleet")
    ctx = Contexta(workspace=folder / "ws", config=QUICK)
    model = folder / "model.bin"
    model.write_bytes(b"weights")
    with ctx.run("collect", run_id="data") as run:
        run.register_artifact("dataset_snapshot", model, artifact_ref="artifact:p.data.photos")
    for number in range(16):
        _train(ctx, number)
    with ctx.run("train", run_id="served", dataset_ref="artifact:p.data.photos") as run:
        run.metric("accuracy", 0.91)
        run.register_artifact("model", model, artifact_ref="artifact:p.served.model")
    with ctx.deployment(
        "photo-search",
        run_ref="run:p.served",
        artifact_ref="artifact:p.served.model",
    ):
        pass
    with ctx.run(
        SCRIPT,
        run_id="hostile",
        params={SCRIPT: SCRIPT, "setting": SCRIPT},
        tags={AMPERSAND: SCRIPT},
        project=AMPERSAND,
    ) as run:
        run.event("broken", message=SCRIPT, level="error")
        with run.stage("fit") as stage:
            stage.metric(SCRIPT, 1.0, step=0)
            stage.metric(SCRIPT, 2.0, step=1)
        run.metric(AMPERSAND, 3.0)
    ctx.flush()
    yield ctx
    ctx.close()


@pytest.fixture(scope="session")
def get(fleet, ask_app):
    """Ask the application for an address; what was asked of the fleet before is remembered."""
    from contexta.web._limits import Limits
    from contexta.web.app import build_app

    apps, answers = {}, {}

    def ask(ctx, address):
        if ctx not in apps:
            apps[ctx] = build_app(ctx, limits=Limits(workers=1, seconds=60))
        if (ctx, address) not in answers:
            answers[ctx, address] = asyncio.run(ask_app(apps[ctx], address))
        return answers[ctx, address]

    yield ask
    for app in apps.values():
        app.state.close()


@pytest.fixture
def hostile(fleet):
    """The id of the run whose names are markup."""
    return next(run.run_id for run in fleet.list_runs() if run.run_id.endswith(".hostile"))
