"""What names and listings ask of the ledger is what the ledger gives."""

from contexta.interpretation.repositories._ports import RunRow
from contexta.store.metadata import RunRow as StoredRunRow


def test_a_row_of_the_ledger_has_the_fields_of_a_listing():
    """The two are written down apart, for the layer below knows nothing of the one above."""
    asked = list(RunRow.__annotations__)

    assert asked == list(StoredRunRow._fields)
