"""When a failed delivery is due again."""

import json

import pytest

from contexta.contract.errors import ValidationError
from contexta.contract.time import iso_utc_now, to_epoch_us
from contexta.recovery import Backoff, replay_outbox
from contexta.recovery.outbox import append_entry


class Sink:
    name = "s"

    def __init__(self):
        self.received = 0

    def capture(self, *, family, payload):
        self.received += 1
        raise RuntimeError("refused")


def entry(**more):
    return {"replay_ref": "r", "family": "RECORD", "payload": 1, **more}


def test_the_bound_doubles_up_to_the_maximum():
    backoff = Backoff(base_seconds=2, max_seconds=10)

    assert [backoff.bound(n) for n in (1, 2, 3, 4, 10_000)] == [2, 4, 8, 10, 10]


def test_the_wait_is_spread_over_the_whole_range():
    """Full jitter: clients that failed together do not come back together."""
    backoff = Backoff(base_seconds=100, max_seconds=100)
    start = to_epoch_us(iso_utc_now())
    waits = [(to_epoch_us(backoff.next_attempt_at(1)) - start) / 1e6 for _ in range(200)]

    assert min(waits) < 30 < 70 < max(waits)
    assert max(waits) < 160


@pytest.mark.parametrize("values", [{"base_seconds": -1}, {"max_seconds": float("nan")}])
def test_bounds_are_numbers_of_seconds(values):
    with pytest.raises(ValidationError) as caught:
        Backoff(**values)

    assert caught.value.code == "recovery_invalid_number"


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (None, True),
        ("2020-01-01T00:00:00Z", True),
        ("no time", True),
        ("9000-01-01T00:00:00Z", True),
    ],
)
def test_a_time_that_is_past_or_impossible_holds_nothing_back(moment, due):
    """The last one was written before the clock was set back."""
    assert Backoff().is_due(moment, 1) == due


def test_an_entry_that_is_not_due_stays_when_only_due_ones_are_asked_for(config):
    append_entry(config.recovery.outbox_root, entry())
    sink, backoff = Sink(), Backoff(base_seconds=10**6, max_seconds=10**6)
    first = replay_outbox(config, sinks=[sink], backoff=backoff)
    second = replay_outbox(config, sinks=[sink], backoff=backoff, due_only=True)
    path = config.recovery.outbox_root / "failed_deliveries.jsonl"

    assert sink.received == 1
    assert (second.status, second.notes, second.pending_count) == ("SUCCESS", ("not_due:1",), 1)
    assert second.details["next_attempt_at"] == first.entries[0].next_attempt_at
    assert json.loads(path.read_text())["next_attempt_at"] == first.entries[0].next_attempt_at


def test_a_replay_by_hand_tries_at_once(config):
    """Scripts of 1.0 that call again after a failure still attempt."""
    append_entry(config.recovery.outbox_root, entry())
    sink = Sink()
    for _ in range(2):
        replay_outbox(config, sinks=[sink], backoff=Backoff(10**6, 10**6))

    assert sink.received == 2
