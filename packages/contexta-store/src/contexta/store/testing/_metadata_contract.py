"""The whole contract of a metadata store, as one class."""

# ruff: noqa: E402 - pytest rewrites the asserts of modules that are imported later

from __future__ import annotations

import pytest

for _part in ("base", "deletion", "frames", "lists", "rows", "runs", "sharing", "values"):
    pytest.register_assert_rewrite(f"contexta.store.testing._contract_{_part}")

from contexta.store.testing._contract_deletion import (
    DamageContract,
    DeletionContract,
)
from contexta.store.testing._contract_frames import FrameContract
from contexta.store.testing._contract_lists import ListContract
from contexta.store.testing._contract_rows import RowContract
from contexta.store.testing._contract_runs import LineageContract, RunContract
from contexta.store.testing._contract_sharing import (
    SharingContract,
    TransactionContract,
)
from contexta.store.testing._contract_values import ValueContract


class MetadataStoreContract(
    RowContract,
    ListContract,
    RunContract,
    LineageContract,
    DeletionContract,
    DamageContract,
    ValueContract,
    FrameContract,
    TransactionContract,
    SharingContract,
):
    """Everything that scripts may rely on, whichever database is behind a store.

    A derived class gives the fixture `store_factory`: a function that opens the store under
    test with the settings of `MetadataStoreConfig`, empty at the start of each test. With
    `shared = True`, each call reaches the same data, from forked processes, too. It may override
    `break_row`, so that the tests of damage run.
    """
