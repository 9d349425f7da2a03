"""What was given up can be listed, retried and discarded."""

import json

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import (
    ReplayError,
    discard_dead_letters,
    list_dead_letters,
    replay_outbox,
    retry_dead_letters,
)
from contexta.recovery.outbox import OutboxFile, append_entry


class Sink:
    name = "s"

    def __init__(self, *, works=False):
        self.works = works
        self.received = []

    def capture(self, *, family, payload):
        self.received.append(payload)
        if not self.works:
            raise RuntimeError("token=hunter2222 refused")


def entry(number, **more):
    return {
        "replay_ref": f"replay:{number}",
        "delivery_id": f"id-{number}",
        "family": "RECORD",
        "payload": number,
        "capture_attempts": 4,
        "sink_name": "s" if number else "other",
        **more,
    }


@pytest.fixture
def buried(config):
    """Three dead deliveries and one line that is none."""
    for number in range(3):
        append_entry(config.recovery.outbox_root, entry(number))
    with (config.recovery.outbox_root / "failed_deliveries.jsonl").open("a") as file:
        file.write('{"torn": \n')
    replay_outbox(config, sinks=[Sink()], dead_letter_after_failures=1)
    return config


def test_letters_say_whose_they_are_and_why(buried):
    """Oldest first; the tries of capture and of replay stand apart."""
    letters = list_dead_letters(buried)
    first = letters[0]

    assert [one.payload for one in letters] == [0, 1, 2, None]
    assert (first.attempts, first.capture_attempts, first.sink_name) == (1, 4, "other")
    assert (first.delivery_id, first.replay_ref) == ("id-0", "replay:0")
    assert (letters[3].line, letters[3].can_be_retried) == ('{"torn": ', False)
    assert len({one.letter_ref for one in letters}) == 4
    assert [one.payload for one in list_dead_letters(buried, target="other")] == [0]


def test_secrets_in_the_text_of_a_failure_are_not_written(buried):
    """A sink quotes its URL and its headers."""
    text = (buried.recovery.outbox_root / "dead_letter.jsonl").read_text()

    assert "hunter2222" not in text
    assert "[redacted]" in list_dead_letters(buried)[0].reason


def test_retried_letters_wait_again_and_are_delivered(buried):
    """All deliveries go back; the torn line stays and is named."""
    result = retry_dead_letters(buried)
    sink = Sink(works=True)
    replay_outbox(buried, sinks=[sink])

    assert (result.status, result.notes, result.remaining_count) == ("DEGRADED", ("retried:3",), 1)
    assert sink.received == [0, 1, 2]
    assert [one.can_be_retried for one in list_dead_letters(buried)] == [False]


def test_a_retried_letter_starts_with_no_failures_and_its_old_id(buried):
    """Otherwise its next failure would kill it at once."""
    retry_dead_letters(buried, ["replay:1"])
    result = replay_outbox(buried, sinks=[Sink()])

    assert (result.entries[0].attempts, result.entries[0].delivery_id) == (1, "id-1")
    assert (result.pending_count, result.dead_lettered_count) == (1, 0)


def test_letters_are_named_by_either_ref(buried):
    first, second = list_dead_letters(buried)[:2]
    result = discard_dead_letters(buried, [first.letter_ref, second.replay_ref])

    assert result.letter_refs == (first.letter_ref, second.letter_ref)
    assert [one.payload for one in list_dead_letters(buried)] == [2, None]


def test_an_unknown_ref_changes_nothing(buried):
    """All unknown ones are named."""
    with pytest.raises(ReplayError) as caught:
        discard_dead_letters(buried, ["replay:1", "x", "y"])

    assert caught.value.code == "recovery_dead_letter_unknown"
    assert caught.value.details["refs"] == ["x", "y"]
    assert len(list_dead_letters(buried)) == 4


@pytest.mark.parametrize("refs", [5, [1], [None]])
def test_refs_are_texts(buried, refs):
    with pytest.raises(ValidationError):
        discard_dead_letters(buried, refs)


def test_without_an_outbox_there_are_no_letters(config, root):
    result = retry_dead_letters(config)

    assert (list_dead_letters(config), result.notes) == ((), ("retried:0",))
    assert not root.exists()


def test_a_kill_after_the_decision_retries_once(buried):
    """The letter leaves and the entry comes by one line of the journal."""
    outbox = OutboxFile(buried.recovery.outbox_root)
    dead, waiting = outbox.dead_letter.read_bytes(), outbox.pending.read_bytes()
    retry_dead_letters(buried, ["replay:1"])
    after = outbox.pending.read_bytes()
    # As if the kill had come between the two files: one is old, the other new.
    from contexta.recovery._outbox_journal import Decision

    journal = outbox.open_journal()
    ref = next(one for one in dead.splitlines() if b'"replay:1"' in one)
    journal.write(Decision(gone=json.loads(ref)["letter_ref"], line=after.decode().strip()))
    journal.close()
    outbox.dead_letter.write_bytes(dead)
    listed = [one.payload for one in list_dead_letters(buried)]
    outbox.checkpoint()

    assert waiting == b""
    assert listed == [0, 2, None]
    assert outbox.pending.read_bytes() == after


def test_letters_of_old_files_have_refs_too(config):
    """1.0 wrote no letter_ref."""
    root = config.recovery.outbox_root
    root.mkdir(parents=True)
    old = {"replay_ref": "r", "family": "RECORD", "payload": 1, "attempts": 3, "last_error": "x"}
    (root / "dead_letter.jsonl").write_text(json.dumps(old) + "\nnot json\n")
    letters = list_dead_letters(config)
    result = retry_dead_letters(config)

    assert letters[0].reason == "x"
    assert letters[1].line == "not json"
    assert result.letter_refs == (letters[0].letter_ref,)
    assert [one.line for one in list_dead_letters(config)] == ["not json"]
