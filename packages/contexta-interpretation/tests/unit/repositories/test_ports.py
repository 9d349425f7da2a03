"""What names and listings ask of the ledger is what the ledger gives."""

import pytest

from contexta.interpretation.repositories._ports import OrderRow, RunRow
from contexta.store.metadata import RunOrderRow as StoredOrderRow
from contexta.store.metadata import RunRow as StoredRunRow


@pytest.mark.parametrize(("port", "stored"), [(RunRow, StoredRunRow), (OrderRow, StoredOrderRow)])
def test_a_row_of_the_ledger_has_the_fields_of_a_listing(port, stored):
    """The two are written down apart, for the layer below knows nothing of the one above."""
    asked = list(port.__annotations__)

    assert asked == list(stored._fields)
