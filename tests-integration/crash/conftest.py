"""How many kills the crash tests deliver: few by default, more on request."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=20, help="kills per crash test (default 20)")


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")
