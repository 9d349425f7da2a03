import json
import threading

import pytest

from contexta.contract.errors import StoreAccessError, ValidationError
from contexta.recovery import ReplayError, replay_outbox
from contexta.recovery.outbox import OutboxFile, append_entry


class Sink:
    """A sink that fails for the payloads it is told to fail for."""

    def __init__(self, name="good", *, failing=(), error=None):
        self.name = name
        self.failing = failing
        self.error = error or RuntimeError("refused")
        self.received = []

    def capture(self, *, family, payload):
        self.received.append((family, payload))
        if payload in self.failing:
            raise self.error


def entry(number, **more):
    return {"replay_ref": f"replay:{number}", "family": "RECORD", "payload": number, **more}


def fill(config, *entries):
    folder = config.recovery.outbox_root
    folder.mkdir(parents=True, exist_ok=True)
    lines = [one if isinstance(one, str) else json.dumps(one) for one in entries]
    (folder / "failed_deliveries.jsonl").write_text("".join(f"{line}\n" for line in lines))


def waiting(config):
    text = (config.recovery.outbox_root / "failed_deliveries.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def dead(config):
    text = (config.recovery.outbox_root / "dead_letter.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_without_an_outbox_nothing_happens_and_nothing_is_created(config, root):
    result = replay_outbox(config)

    assert (result.status, result.notes) == ("SUCCESS", ("outbox_empty",))
    assert not root.exists()


def test_a_hand_written_entry_goes_to_the_local_file_and_leaves_the_outbox(config, root):
    fill(config, entry(1), "")

    result = replay_outbox(config)

    lines = (root / "exports" / "replayed" / "record.jsonl").read_text().splitlines()
    assert (result.status, result.acknowledged_count, result.pending_count) == ("SUCCESS", 1, 0)
    assert [json.loads(line)["payload"] for line in lines] == [1]
    assert (config.recovery.outbox_root / "failed_deliveries.jsonl").read_text() == ""


def test_the_local_file_does_not_take_the_same_delivery_twice(config, root):
    """A kill between delivery and acknowledgement repeats the delivery."""
    fill(config, entry(1))
    replay_outbox(config, acknowledge_successes=False)

    replay_outbox(config)

    text = (root / "exports" / "replayed" / "record.jsonl").read_text()
    assert len(text.splitlines()) == 1


def test_bad_lines_go_to_the_dead_letters_and_block_nothing(config):
    """One torn line used to block everything, one without a field the whole batch."""
    fill(config, entry(1), '{"torn": ', "[]", '{"family": "RECORD"}', entry(2))
    sink = Sink()

    result = replay_outbox(config, sinks=[sink])

    assert [payload for _, payload in sink.received] == [1, 2]
    assert (result.status, result.pending_count, result.dead_lettered_count) == ("DEGRADED", 0, 3)
    assert [letter["line"] for letter in dead(config)] == [
        '{"torn": ',
        "[]",
        '{"family": "RECORD"}',
    ]
    assert "payload is missing" in dead(config)[2]["reason"]


def test_bytes_that_are_no_text_are_kept_in_the_dead_letters(config):
    fill(config, entry(1))
    with (config.recovery.outbox_root / "failed_deliveries.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\n")

    replay_outbox(config, sinks=[Sink()])

    assert (dead(config)[0]["encoding"], dead(config)[0]["line"]) == ("base64", "//4=")


def test_strict_mode_refuses_bad_lines_before_delivering(config):
    """The setting used to have no effect."""
    from dataclasses import replace

    fill(config, entry(1), "[]")
    strict = replace(config, recovery=replace(config.recovery, replay_mode_default="strict"))
    sink = Sink()

    with pytest.raises(ReplayError) as caught:
        replay_outbox(strict, sinks=[sink])

    assert caught.value.code == "recovery_invalid_outbox_entry"
    assert sink.received == []


def test_each_delivery_is_acknowledged_before_the_next(config):
    """An interruption used to repeat everything."""
    fill(config, entry(1), entry(2), entry(3))
    outbox = OutboxFile(config.recovery.outbox_root)
    seen = []

    class Watching(Sink):
        def capture(self, *, family, payload):
            seen.append([json.loads(line)["payload"] for line in outbox.waiting_lines()])

    replay_outbox(config, sinks=[Watching()])

    assert seen == [[1, 2, 3], [2, 3], [3]]


def test_an_interruption_leaves_what_was_not_delivered(config):
    fill(config, entry(1), entry(2))

    with pytest.raises(KeyboardInterrupt):
        replay_outbox(config, sinks=[Sink(failing=(2,), error=KeyboardInterrupt())])

    assert [one["payload"] for one in waiting(config)] == [2]


def test_entries_appended_during_a_replay_stay(config):
    """They used to be erased."""
    fill(config, entry(1), entry(2))

    class Appending(Sink):
        def capture(self, *, family, payload):
            append_entry(config.recovery.outbox_root, entry(payload + 10))

    result = replay_outbox(config, sinks=[Appending()])

    assert [one["payload"] for one in waiting(config)] == [11, 12]
    assert result.pending_count == 2


def test_a_failed_entry_waits_behind_the_others_with_its_count(config):
    fill(config, entry(1), entry(2))

    result = replay_outbox(config, sinks=[Sink(failing=(1,))], limit=1)

    first, last = waiting(config)
    assert (first["payload"], last["payload"], last["attempts"]) == (2, 1, 1)
    assert last["last_error"] == "RuntimeError: refused"
    assert (result.status, result.entries[0].attempts) == ("FAILURE", 1)


def test_an_entry_dies_after_the_given_number_of_failures(config):
    fill(config, entry(1), entry(2))

    result = replay_outbox(config, sinks=[Sink(failing=(1,))], dead_letter_after_failures=1)

    assert (result.status, result.dead_lettered_count, result.pending_count) == ("DEGRADED", 1, 0)
    assert result.notes == ("dead_lettered:1",)
    assert [letter["payload"] for letter in dead(config)] == [1]


def test_a_poison_entry_dies_after_three_tries_when_nothing_is_said(config):
    fill(config, entry(1))
    sink = Sink(failing=(1,))

    counts = [replay_outbox(config, sinks=[sink]).dead_lettered_count for _ in range(3)]

    assert counts == [0, 0, 1]
    assert len(sink.received) == 3


def test_entries_go_to_the_sink_that_they_name(config):
    """With several sinks only the first was used."""
    fill(config, entry(1, sink_name="b"), entry(2), entry(3, sink_name="gone"))
    first, second = Sink("a"), Sink("b")

    result = replay_outbox(config, sinks=[first, second])

    assert [payload for _, payload in first.received] == [2]
    assert [payload for _, payload in second.received] == [1]
    assert [one.status for one in result.entries] == ["SUCCESS", "SUCCESS", "SKIPPED"]
    assert (result.status, result.pending_count) == ("DEGRADED", 1)


def test_target_takes_only_its_own_entries(config):
    """The target used to take the entries of every sink."""
    fill(config, entry(1, sink_name="a"), entry(2, sink_name="b"), entry(3))
    first, second = Sink("a"), Sink("b")

    result = replay_outbox(config, sinks=[first, second], target="b")

    assert first.received == []
    assert [payload for _, payload in second.received] == [2, 3]
    assert (result.status, result.pending_count) == ("SUCCESS", 1)


def test_one_sink_without_a_target_takes_everything(config):
    fill(config, entry(1, sink_name="old-name"))
    sink = Sink("new-name")

    assert replay_outbox(config, sinks=[sink]).acknowledged_count == 1


def test_an_unknown_target_is_refused(config):
    with pytest.raises(ReplayError) as caught:
        replay_outbox(config, sinks=[Sink("a")], target="b")

    assert caught.value.code == "recovery_replay_target_missing"


def test_families_are_upper_case_and_closed(config):
    fill(config, entry(1, family="artifact"), entry(2, family="poem"))
    sink = Sink()

    result = replay_outbox(config, sinks=[sink])

    assert sink.received == [("ARTIFACT", 1)]
    assert [one.status for one in result.entries] == ["SUCCESS", "FAILURE"]


@pytest.mark.parametrize(
    ("status", "expected"), [("DEGRADED", "DEGRADED"), ("failure", "FAILURE"), ("odd", "FAILURE")]
)
def test_the_receipt_decides(config, status, expected):
    from types import SimpleNamespace

    fill(config, entry(1))

    class Answering(Sink):
        def capture(self, *, family, payload):
            return SimpleNamespace(status=status, detail="why")

    result = replay_outbox(config, sinks=[Answering()])

    assert (result.entries[0].status, result.entries[0].detail) == (expected, "why")
    assert result.acknowledged_count == (expected == "DEGRADED")


def test_a_failure_that_calls_itself_retryable_is_tried_again_at_once(config):
    """There was no backoff."""
    fill(config, entry(1))

    class Shaky(Sink):
        def capture(self, *, family, payload):
            self.received.append(payload)
            if len(self.received) < 3:
                raise StoreAccessError("busy", code="store_lock_timeout", retryable=True)

    sink = Shaky()

    assert replay_outbox(config, sinks=[sink]).acknowledged_count == 1
    assert len(sink.received) == 3


@pytest.mark.parametrize("name", ["limit", "dead_letter_after_failures"])
def test_negative_numbers_are_refused(config, name):
    """A negative limit used to mean all but the last."""
    with pytest.raises(ValidationError) as caught:
        replay_outbox(config, **{name: -1})

    assert caught.value.code == "recovery_invalid_number"


def test_without_an_outbox_folder_there_is_an_error_of_ours(config):
    from dataclasses import replace

    none = replace(config, recovery=replace(config.recovery, outbox_root=None))

    with pytest.raises(ReplayError) as caught:
        replay_outbox(none)

    assert caught.value.code == "recovery_outbox_root_missing"


def test_three_replays_at_once_deliver_each_entry_once(config):
    fill(config, *(entry(number) for number in range(30)))
    sink = Sink()
    threads = [
        threading.Thread(target=replay_outbox, args=(config,), kwargs={"sinks": [sink]})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(payload for _, payload in sink.received) == list(range(30))


def test_an_append_after_a_torn_tail_is_a_line_of_its_own(config):
    fill(config, entry(1))
    path = config.recovery.outbox_root / "failed_deliveries.jsonl"
    path.write_bytes(path.read_bytes()[:-5])

    append_entry(config.recovery.outbox_root, entry(2))
    sink = Sink()
    replay_outbox(config, sinks=[sink])

    assert [payload for _, payload in sink.received] == [2]


def test_an_entry_without_its_fields_is_not_appended(config):
    with pytest.raises(ReplayError) as caught:
        append_entry(config.recovery.outbox_root, {"family": 3, "attempts": "x"})

    assert caught.value.details["reasons"] == [
        "replay_ref is not a text",
        "family is not a text",
        "payload is missing",
        "attempts is not a number of at least 0",
    ]


def test_outbox_files_are_private(config):
    append_entry(config.recovery.outbox_root, entry(1))
    path = config.recovery.outbox_root / "failed_deliveries.jsonl"

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("sink", [object(), "text", 5, Sink(name=None)])
def test_what_cannot_take_a_delivery_is_no_sink(config, sink):
    """It used to cost each entry its tries."""
    fill(config, entry(1))

    with pytest.raises(ValidationError) as caught:
        replay_outbox(config, sinks=[Sink(), sink])

    assert caught.value.code == "recovery_invalid_sink"
    assert len(waiting(config)) == 1


@pytest.mark.parametrize("seconds", [-1, "1", float("nan"), True])
def test_the_wait_is_a_number_of_seconds(config, seconds):
    fill(config, entry(1))

    with pytest.raises(ValidationError) as caught:
        replay_outbox(config, wait_seconds=seconds)

    assert caught.value.code == "recovery_invalid_number"


def test_a_replay_that_has_to_wait_too_long_says_so(config):
    """Another one runs; nothing was delivered."""
    fill(config, entry(1))
    sink = Sink()
    with OutboxFile(config.recovery.outbox_root).turn(), pytest.raises(ReplayError) as caught:
        replay_outbox(config, sinks=[sink], wait_seconds=0.01)

    assert (caught.value.code, caught.value.retryable) == ("recovery_replay_busy", True)
    assert sink.received == []


def test_the_mode_of_a_call_wins_over_the_setting(config):
    fill(config, "[]")

    with pytest.raises(ReplayError) as caught:
        replay_outbox(config, mode="strict")
    with pytest.raises(ValidationError):
        replay_outbox(config, mode="lenient")

    assert caught.value.code == "recovery_invalid_outbox_entry"


def test_one_sink_takes_only_its_own_when_asked(config):
    fill(config, entry(1, sink_name="a"), entry(2, sink_name="b"), entry(3))
    sink = Sink("b")
    result = replay_outbox(config, sinks=[sink], by_name=True)

    assert [payload for _, payload in sink.received] == [2, 3]
    assert (result.pending_count, result.entries[0].status) == (1, "SKIPPED")
