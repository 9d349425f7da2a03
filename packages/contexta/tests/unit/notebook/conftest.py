"""A workspace with runs, and stand-ins for the libraries that notebooks bring along."""

import math
import sys
import types

import pytest

HOSTILE = "<script>alert(1)</script>\x1b[31m=cmd()"


@pytest.fixture
def filled(ctx):
    """A facade on three runs: two with a curve, one hostile with a NaN."""
    for number, name in enumerate(["base", "wide", HOSTILE]):
        with ctx.run(name, run_id=f"r{number}", params={"lr": 0.5 / (number + 1)}) as run:
            for step in range(4):
                run.metric("loss", 1 / (step + 1), step=step)
            with run.stage("eval") as stage:
                stage.metric("accuracy", math.nan if number == 2 else 0.5 + number / 4)
    return ctx


class FrameOfPandas:
    """Has the one entry point that is promised."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns

    @classmethod
    def from_records(cls, rows, columns=None):
        return cls(rows, columns)


class FrameOfPolars:
    """Has the one entry point that is promised."""

    def __init__(self, rows, schema=None, orient=None):
        self.rows, self.columns, self.orient = rows, schema, orient


@pytest.fixture
def libraries(monkeypatch):
    """Put stand-ins in the place of pandas and Polars."""
    for name, frame in (("pandas", FrameOfPandas), ("polars", FrameOfPolars)):
        module = types.ModuleType(name)
        module.DataFrame = frame
        monkeypatch.setitem(sys.modules, name, module)


class Shell:
    """The part of IPython that is asked: the number of the cell."""

    execution_count = 7


@pytest.fixture
def shell(monkeypatch):
    """A stand-in for IPython; collects what was displayed."""
    shown, package = [], types.ModuleType("IPython")
    display = types.ModuleType("IPython.display")
    running = Shell()
    package.get_ipython = lambda: running
    package.display = display
    display.HTML = lambda html: ("HTML", html)
    display.display = shown.append
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return types.SimpleNamespace(shown=shown, running=running)
