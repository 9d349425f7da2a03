"""How many experiments: few by default, so that CI is quick; more for figures to publish.

``pytest tests-integration/statistics --trials 20000 -s`` prints the tables of the documentation.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser):
    parser.addoption(
        "--trials", type=int, default=300, help="experiments per cell of a table (default 300)"
    )


@pytest.fixture(scope="session")
def trials(request) -> int:
    return request.config.getoption("--trials")
