"""How many kills the crash tests deliver: few by default, more on request."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=12, help="kills per crash test (default 12)")


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")
