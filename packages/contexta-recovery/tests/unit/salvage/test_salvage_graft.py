"""Rows of a ledger that prove themselves are taken into another one, and no others."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from contexta.recovery._salvage_graft import graft_rows
from contexta.store.metadata import MetadataStore, MetadataStoreConfig


@pytest.fixture
def ledger(template, tmp_path):
    """A copy of the ledger of the template."""
    target = tmp_path / "old.sqlite"
    shutil.copyfile(template.workspace / "metadata" / "ledger.sqlite", target)
    return target


@pytest.fixture
def empty(tmp_path):
    target = tmp_path / "new.sqlite"
    MetadataStore(MetadataStoreConfig(database_path=target)).close()
    return target


def run_refs(path):
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        store.apply_repairs(store.plan_repairs(), dry_run=False)
        assert [one for one in store.check_integrity().issues if one.severity == "error"] == []
        return sorted(run.run_ref.text for run in store.runs.list_runs())


def test_every_row_is_taken_once(ledger, empty):
    assert graft_rows(ledger, empty) > 10
    assert graft_rows(ledger, empty) == 0
    assert run_refs(empty) == ["run:p.first", "run:p.second"]


def test_a_row_with_a_wrong_digest_is_not_taken(ledger, empty):
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE ledger_runs SET name = 'x' WHERE ref = 'run:p.first'")

    graft_rows(ledger, empty, {"run:p.first", "run:p.second", "project:p"})

    assert run_refs(empty) == ["run:p.second"]


def test_only_wanted_refs_are_taken(ledger, empty):
    graft_rows(ledger, empty, {"run:p.second", "project:p"})

    assert run_refs(empty) == ["run:p.second"]


def test_an_older_revision_does_not_replace_a_newer_one(ledger, empty):
    graft_rows(ledger, empty)
    with MetadataStore(MetadataStoreConfig(database_path=empty)) as store:
        store.runs.update_tags("run:p.first", {"state": "new"})

    graft_rows(ledger, empty)

    with MetadataStore(MetadataStoreConfig(database_path=empty)) as store:
        assert dict(store.runs.get_run("run:p.first").tags) == {"state": "new"}


def test_a_newer_revision_replaces_an_older_one(ledger, empty):
    graft_rows(ledger, empty)
    with MetadataStore(MetadataStoreConfig(database_path=ledger)) as store:
        store.runs.update_tags("run:p.first", {"state": "new"})

    graft_rows(ledger, empty)
    run_refs(empty)

    with MetadataStore(MetadataStoreConfig(database_path=empty)) as store:
        assert dict(store.runs.get_run("run:p.first").tags) == {"state": "new"}


def test_what_is_no_database_has_no_rows(empty, tmp_path):
    (tmp_path / "junk").write_bytes(b"junk" * 5000)

    assert graft_rows(tmp_path / "junk", empty) == 0
