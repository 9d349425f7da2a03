"""How many rounds the engines read a store in use: few by default, more on request."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
# Spark is large: the session `spark` installs it, the others do without.
collect_ignore = [] if find_spec("pyspark") else ["test_spark.py", "test_spark_connect.py"]


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=3, help="reads per engine (default 3)")


@pytest.fixture
def rounds(request) -> int:
    return request.config.getoption("--rounds")
