"""What all parts of the contract share: fixtures, and how a store is opened."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from contexta.store.testing._models import ModelFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contexta.store.metadata import MetadataStore


class OpenStore(Protocol):
    """Opens the store under test, any number of times."""

    def __call__(self, **settings: Any) -> MetadataStore:
        """Return an open store; settings are those of `MetadataStoreConfig`."""
        ...


class ContractBase:
    """The fixtures of a contract. Derived classes give `store_factory`.

    Attributes:
        shared: Whether each open reaches the same data, also from other processes. A store in
            the memory of one object says False; tests of sharing are then skipped.
    """

    shared = True

    @pytest.fixture
    def store_factory(self) -> Callable[..., MetadataStore]:
        """Return a function that opens the store under test, empty at the start of each test."""
        raise NotImplementedError("a derived class gives the fixture store_factory")

    @pytest.fixture
    def open_store(self, store_factory: Callable[..., MetadataStore]) -> Iterator[OpenStore]:
        """Open stores that are closed after the test."""
        stores: list[MetadataStore] = []

        def open_one(**settings: Any) -> MetadataStore:
            stores.append(store_factory(**settings))
            return stores[-1]

        yield open_one
        for store in stores:
            store.close()

    @pytest.fixture
    def store(self, open_store: OpenStore) -> MetadataStore:
        """Return one open store."""
        return open_store()

    @pytest.fixture
    def filled(self, store: MetadataStore, make: ModelFactory) -> MetadataStore:
        """Return an open store with one of everything."""
        make.fill(store)
        return store

    @pytest.fixture
    def make(self) -> ModelFactory:
        """Build models."""
        return ModelFactory()

    def require_shared(self) -> None:
        """Skip the test for stores that live in one object."""
        if not self.shared:
            pytest.skip("each open of this store has its own data")


def run_in_child(work: Callable[[], object]) -> int:
    """Start `work` in a forked process and return its process id; 0 means success."""
    with warnings.catch_warnings():
        # Python 3.12 warns when any thread lives; a thread of another test may.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def wait_for(children: list[int]) -> list[int]:
    """Return the exit codes of processes, in order."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
