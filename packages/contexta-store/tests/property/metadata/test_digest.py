"""The row digest."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.store.metadata._rows import row_digest

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20)
ROWS = st.lists(VALUES, max_size=6).map(tuple)


@settings(UNHURRIED, max_examples=50)
@given(ROWS, ROWS, st.sampled_from("ab"), st.sampled_from("ab"))
def test_no_two_rows_share_an_encoding(left, right, table, other):
    """Each value carries its type and length, so that no two rows share an encoding."""
    same = (table, left) == (other, right)

    assert (row_digest(table, left) == row_digest(other, right)) is same


@UNHURRIED
@given(st.text(max_size=8), st.text(max_size=8))
def test_a_boundary_between_columns_counts(left, right):
    """Moving text from one column to the next changes the digest, unless nothing moved."""
    moved = (left + right, "")

    assert (row_digest("t", (left, right)) == row_digest("t", moved)) is ((left, right) == moved)
