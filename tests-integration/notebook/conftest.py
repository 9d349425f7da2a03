"""A workspace, and notebooks that a real kernel executes beside it."""

import math

import nbformat
import pytest
from nbclient import NotebookClient

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e=cmd()"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with a workspace of four runs; one has a hostile name, one a NaN, one failed."""
    from contexta import Contexta

    place = tmp_path_factory.mktemp("notebook")
    quick = {"capture_installed_packages": False, "capture_code_revision": False}
    with Contexta(
        workspace=place / ".contexta", config={"project_name": "p", "capture": quick}
    ) as ctx:
        for number, name in enumerate(["base", "wide", HOSTILE]):
            with ctx.run(
                name, run_id=f"r{number}", params={"lr": 0.1 / (number + 1)}, tags={"by": HOSTILE}
            ) as run:
                for step in range(30):
                    run.metric("loss", 1 / (step + 1 + number), step=step)
                with run.stage("eval") as stage:
                    stage.metric("accuracy", math.nan if number == 2 else (13 + number) / 16)
        with pytest.raises(RuntimeError), ctx.run("broken", run_id="r3"):
            raise RuntimeError("out of memory")
    return place


@pytest.fixture(scope="session")
def execute(folder):
    """Execute cells in a fresh kernel and return the outputs of each."""

    def run(*cells: str) -> list[list[dict]]:
        opening = (
            'from contexta import Contexta\nctx = Contexta(workspace=".contexta", read_only=True)'
        )
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in (opening, *cells)]
        )
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute()
        return [cell.outputs for cell in notebook.cells[1:]]

    return run
