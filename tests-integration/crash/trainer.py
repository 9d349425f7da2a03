"""The process that the crash tests kill: it logs, and prints each acknowledged point."""

import os
import sys


def value_of(index: int) -> float:
    """Return the value that belongs to an index, so that an invented one is recognized."""
    return index * 0.5 + 0.125


def train(workspace: str, name: str) -> None:
    """Log points for ever; print each index after its call returned."""
    from contexta import Contexta

    ctx = Contexta(workspace=workspace, config={"project_name": "crash"})
    with ctx.run(name) as run:
        os.write(1, b"opened\n")
        index = 0
        while True:
            run.metric("loss", value_of(index), step=index)
            os.write(1, b"%d\n" % index)
            index += 1


if __name__ == "__main__":
    train(sys.argv[1], sys.argv[2])
