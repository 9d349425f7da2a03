"""What an exception says about the work that it ended."""

import asyncio

import pytest

from contexta.capture._status import close_status, exit_status
from contexta.contract.errors import LifecycleError


@pytest.mark.parametrize(
    ("exc", "status"),
    [
        (None, "completed"),
        (SystemExit(0), "completed"),
        (SystemExit(), "completed"),
        (SystemExit(2), "failed"),
        (SystemExit("no"), "failed"),
        (KeyboardInterrupt(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (ValueError(), "failed"),
    ],
)
def test_exceptions_map_to_true_statuses(exc, status):
    """Cancellation is not failure, and a clean exit is success."""
    assert exit_status(exc) == status


@pytest.mark.parametrize(
    ("value", "code"), [("open", "runtime_invalid_close_status"), (3, "runtime_invalid_value")]
)
def test_bad_close_statuses_have_codes(value, code):
    """Scopes close as completed, failed or cancelled only."""
    with pytest.raises(LifecycleError) as caught:
        close_status(value)

    assert caught.value.code == code
