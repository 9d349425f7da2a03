"""Transactions, read-only stores, threads and processes."""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from contexta.contract.errors import (
    ClosedScopeError,
    ConflictError,
    ContextaError,
    NotFoundError,
    ReadOnlyStoreError,
    StoreAccessError,
)
from contexta.store.testing._contract_base import ContractBase, run_in_child, wait_for

if TYPE_CHECKING:
    from contexta.store.metadata import MetadataStore
    from contexta.store.testing._contract_base import OpenStore
    from contexta.store.testing._models import ModelFactory


class TransactionContract(ContractBase):
    """Several puts as one."""

    def test_puts_in_a_transaction_appear_together(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Inside, the thread sees its own puts; afterwards everybody sees all of them."""
        with filled.duckdb.transaction() as sql:
            filled.runs.put_run(make.run("a"))
            filled.stages.put_stage_execution(make.stage("s", run="p.a"))
            inside = sql.query_one("SELECT count(*) FROM runs")

        assert inside == (2,)
        assert filled.stages.exists_stage_execution("stage:p.a.s")

    @pytest.mark.parametrize(
        "mine", [KeyError("x"), OverflowError("x"), NotFoundError("x", code="y")]
    )
    def test_an_exception_undoes_the_transaction(
        self, filled: MetadataStore, make: ModelFactory, mine: Exception
    ) -> None:
        """The exception comes out as it is; nothing of the body is stored; writing goes on."""

        def fail() -> None:
            with filled.duckdb.transaction():
                filled.runs.put_run(make.run("a"))
                raise mine

        with pytest.raises(type(mine)) as caught:
            fail()
        gone = filled.runs.find_run("run:p.a")
        filled.runs.put_run(make.run("b"))

        assert caught.value is mine
        assert gone is None
        assert filled.runs.exists_run("run:p.b")

    def test_a_caught_refusal_undoes_only_itself(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """A put that fails inside a transaction leaves the puts before and after it."""
        with filled.duckdb.transaction():
            filled.runs.put_run(make.run("a"))
            with pytest.raises(NotFoundError):
                filled.samples.put_many([make.sample("ok"), make.sample("bad", stage="p.r.none")])
            filled.runs.put_run(make.run("b"))

        assert [r.name for r in filled.runs.list_runs()] == ["a", "b", "r"]
        assert filled.samples.count_sample_observations() == 1

    def test_other_threads_do_not_join(self, filled: MetadataStore, make: ModelFactory) -> None:
        """A put of another thread waits for the end and is kept when the body fails."""
        started = threading.Event()

        def other() -> None:
            started.set()
            filled.runs.put_run(make.run("other"))

        def fail() -> None:
            with filled.duckdb.transaction():
                filled.runs.put_run(make.run("a"))
                thread.start()
                started.wait(10)
                raise KeyError("mine")

        thread = threading.Thread(target=other)
        with pytest.raises(KeyError):
            fail()
        thread.join(60)

        assert [r.name for r in filled.runs.list_runs()] == ["other", "r"]


class SharingContract(ContractBase):
    """One ledger, many users."""

    def test_a_closed_store_says_so(self, open_store: OpenStore) -> None:
        """After close every call is a coded error; closing again is harmless."""
        store = open_store()
        store.close()
        store.close()
        for use in (
            lambda: store.runs.list_runs(),
            lambda: store.duckdb.execute("SELECT 1"),
            lambda: store.check_integrity(),
        ):
            with pytest.raises(ClosedScopeError) as caught:
                use()
            assert caught.value.code == "metadata_store_closed"

    def test_two_stores_see_each_other(self, open_store: OpenStore, make: ModelFactory) -> None:
        """A commit of one is read by the other at once."""
        self.require_shared()
        first, second = open_store(), open_store()
        first.projects.put_project(make.project())

        assert second.projects.exists_project("project:p")

    def test_read_only_stores_read_and_never_write(
        self, open_store: OpenStore, make: ModelFactory
    ) -> None:
        """All reads work beside a writer; every way of writing is refused."""
        self.require_shared()
        make.fill(open_store())
        store = open_store(read_only=True)
        writes: list[Any] = [
            lambda: store.projects.put_project(make.project()),
            lambda: store.samples.put_many([make.sample()]),
            lambda: store.runs.create_run(make.run()),
            lambda: store.runs.update_tags("run:p.r", {"a": "b"}),
            lambda: store.duckdb.transaction().__enter__(),
        ]
        for write in writes:
            with pytest.raises(ReadOnlyStoreError):
                write()
        with pytest.raises(ContextaError):
            store.duckdb.execute("DELETE FROM ledger_runs")

        assert store.build_run_snapshot("run:p.r").run.tags == {"team": "a"}
        assert store.check_integrity().ok
        assert store.duckdb.query_one("SELECT count(*) FROM runs") == (1,)

    def test_threads_lose_nothing(self, store: MetadataStore, make: ModelFactory) -> None:
        """4 threads x 50 puts, with reads and a shared row: all stored, no error."""
        store.projects.put_project(make.project())
        store.runs.put_run(make.run("shared"))

        def work(thread: int) -> None:
            for i in range(50):
                store.runs.put_run(make.run(f"t{thread}-{i}"))
                store.runs.update_tags("run:p.shared", {f"{thread}-{i}": "x"})
                assert store.runs.find_run(f"run:p.t{thread}-{i}") is not None

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))

        assert store.runs.count_runs() == 201
        assert len(store.runs.get_run("run:p.shared").tags) == 200

    def test_processes_lose_no_update(self, open_store: OpenStore, make: ModelFactory) -> None:
        """4 processes count up one row by compare-and-set: no update is lost."""
        self.require_shared()
        store = open_store()
        store.projects.put_project(make.project())
        store.runs.put_run(make.run("count", params={"n": 0}))

        def work() -> None:
            own = open_store()
            for _ in range(20):
                count_up(own)
                own.runs.create_run(make.run("new"))
            own.close()

        codes = wait_for([run_in_child(work) for _ in range(4)])

        assert codes == [0] * 4
        assert store.runs.get_run("run:p.count").params == {"n": 80}
        assert store.runs.get_revision("run:p.count") == 81
        assert len({r.run_ref.text for r in store.runs.list_runs(name="new")}) == 80
        assert store.check_integrity().ok

    def test_both_sides_of_a_fork_go_on(self, filled: MetadataStore, make: ModelFactory) -> None:
        """A store opened before a fork works in parent and child."""
        self.require_shared()
        child = run_in_child(
            lambda: filled.runs.put_many([make.run(f"child-{i}") for i in range(20)])
        )
        filled.runs.put_many([make.run(f"parent-{i}") for i in range(20)])

        assert wait_for([child]) == [0]
        assert filled.runs.count_runs() == 41

    def test_a_fork_waits_for_threads_inside(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Children forked while another thread reads and writes can use the store."""
        self.require_shared()
        filled.runs.put_many([make.run(f"n{i}") for i in range(200)])
        stop = threading.Event()

        def busy() -> None:
            while not stop.is_set():
                filled.runs.list_runs(limit=50)
                filled.runs.put_run(make.run("busy", tags={"at": os.urandom(4).hex()}))

        threads = [threading.Thread(target=busy) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            codes = wait_for([run_in_child(lambda: filled.runs.count_runs()) for _ in range(15)])
        finally:
            stop.set()
            for thread in threads:
                thread.join()

        assert codes == [0] * 15

    def test_waiting_for_a_writer_ends(self, open_store: OpenStore, make: ModelFactory) -> None:
        """Who waits for longer than set gets a retryable error; readers never wait."""
        self.require_shared()
        store, waiting = open_store(), open_store(busy_timeout_seconds=0.05)
        make.fill(store)
        with store.duckdb.transaction():
            store.runs.update_tags("run:p.r", {"a": "b"})
            with pytest.raises(StoreAccessError) as caught:
                waiting.projects.put_project(make.project())
            seen = waiting.runs.get_run("run:p.r").tags

        assert caught.value.retryable
        assert seen == {"team": "a"}
        assert waiting.runs.get_run("run:p.r").tags == {"team": "a", "a": "b"}


def count_up(store: MetadataStore, ref: str = "run:p.count") -> int:
    """Add 1 to the parameter `n` of a run by compare-and-set; return the attempts it took."""
    attempts = 0
    while True:
        attempts += 1
        seen = store.runs.get_revision(ref)
        run = store.runs.get_run(ref)
        more = {**run.to_dict(), "params": {**run.params, "n": run.params["n"] + 1}}
        try:
            store.runs.put_run(type(run).model_validate(more), expected_revision=seen)
        except ConflictError:
            continue
        return attempts
