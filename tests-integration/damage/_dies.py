"""A process that captures a run and dies without closing it."""

import os
import sys

from contexta import Contexta


def die(workspace: str, name: str) -> None:
    """Log a few points of a run, wait to be told, then end as a kill ends a process."""
    ctx = Contexta(workspace=workspace, config={"project_name": "lab"})
    run = ctx.run(name, tags={"health": "poor"}).__enter__()
    for step in range(20):
        run.metric("loss", 1.0 / (step + 1), step=step)
    run.event("halfway", message="half of it is done", level="warning")
    print("logged", flush=True)
    sys.stdin.read()
    os._exit(9)


if __name__ == "__main__":
    die(sys.argv[1], sys.argv[2])
