"""Workspaces whose ledger is on a PostgreSQL server."""

import itertools
import os
from dataclasses import replace

import pytest

from contexta.contract.errors import DependencyError
from contexta.recovery import (
    BackupError,
    RestoreError,
    create_workspace_backup,
    list_backups,
    load_server_ledger,
    plan_restore,
    plan_workspace_backup,
    restore_workspace,
    verify_backup,
)
from contexta.recovery._manifest_read import load_manifest
from contexta.recovery._source import open_source
from contexta.store.metadata import MetadataStore, MetadataStoreConfig, transfer_ledger
from contexta.store.testing import throwaway_postgres

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def server():
    """The URL of a PostgreSQL server: `TEST_POSTGRES_URL`, or one that ends with the module."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: contexta-store[postgres]")
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    try:
        with throwaway_postgres({"autovacuum": "off", "full_page_writes": "off"}) as running:
            yield running.url
    except DependencyError as error:
        pytest.skip(error.message)


@pytest.fixture
def new_schema(server):
    """Make settings of ledgers in schemas that do not exist yet; all are dropped at the end."""
    import psycopg

    made = []

    def make():
        made.append(f"b{os.getpid()}_{next(_NUMBERS)}")
        return MetadataStoreConfig(url=server, schema_name=made[-1])

    yield make
    with psycopg.connect(server, autocommit=True) as connection:
        for name in made:
            connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


@pytest.fixture
def on_server(config, workspace, new_schema):
    """The configuration of a workspace with one run whose ledger is on a server."""
    settings = new_schema()
    ledger = workspace / "metadata" / "ledger.sqlite"
    transfer_ledger(MetadataStoreConfig(database_path=ledger), settings)
    for path in ledger.parent.glob("ledger.sqlite*"):
        path.unlink()
    return replace(config, metadata=settings)


def back_up(config):
    return create_workspace_backup(config, plan_workspace_backup(config))


def runs_of(settings):
    with MetadataStore(settings) as store:
        assert store.check_integrity().issues == ()
        return [run.run_ref.text for run in store.runs.list_runs()]


def test_a_backup_holds_the_ledger_of_the_server(on_server, tmp_path, contents):
    """It used to be left out without a word: a backup without any project or run."""
    result = back_up(on_server)
    target = tmp_path / "elsewhere"

    restored = restore_workspace(
        on_server, plan_restore(on_server, result.backup_ref, target_workspace=target)
    )

    assert (result.status, result.warnings) == ("SUCCESS", ())
    assert "metadata" in result.included_sections
    assert "ledger_copied_from_server" in result.notes
    assert result.details["counts"]["runs"] == 1
    assert verify_backup(on_server, result.backup_ref, deep=True).status == "SUCCESS"
    assert (restored.status, restored.warnings) == ("SUCCESS", ())
    assert "ledger_is_sqlite" in restored.notes
    assert contents(target)["runs"] == ["run:p.first"]
    assert len(contents(target)["records"]) == 5


def test_backups_of_an_unchanged_ledger_share_it(on_server):
    """Equal ledgers give equal bytes."""
    first, second = back_up(on_server), back_up(on_server)

    digests = [
        {
            entry.path: entry.sha256
            for entry in load_manifest(open_source(one.location)).manifest.files
        }["workspace/metadata/ledger.sqlite"]
        for one in (first, second)
    ]

    assert digests[0] == digests[1]


@pytest.mark.parametrize("kind", ["no server", "no ledger"])
def test_a_ledger_that_cannot_be_read_is_a_failure_and_nothing_is_published(
    on_server, new_schema, kind
):
    """A backup without its ledger is no backup; the password stays out of the message."""
    settings = new_schema()
    if kind == "no server":
        settings = MetadataStoreConfig(url="postgresql://me:s3cret@127.0.0.1:1/nothing")
    config = replace(on_server, metadata=settings)
    plan = plan_workspace_backup(config)

    with pytest.raises(BackupError) as caught:
        create_workspace_backup(config, plan)

    assert caught.value.code == "recovery_ledger_unreadable"
    assert "s3cret" not in f"{caught.value} {caught.value.details}"
    assert list_backups(config) == ()
    assert list(plan.backup_root.iterdir()) == []


def test_a_restore_over_the_workspace_leaves_the_server_and_says_so(on_server, open_stores):
    """The ledger comes back as a file; which one counts is for the operator to decide."""
    ref = back_up(on_server).backup_ref
    with MetadataStore(on_server.metadata) as store:
        run = store.runs.get_run("run:p.first")
        store.runs.put_run(run.model_copy(update={"run_ref": "run:p.later", "name": "later"}))

    result = restore_workspace(on_server, plan_restore(on_server, ref))

    assert result.applied
    assert "was not changed" in result.warnings[-1]
    assert "s3cret" not in str(result.warnings)
    assert runs_of(on_server.metadata) == ["run:p.first", "run:p.later"]
    with open_stores(on_server.workspace.root_path) as stores:
        assert stores.contents()["runs"] == ["run:p.first"]


def test_a_safety_backup_holds_the_ledger_of_the_server(on_server):
    """What a restore replaces is backed up whole, the server included."""
    first = back_up(on_server)

    result = restore_workspace(on_server, plan_restore(on_server, first.backup_ref))

    safety = next(
        one for one in list_backups(on_server) if one.backup_ref == result.safety_backup_ref
    )
    assert safety.counts["runs"] == 1


def test_a_restored_ledger_is_loaded_into_an_empty_schema(on_server, new_schema):
    """The second half of restoring a workspace whose server is lost."""
    ref = back_up(on_server).backup_ref
    fresh = replace(on_server, metadata=new_schema())

    restore_workspace(fresh, replace(plan_restore(fresh, ref), create_safety_backup=False))
    loaded = load_server_ledger(fresh)

    assert loaded.notes == ("ledger_loaded",)
    assert loaded.details["rows"]["ledger_runs"] == 1
    assert runs_of(fresh.metadata) == runs_of(on_server.metadata) == ["run:p.first"]


def test_a_schema_that_holds_rows_is_not_loaded_over(on_server):
    """Nothing on a server is replaced."""
    ref = back_up(on_server).backup_ref
    restore_workspace(on_server, plan_restore(on_server, ref))

    with pytest.raises(RestoreError) as caught:
        load_server_ledger(on_server)

    assert caught.value.code == "recovery_server_not_empty"
    assert runs_of(on_server.metadata) == ["run:p.first"]


def test_projects_are_merged_into_the_ledger_of_the_server(on_server, new_schema, tmp_path):
    """A merge writes where the workspace keeps its ledger, not into a file beside it."""
    backup = back_up(on_server).location
    root = tmp_path / "other" / ".contexta"
    other = replace(
        on_server,
        workspace=replace(on_server.workspace, root_path=root),
        recovery=replace(on_server.recovery, outbox_root=root / "recovery" / "outbox"),
        metadata=new_schema(),
    )

    result = restore_workspace(other, plan_restore(other, backup, projects=("p",)))

    assert result.applied
    assert "ledger_is_sqlite" not in result.notes
    assert runs_of(other.metadata) == ["run:p.first"]
    assert not (root / "metadata" / "ledger.sqlite").exists()


def test_loading_needs_a_server_and_a_file(config, workspace, on_server, tmp_path):
    """Both are named when they are missing."""
    codes = []
    for settings, ledger in ((config, None), (on_server, None), (on_server, tmp_path / "x")):
        with pytest.raises(RestoreError) as caught:
            load_server_ledger(settings, ledger=ledger)
        codes.append(caught.value.code)

    assert codes == [
        "recovery_no_server_ledger",
        "recovery_ledger_missing",
        "recovery_ledger_missing",
    ]


def test_a_file_that_is_no_ledger_is_not_loaded(on_server, new_schema, tmp_path):
    """The server is as it was."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database" * 100)
    fresh = replace(on_server, metadata=new_schema())

    with pytest.raises(RestoreError) as caught:
        load_server_ledger(fresh, ledger=path)

    assert caught.value.code == "recovery_ledger_not_loaded"
