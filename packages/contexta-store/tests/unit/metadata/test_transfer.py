"""Copy a ledger into an empty one, between SQLite and PostgreSQL."""

import pytest
from sqlalchemy import select

from contexta.contract.errors import ConflictError, IntegrityError, StoreAccessError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig, transfer_ledger
from contexta.store.metadata._tables import metadata

END = "2026-01-02T00:00:00Z"


def rows_of(config):
    """Every row of every table, digests, revisions and history included."""
    with MetadataStore(config) as store, store._backend.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
        }


def fill(config, make):
    """A ledger with every kind of row that users make, odd texts and a deletion among them."""
    with MetadataStore(config) as store:
        make.fill(store)
        store.runs.put_run(
            make.run("odd", params={"nul": "a\x00b", "x": 1.5}, tags={"mark": "\x01\x02é日"})
        )
        store.runs.close_run("run:p.odd", status="completed", ended_at=END)
        store.runs.put_run(make.run("gone"))
        store.apply_deletion(store.plan_deletion(["run:p.gone"]))


@pytest.fixture
def file_at(tmp_path):
    return lambda name: MetadataStoreConfig(database_path=tmp_path / name / "ledger.sqlite")


def test_a_ledger_on_a_server_becomes_a_file_and_comes_back_as_it_was(
    new_schema, empty_schema, make, file_at
):
    """Rows are copied as they are, whichever database holds them."""
    server = MetadataStoreConfig(**new_schema)
    fill(server, make)

    transfer_ledger(server, file_at("copy"))
    transfer_ledger(file_at("copy"), MetadataStoreConfig(**empty_schema))

    expected = rows_of(server)
    assert expected["ledger_lifecycle_history"]
    assert expected["ledger_tombstones"]
    assert rows_of(file_at("copy")) == expected
    assert rows_of(MetadataStoreConfig(**empty_schema)) == expected


def test_a_copy_is_whole_and_can_be_written_on(new_schema, make, file_at):
    """The check of the copy is silent; numbers that the server gives go on behind the copied."""
    fill(file_at("origin"), make)
    server = MetadataStoreConfig(**new_schema)

    transfer_ledger(file_at("origin"), server)

    with MetadataStore(server) as store:
        issues = store.check_integrity().issues
        store.runs.close_run("run:p.r", status="failed", ended_at=END)
    before = len(rows_of(file_at("origin"))["ledger_lifecycle_history"])
    assert issues == ()
    assert len(rows_of(server)["ledger_lifecycle_history"]) > before


def test_a_copy_is_of_one_moment_while_others_write(new_schema, make, file_at):
    """What is committed after the first read is in no table of the copy."""
    import contexta.store.metadata._transfer as transfer

    server = MetadataStoreConfig(**new_schema)
    with MetadataStore(server) as store:
        store.runs.create_run(make.run("early"), project=make.project())
        names = []

        def copy_and_write(*arguments):
            copied = real(*arguments)
            names.append(f"late{len(names)}")
            store.runs.put_run(make.run(names[-1], tags={"a": "b"}))
            return copied

        real, transfer._copy_rows = transfer._copy_rows, copy_and_write
        try:
            transfer_ledger(server, file_at("copy"))
        finally:
            transfer._copy_rows = real

    with MetadataStore(file_at("copy")) as store:
        runs = [run.run_ref.text for run in store.runs.list_runs()]
        issues = store.check_integrity().issues
    assert (runs, issues) == (["run:p.early"], ())


def test_a_ledger_that_holds_rows_is_not_overwritten(make, file_at):
    """A ledger is only copied into an empty one."""
    fill(file_at("origin"), make)
    fill(file_at("target"), make)
    before = rows_of(file_at("target"))

    with pytest.raises(ConflictError) as caught:
        transfer_ledger(file_at("origin"), file_at("target"))

    assert caught.value.code == "metadata_target_not_empty"
    assert "ledger_runs" in caught.value.details["tables"]
    assert rows_of(file_at("target")) == before


def test_a_source_that_is_not_there_is_not_made(file_at):
    """Copying reads the source only."""
    with pytest.raises(StoreAccessError) as caught:
        transfer_ledger(file_at("nothing"), file_at("target"))

    assert caught.value.code == "metadata_store_missing"
    assert not file_at("nothing").database_path.exists()
    assert not file_at("target").database_path.exists()


def test_a_copy_that_fails_leaves_the_target_empty(make, file_at, monkeypatch):
    """The target is filled in one transaction; trying again succeeds."""
    import contexta.store.metadata._transfer as transfer

    fill(file_at("origin"), make)
    real = transfer._number_of_rows
    monkeypatch.setattr(transfer, "_number_of_rows", lambda *given: real(*given) + 1)
    with pytest.raises(IntegrityError, match="does not hold what was copied"):
        transfer_ledger(file_at("origin"), file_at("target"))
    monkeypatch.undo()
    with MetadataStore(file_at("target")) as store:
        assert store.runs.list_runs() == ()

    transfer_ledger(file_at("origin"), file_at("target"))

    assert rows_of(file_at("target")) == rows_of(file_at("origin"))
