"""Copies while others write, checkpoints and vacuum."""

import hashlib
import stat
import subprocess
import sys
import threading

import pytest

from contexta.contract.errors import ConflictError, IntegrityError, ReadOnlyStoreError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

_WRITER = """
import sys
from contexta.contract import Run
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
config = MetadataStoreConfig(database_path=sys.argv[1], synchronous="normal")
with MetadataStore(config) as store:
    print("ready", flush=True)
    for number in range(60):
        name = f"{sys.argv[2]}-{number}"
        store.runs.put_run(Run(
            run_ref=f"run:p.{name}", project_ref="project:p", name=name, status="open",
            started_at="2026-01-01T00:00:00Z", tags={"team": "a"}, params={"n": number},
        ))
"""


def test_a_copy_is_whole_while_other_processes_write(path, opened, make, tmp_path):
    """Each copy opens, is checked clean, and holds all that was confirmed before it was begun."""
    store = opened()
    make.fill(store)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, path, str(name)], stdout=subprocess.PIPE)
        for name in range(2)
    ]
    for writer in writers:
        writer.stdout.readline()
    counts = []
    while any(writer.poll() is None for writer in writers) or not counts:
        before = len(store.runs.list_runs())
        copy = store.backup_to(tmp_path / f"copy-{len(counts)}.sqlite")
        with MetadataStore(MetadataStoreConfig(database_path=copy.path, read_only=True)) as found:
            counts.append((before, len(found.runs.list_runs()), found.check_integrity().issues))
    for writer in writers:
        writer.communicate()

    assert [writer.returncode for writer in writers] == [0] * 2
    assert all(before <= copied and not issues for before, copied, issues in counts)
    assert len(store.runs.list_runs()) == 2 * 60 + 1


def test_a_copy_is_one_private_file_with_the_hash_that_is_told(path, opened, make, tmp_path):
    """No log lies beside it, nothing temporary stays, and it replaces nothing."""
    store = opened()
    make.fill(store)
    copy = store.backup_to(tmp_path / "copies" / "one.sqlite")
    data = copy.path.read_bytes()
    with pytest.raises(ConflictError) as refused:
        store.backup_to(copy.path)

    assert [entry.name for entry in copy.path.parent.iterdir()] == ["one.sqlite"]
    assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600
    assert (copy.sha256, copy.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert copy.rows["ledger_runs"] == 1
    assert (refused.value.code, copy.path.read_bytes()) == ("metadata_backup_exists", data)


def test_a_read_only_store_and_one_in_memory_can_be_copied(path, opened, make, tmp_path):
    """The copies hold the run."""
    with opened() as store:
        make.fill(store)
    memory = opened(database_path=":memory:")
    make.fill(memory)
    copies = [
        opened(read_only=True).backup_to(tmp_path / "a.sqlite"),
        memory.backup_to(tmp_path / "b.sqlite"),
    ]
    names = [
        [run.name for run in opened(database_path=copy.path).runs.list_runs()] for copy in copies
    ]

    assert names == [["r"], ["r"]]


def test_a_damaged_ledger_is_not_copied_as_a_good_one(path, opened, make, tmp_path):
    """The copy is refused, and nothing of it stays."""
    with opened() as store:
        make.fill(store)
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 3 * 4096 + 8] = b"\xff" * 8  # the head of a page
    path.write_bytes(data)
    folder = tmp_path / "copies"
    with pytest.raises(IntegrityError) as caught:
        opened(read_only=True).backup_to(folder / "copy.sqlite")

    assert caught.value.code in {"metadata_backup_damaged", "metadata_store_damaged"}
    assert list(folder.iterdir()) == []


def test_vacuum_gives_space_back_and_keeps_every_row(path, opened, make):
    """The file shrinks after a checkpoint, also while another store is open."""
    store = opened()
    other = opened()
    make.fill(store)
    store.runs.put_many([make.run(f"x{n}", description="y" * 2000) for n in range(300)])
    store.apply_deletion(store.plan_deletion([f"run:p.x{n}" for n in range(300)]))
    store.checkpoint()
    before = path.stat().st_size
    store.vacuum()
    done = store.checkpoint()

    assert done
    assert path.stat().st_size < before / 2
    assert [run.name for run in other.runs.list_runs()] == ["r"]
    assert store.check_integrity().ok


def test_maintenance_of_a_read_only_store_is_refused(path, opened):
    """`metadata_store_read_only`; in memory there is nothing to do."""
    opened().close()
    store = opened(read_only=True)
    for call in (store.vacuum, store.checkpoint):
        with pytest.raises(ReadOnlyStoreError) as caught:
            call()
        assert caught.value.code == "metadata_store_read_only"

    assert opened(database_path=":memory:").checkpoint()


def test_writers_wait_while_the_ledger_is_vacuumed(opened, make):
    """Puts of other threads during a vacuum all succeed."""
    store = opened()
    make.fill(store)
    failures = []

    def write():
        try:
            for number in range(30):
                store.runs.put_run(make.run(f"n{number}"))
        except Exception as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        store.vacuum()
    writer.join()

    assert failures == []
    assert len(store.runs.list_runs()) == 31
