"""A workspace whose ledger is on a server is salvaged into one with a ledger of its own."""

import os
from dataclasses import replace

import pytest

from contexta.contract.errors import DependencyError
from contexta.store.metadata import MetadataStoreConfig, transfer_ledger
from contexta.store.testing import throwaway_postgres


@pytest.fixture
def on_server(damaged, session_stores, tmp_path):
    """A configuration of the workspace with its ledger at a URL."""

    def make(url):
        config = session_stores.config(damaged, backup_root=tmp_path / "none")
        settings = MetadataStoreConfig(url=url, schema_name=f"salvage_{os.getpid()}")
        return replace(config, metadata=settings)

    return make


def test_the_ledger_is_copied_from_the_server(damaged, target, run_salvage, look, on_server):
    pytest.importorskip("psycopg", reason="psycopg is not installed: contexta-store[postgres]")
    local = MetadataStoreConfig(database_path=damaged / "metadata" / "ledger.sqlite")
    try:
        with throwaway_postgres() as running:
            config = on_server(running.url)
            transfer_ledger(local, config.metadata)
            local.database_path.unlink()

            result = run_salvage(damaged, config=config)
    except DependencyError as error:
        pytest.skip(error.message)

    found = look(target)
    assert (result.status, result.ledger_source, found.errors) == ("SUCCESS", "source", [])
    assert {run.status for run in found.runs.values()} == {"open"}


def test_a_server_that_does_not_answer_is_a_loss(damaged, target, run_salvage, look, on_server):
    """The runs are made from their records then."""
    (damaged / "metadata" / "ledger.sqlite").unlink()

    result = run_salvage(damaged, config=on_server("postgresql://nobody@127.0.0.1:1/none"))
    found = look(target)

    (item,) = [one for one in result.lost if one.place == "metadata/ledger.sqlite"]
    assert (item.reason, result.ledger_source) == ("server_unreadable", "rebuilt")
    assert (set(found.runs), found.errors) == ({"run:p.first", "run:p.second"}, [])
