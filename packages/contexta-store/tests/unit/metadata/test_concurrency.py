"""Threads, processes and forks on one ledger."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.store.metadata import _sqlite
from contexta.store.metadata.fork_gate import ForkGate

# One interpreter imports once and forks the writers: what is tested is four processes, not
# four imports.
WRITERS = """
import os, sys
from contexta.contract import Project, Run
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

def write(who):
    store = MetadataStore(MetadataStoreConfig(database_path=sys.argv[1]))
    T = "2026-01-01T00:00:00Z"
    project = Project(project_ref="project:p", name="p", created_at=T)
    for i in range(40):
        fields = dict(project_ref="project:p", name="x", status="open", started_at=T)
        store.runs.create_run(Run(run_ref="run:p.x", **fields), project=project)
        store.runs.put_run(Run(run_ref=f"run:p.shared-{i % 5}", tags={who: str(i)}, **fields))
    store.close()

children = []
for n in range(4):
    child = os.fork()
    if child == 0:
        write(f"w{n}")
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


def test_four_processes_share_one_ledger(path, opened):
    """4 processes x 40 created runs and 40 puts on shared rows: all stored, refs unique."""
    failed = subprocess.run([sys.executable, "-c", WRITERS, str(path)], check=False).returncode
    store = opened()
    refs = [run.run_ref.text for run in store.runs.list_runs(name="x")]

    assert failed == 0
    assert len(refs) == len(set(refs)) == 165
    assert store.check_integrity().ok


def test_four_threads_share_one_store(store, make):
    """4 threads x 40 puts, with reads in between: nothing is lost, nobody is refused."""
    store.projects.put_project(make.project())

    def work(thread):
        for i in range(40):
            store.runs.put_run(make.run(f"t{thread}-{i}"))
            store.runs.put_run(make.run("shared", tags={"by": f"{thread}"}))
            assert store.runs.find_run(f"run:p.t{thread}-{i}") is not None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert len(store.runs.list_runs()) == 161
    assert store.check_integrity().ok


def test_two_stores_in_one_process_see_each_other(opened, make):
    """A commit of one store is read by the other at once."""
    first, second = opened(), opened()
    first.projects.put_project(make.project())

    assert second.projects.exists_project("project:p")


def test_parent_and_child_write_after_a_fork(store, make, fork):
    """A store opened before a fork works on both sides, and nothing is lost."""
    make.fill(store)
    child = fork()
    if child == 0:
        code = 1
        try:
            store.runs.put_many([make.run(f"child-{i}") for i in range(20)])
            code = 0 if store.runs.exists_run("run:p.child-19") else 2
        finally:
            os._exit(code)
    store.runs.put_many([make.run(f"parent-{i}") for i in range(20)])
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert status == 0
    assert len(store.runs.list_runs()) == 41
    assert store.check_integrity().ok


def test_no_database_descriptor_crosses_a_fork(store, make, path, fork):
    """The child inherits no open descriptor of the database: closing it would drop locks."""
    make.fill(store)
    child = fork()
    if child == 0:
        links = []
        for fd in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # the descriptor of this listing
                links.append(str(fd.readlink()))
        os._exit(1 if any(link.startswith(str(path)) for link in links) else 0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_reader_sees_one_moment_while_others_write(opened, make):
    """An open read transaction does not change under a writer and does not block it."""
    store, other = opened(), opened()
    make.fill(store)
    with store._backend.read() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM runs").scalar()
        other.runs.put_run(make.run("late"))
        after = connection.exec_driver_sql("SELECT count(*) FROM runs").scalar()

    assert (before, after, len(store.runs.list_runs())) == (1, 1, 2)


def test_busy_ledger_is_a_retryable_error(opened, make):
    """A writer that waits too long gets a retryable error, and can go on later."""
    store = opened()
    waiting = opened(busy_timeout_seconds=0.05)
    with store._backend.write(), pytest.raises(StoreAccessError) as caught:
        waiting.projects.put_project(make.project())

    assert caught.value.retryable
    assert waiting.projects.put_project(make.project())


def test_checkpoints_keep_the_log_short(opened, make, monkeypatch, path):
    """Once the log is long, it is copied into the database; nothing is lost."""
    monkeypatch.setattr(_sqlite, "_CHECKPOINT_BYTES", 100_000)
    monkeypatch.setattr(_sqlite, "_CHECKPOINT_WRITES", 10)
    store = opened()
    store.projects.put_project(make.project())
    for i in range(200):
        store.runs.put_run(make.run(f"r{i}"))
    size = _sqlite.wal_path(path).stat().st_size

    assert size < 1_000_000
    assert len(store.runs.list_runs()) == 200


def test_a_fork_inside_a_transaction_waits_for_nobody(store, make, fork):
    """Another thread that waits for its turn does not hold up the fork, nor the other way."""
    make.fill(store)
    waiting = threading.Thread(target=lambda: store.runs.put_run(make.run("waited")))
    with store.duckdb.transaction():
        store.runs.put_run(make.run("inside"))
        waiting.start()
        child = fork()
        if child == 0:
            code = 1
            try:
                # The open transaction is the parent's: the child sees what was before.
                code = 0 if store.runs.count_runs() == 1 else 2
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    waiting.join(60)

    assert status == 0
    assert [run.name for run in store.runs.list_runs()] == ["inside", "r", "waited"]


def test_a_fork_lets_threads_finish_and_go_on(make):
    """The gate is shut for a fork only once the other thread is out, and opens again."""
    gate = ForkGate.__new__(ForkGate)
    gate._renew()
    inside, leave, order = threading.Event(), threading.Event(), []

    def user():
        with gate:
            inside.set()
            leave.wait(10)
            with gate:  # who is inside may go deeper
                order.append("left")

    thread = threading.Thread(target=user)
    thread.start()
    inside.wait(10)
    threading.Timer(0.05, leave.set).start()
    gate._shut()
    order.append("shut")
    late = threading.Thread(target=lambda: [gate.__enter__(), order.append("late")])
    late.start()
    order.append("open")
    gate._open()
    late.join(10)
    thread.join(10)

    assert order == ["left", "shut", "open", "late"]
