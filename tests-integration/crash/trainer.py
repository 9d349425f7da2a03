"""The process that the crash tests kill: it logs, and tells each acknowledged point."""

import os


def value_of(index: int) -> float:
    """Return the value that belongs to an index, so that an invented one is recognized."""
    return index * 0.5 + 0.125


def train(workspace: str, name: str, acknowledged: int) -> None:
    """Log points for ever; write each index to ``acknowledged`` after its call returned."""
    from contexta import Contexta

    ctx = Contexta(workspace=workspace, config={"project_name": "crash"})
    with ctx.run(name) as run:
        os.write(acknowledged, b"opened\n")
        index = 0
        while True:
            run.metric("loss", value_of(index), step=index)
            os.write(acknowledged, b"%d\n" % index)
            index += 1
