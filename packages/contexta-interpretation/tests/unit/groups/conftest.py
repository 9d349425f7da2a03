"""Two groups to compare."""

import pytest

LOW = [0.90, 0.91, 0.89, 0.905, 0.895]
HIGH = [0.95, 0.96, 0.94, 0.955, 0.945]


@pytest.fixture
def two(bench):
    """Two groups of five runs whose accuracy differs clearly."""
    return bench, bench.group("a", "accuracy", LOW, lr=1), bench.group("b", "accuracy", HIGH, lr=2)
