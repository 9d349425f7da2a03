"""The whole contract of a metadata store, as one class."""

from __future__ import annotations

import pytest

for _part in ("base", "deletion", "frames", "lists", "rows", "runs", "sharing", "values"):
    pytest.register_assert_rewrite(f"contexta.store.testing._contract_{_part}")

from contexta.store.testing._contract_deletion import (  # noqa: E402
    DamageContract,
    DeletionContract,
)
from contexta.store.testing._contract_frames import FrameContract  # noqa: E402
from contexta.store.testing._contract_lists import ListContract  # noqa: E402
from contexta.store.testing._contract_rows import RowContract  # noqa: E402
from contexta.store.testing._contract_runs import LineageContract, RunContract  # noqa: E402
from contexta.store.testing._contract_sharing import (  # noqa: E402
    SharingContract,
    TransactionContract,
)
from contexta.store.testing._contract_values import ValueContract  # noqa: E402


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
