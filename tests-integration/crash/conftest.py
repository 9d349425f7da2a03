"""How many kills and power cuts the crash tests deliver: few by default, more on request."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=12, help="kills per crash test (default 12)")
    parser.addoption("--cuts", type=int, default=12, help="power cuts per test (default 12)")
    parser.addoption("--faults", type=int, default=8, help="disk errors per test (default 8)")
    parser.addoption("--flips", type=int, default=15, help="flipped bits per file (default 15)")


@pytest.fixture
def flips(request) -> int:
    return request.config.getoption("--flips")


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")


@pytest.fixture
def cuts(request) -> int:
    return request.config.getoption("--cuts")


@pytest.fixture
def faults(request) -> int:
    return request.config.getoption("--faults")
