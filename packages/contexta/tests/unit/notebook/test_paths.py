"""Where the names of notebooks and frames are found, and what finding them costs."""

import importlib
import subprocess
import sys

import pytest

from contexta import notebook

PATHS = ["contexta.adapters.notebook", "contexta.surfaces.notebook"]


@pytest.mark.parametrize("path", PATHS)
def test_old_paths_lead_to_the_same_names_in_order(path):
    """The same objects, not copies."""
    found = importlib.import_module(path)

    assert notebook.__all__ == found.__all__
    assert [] == [n for n in notebook.__all__ if getattr(found, n) is not getattr(notebook, n)]


def test_inner_paths_lead_there_too():
    """As scripts of 1.0 import them."""
    from contexta.surfaces.notebook import rendering, surface

    assert notebook.NotebookSurface is surface.NotebookSurface
    assert notebook.render_html_fragment is rendering.render_html_fragment


def test_importing_loads_nothing_heavy():
    """Neither the facade nor the notebook loads what only frames and cards need."""
    code = """if True:
        import sys
        import contexta
        contexta.Contexta
        early = "contexta.notebook" in sys.modules
        import contexta.adapters.notebook, contexta.surfaces.notebook
        heavy = {"IPython", "jinja2", "pandas", "polars", "pyarrow", "sqlalchemy", "duckdb"}
        print(early, sorted(heavy & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False []\n" == done.stdout


class Source:
    """SQL of others: counts what it was asked."""

    def __init__(self):
        self.asked = []

    def execute(self, sql, params=None):
        self.asked.append((sql, params))
        return self

    description = (("name", None, None, None, None, None, None), ("n", *[None] * 6))

    def fetchall(self):
        return [("a", 1), ("b", 2)]

    def query_all(self, sql, params=None):
        self.asked.append((sql, params))
        return self.fetchall()


@pytest.fixture
def pandas_of_arrow(monkeypatch):
    """Let Arrow hand out its own table where pandas would build a frame."""
    import types

    import pyarrow

    monkeypatch.setitem(sys.modules, "pandas", types.ModuleType("pandas"))
    monkeypatch.setitem(sys.modules, "polars", polars := types.ModuleType("polars"))
    polars.from_arrow = lambda table: table
    return pyarrow


def test_the_adapters_are_those_of_the_ledger():
    """One class, and the protocol that both have."""
    from contexta.adapters import dataframes
    from contexta.store import metadata

    assert ["FrameAdapterProtocol", "PandasAdapter", "PolarsAdapter"] == dataframes.__all__
    assert metadata.PolarsAdapter is dataframes.PolarsAdapter
    assert isinstance(dataframes.PandasAdapter(Source()), dataframes.FrameAdapterProtocol)


def test_sql_of_others_runs_once(pandas_of_arrow):
    """An adapter that has only `execute` and `query_all` gives a frame by one of them."""
    from contexta.adapters.dataframes import PolarsAdapter

    source = Source()
    table = PolarsAdapter(source).query("SELECT name, n FROM x WHERE n > ?", [0])

    assert [("SELECT name, n FROM x WHERE n > ?", [0])] == source.asked
    assert {"name": ["a", "b"], "n": [1, 2]} == table.to_pydict()


def test_the_ledger_is_only_looked_at(filled, pandas_of_arrow):
    """Tables by the names it has, and no statement but SELECT."""
    from contexta.contract.errors import StoreError, ValidationError

    polars = filled.metadata_store.polars
    with pytest.raises(ValidationError) as unknown:
        polars.table("runs; DROP TABLE runs")
    with pytest.raises(StoreError):
        polars.query("DELETE FROM runs")

    assert "metadata_unknown_table" == unknown.value.code
    assert 3 == polars.table("runs").num_rows
