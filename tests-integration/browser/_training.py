"""A training that goes on when it is told to: argv: workspace, file that says so."""

import sys
import time
from pathlib import Path

from contexta import Contexta

folder, go = Path(sys.argv[1]), Path(sys.argv[2])
with (
    Contexta(workspace=folder, config={"project_name": "live"}) as ctx,
    ctx.run("train", params={"lr": 0.1}) as run,
    run.stage("fit") as stage,
):
    stage.metric("loss", 1.0, step=0)
    stage.metric("loss", 0.5, step=1)
    ctx.flush()
    (folder.parent / "started").touch()
    while not go.exists():
        time.sleep(0.05)
    stage.metric("loss", 0.25, step=2)
    stage.metric("loss", 0.0625, step=3)
    ctx.flush()
    while go.exists():
        time.sleep(0.05)
