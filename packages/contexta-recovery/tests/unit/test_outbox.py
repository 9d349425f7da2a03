"""The queue on disk: what waits, what was decided, what was given up."""

import json
from itertools import count

import pytest

from contexta.contract.errors import StoreAccessError
from contexta.recovery import list_dead_letters, replay_outbox
from contexta.recovery._outbox_journal import Decision
from contexta.recovery.outbox import OutboxFile, append_entry, delivery_checksum, leaves, parse_line


class Sink:
    name = "s"

    def __init__(self, failing=()):
        self.failing = failing
        self.received = []

    def capture(self, *, family, payload):
        self.received.append(payload)
        if payload in self.failing:
            raise RuntimeError("refused")


def entry(number, **more):
    return {"replay_ref": f"replay:{number}", "family": "RECORD", "payload": number, **more}


@pytest.fixture
def outbox(config):
    found = OutboxFile(config.recovery.outbox_root)
    for number in range(3):
        append_entry(found.root, entry(number))
    return found


def payloads(lines):
    return [json.loads(line)["payload"] for line in lines]


def done(line):
    return Decision(done=leaves(parse_line(line)))


def decide(outbox, *decisions):
    journal = outbox.open_journal()
    for decision in decisions:
        journal.write(decision)
    journal.close()


def test_a_decision_counts_at_once_and_a_checkpoint_changes_the_files(outbox):
    """The file is rewritten once for all, not once for each."""
    first = outbox.waiting_lines()[0]
    decide(outbox, done(first))
    before = outbox.pending.read_text().count("\n")
    remaining = payloads(outbox.waiting_lines())
    outbox.checkpoint()

    assert (before, remaining) == (3, [1, 2])
    assert payloads(outbox.pending.read_bytes().splitlines()) == [1, 2]
    assert not outbox.journal.exists()


def test_a_decision_that_was_cut_was_never_made(outbox):
    """A kill in the middle of a write leaves the delivery waiting."""
    first, second, _ = outbox.waiting_lines()
    decide(outbox, done(first), done(second))
    raw = outbox.journal.read_bytes()
    outbox.journal.write_bytes(raw[:-3])

    assert payloads(outbox.checkpoint()) == [1, 2]


def test_a_decision_with_a_changed_byte_was_never_made(outbox):
    """One bit must not turn into the loss of another delivery."""
    decide(outbox, done(outbox.waiting_lines()[0]))
    raw = outbox.journal.read_bytes()
    place = raw.index(b'"done":"') + 8
    changed = b"0" if raw[place : place + 1] != b"0" else b"1"
    outbox.journal.write_bytes(raw[:place] + changed + raw[place + 1 :])

    assert payloads(outbox.checkpoint()) == [0, 1, 2]


def test_a_kill_between_the_steps_of_a_checkpoint_costs_nothing(outbox, monkeypatch):
    """Each step is tried to fail; the next checkpoint ends in the same state."""
    import contexta.recovery.outbox as module

    first, second, _ = outbox.waiting_lines()
    letter = {**parse_line(second).fields, "letter_ref": "dead:1"}
    line = json.dumps({**parse_line(first).fields, "attempts": 1})
    decide(outbox, Decision(done=leaves(parse_line(first)), line=line))
    decide(outbox, Decision(done=leaves(parse_line(second)), letter=letter))
    real, calls = module.atomic_write_bytes, count()

    def fails_second(path, data):
        if next(calls) == 1:
            raise StoreAccessError("full", code="store_disk_full", retryable=True)
        real(path, data)

    monkeypatch.setattr(module, "atomic_write_bytes", fails_second)
    with pytest.raises(StoreAccessError):
        outbox.checkpoint()
    monkeypatch.undo()
    outbox.checkpoint()

    assert payloads(outbox.waiting_lines()) == [2, 0]
    assert payloads(outbox.dead_lines()) == [1]


@pytest.mark.parametrize("kind", ["waiting", "dead"])
def test_what_is_listed_beside_a_checkpoint_is_of_one_moment(outbox, monkeypatch, kind):
    """Between the two files, the replay writes both and removes the journal."""
    import contexta.recovery.outbox as module

    append_entry(outbox.root, entry(3))
    first, second, *_ = outbox.waiting_lines()
    decide(outbox, Decision(done=leaves(parse_line(first)), letter={"letter_ref": "dead:1"}))
    outbox.checkpoint()
    decide(outbox, Decision(done=leaves(parse_line(second)), letter={"letter_ref": "dead:2"}))
    read, checkpoints = module.read_journal, [outbox.checkpoint]

    def after_a_checkpoint(path):
        if checkpoints:
            checkpoints.pop()()
        return read(path)

    monkeypatch.setattr(module, "read_journal", after_a_checkpoint)
    listed = outbox.waiting_lines() if kind == "waiting" else outbox.dead_lines()

    assert not outbox.journal.exists()
    assert 2 == len(listed)


def test_what_a_killed_rewrite_left_goes_with_the_next_and_nothing_else(outbox):
    """Its name tells it; a file of somebody else stays."""
    (outbox.root / f"_{'ab' * 12}.tmp").write_bytes(b"half")
    (outbox.root / "_mine.tmp").write_bytes(b"mine")
    outbox.checkpoint()
    names = {path.name for path in outbox.root.iterdir()}

    assert {"_append.lock", "_mine.tmp", "failed_deliveries.jsonl"} == names


def test_equal_lines_are_two_deliveries(config):
    """A hand may write the same line twice; each is delivered."""
    root = config.recovery.outbox_root
    root.mkdir(parents=True)
    line = json.dumps(entry(1)) + "\n"
    (root / "failed_deliveries.jsonl").write_text(line * 3)
    sink = Sink()
    result = replay_outbox(config, sinks=[sink], limit=2)

    assert (sink.received, result.acknowledged_count, result.pending_count) == ([1, 1], 2, 1)


def test_lines_of_other_systems_are_read(config):
    """Windows line ends and a last line without an end."""
    root = config.recovery.outbox_root
    root.mkdir(parents=True)
    text = json.dumps(entry(1)) + "\r\n\r\n" + json.dumps(entry(2))
    (root / "failed_deliveries.jsonl").write_bytes(text.encode())
    sink = Sink()
    replay_outbox(config, sinks=[sink])

    assert sink.received == [1, 2]


def test_a_line_appended_without_any_lock_during_a_replay_stays(config):
    """A script of old knows no lock; its line used to be erased."""
    outbox = OutboxFile(config.recovery.outbox_root)
    append_entry(outbox.root, entry(1))

    class Writing(Sink):
        def capture(self, *, family, payload):
            with outbox.pending.open("a") as file:
                file.write(json.dumps(entry(2)) + "\n")

    replay_outbox(config, sinks=[Writing()])

    assert payloads(outbox.pending.read_bytes().splitlines()) == [2]


def test_a_replay_rewrites_the_file_once_however_many_it_delivers(config, monkeypatch):
    """n deliveries used to cost n rewrites."""
    import contexta.recovery.outbox as module

    root = config.recovery.outbox_root
    root.mkdir(parents=True)
    lines = [json.dumps(entry(number)) for number in range(300)]
    (root / "failed_deliveries.jsonl").write_text("\n".join(lines))
    real, written = module.atomic_write_bytes, []
    monkeypatch.setattr(
        module, "atomic_write_bytes", lambda path, data: (written.append(path), real(path, data))
    )
    result = replay_outbox(config, sinks=[Sink(failing=range(0, 300, 7))])

    assert (result.acknowledged_count, result.pending_count) == (257, 43)
    assert len(written) == 1


def test_a_flipped_payload_is_not_delivered(config):
    """What capture queued carries a checksum; hand-written lines need none."""
    fields = entry(1)
    fields["delivery_sha256"] = delivery_checksum(fields)
    append_entry(config.recovery.outbox_root, fields)
    path = config.recovery.outbox_root / "failed_deliveries.jsonl"
    path.write_text(path.read_text().replace('"payload":1', '"payload":3'))
    sink = Sink()
    result = replay_outbox(config, sinks=[sink])

    assert (sink.received, result.notes) == ([], ("dead_lettered:1", "quarantined:1"))
    assert "delivery_sha256" in list_dead_letters(config)[0].reason


def test_a_link_in_place_of_the_file_is_not_followed(config, tmp_path):
    """A planted link would send deliveries, and rewrites, elsewhere."""
    from contexta.recovery import ReplayError

    root = config.recovery.outbox_root
    root.mkdir(parents=True)
    outside = tmp_path / "outside.jsonl"
    outside.write_text(json.dumps(entry(1)) + "\n")
    (root / "failed_deliveries.jsonl").symlink_to(outside)
    sink = Sink()
    with pytest.raises(ReplayError):
        replay_outbox(config, sinks=[sink])

    assert (sink.received, outside.read_text().count("\n")) == ([], 1)


def test_ids_of_hand_written_lines_come_from_their_content():
    """Two entries of 1.0 could share a replay_ref within a millisecond."""
    first = parse_line(json.dumps(entry(1)).encode())
    same = parse_line(json.dumps(entry(1, attempts=2)).encode())
    other = parse_line(json.dumps(entry(1) | {"payload": 2}).encode())

    assert first.delivery_id == same.delivery_id
    assert first.delivery_id != other.delivery_id


def test_a_delivery_keeps_its_id_over_failures(config):
    """Duplicates at a receiver carry the same id."""
    seen = []

    class Typed:
        name = "typed"

        def deliver(self, delivery):
            seen.append((delivery.delivery_id, delivery.attempts))
            raise RuntimeError("refused")

    append_entry(config.recovery.outbox_root, entry(1))
    for _ in range(3):
        replay_outbox(config, sinks=[Typed()])
    letter = list_dead_letters(config)[0]

    assert [attempts for _, attempts in seen] == [0, 1, 2]
    assert {id for id, _ in seen} == {letter.delivery_id}


def test_a_backup_beside_a_replay_holds_the_queue_of_one_moment(outbox, config):
    """File by file, a delivery on its way to the dead letters could be in neither."""
    import threading

    decide(outbox, done(outbox.waiting_lines()[0]))
    with outbox.steady():
        thread = threading.Thread(target=outbox.checkpoint)
        thread.start()
        thread.join(timeout=0.05)
        still = (payloads(outbox.pending.read_bytes().splitlines()), outbox.journal.exists())
    thread.join()

    assert still == ([0, 1, 2], True)
    assert payloads(outbox.pending.read_bytes().splitlines()) == [1, 2]


def test_a_backup_holds_what_waits_and_what_was_decided(outbox, config, root, tmp_path):
    """A backup taken after a replay was killed restores the same queue."""
    from contexta.recovery import (
        create_workspace_backup,
        plan_restore,
        plan_workspace_backup,
        restore_workspace,
    )

    decide(outbox, done(outbox.waiting_lines()[0]))
    made = create_workspace_backup(config, plan_workspace_backup(config))
    target = tmp_path / "restored"
    restore_workspace(config, plan_restore(config, made.backup_ref, target_workspace=target))

    restored = OutboxFile(target / "recovery" / "outbox")
    assert payloads(restored.waiting_lines()) == [1, 2]


def test_a_repeated_delivery_is_on_disk_before_it_is_acknowledged(config, root, monkeypatch):
    """The replay that wrote it may have been killed before it synced."""
    import os

    append_entry(config.recovery.outbox_root, entry(1))
    replay_outbox(config, acknowledge_successes=False)
    copied = root / "exports" / "replayed" / "record.jsonl"
    real, synced = os.fsync, []

    def watching(fd):
        synced.append(os.fstat(fd).st_ino)
        real(fd)

    monkeypatch.setattr(os, "fsync", watching)
    result = replay_outbox(config)

    assert result.entries[0].detail.startswith("already in")
    assert {copied.stat().st_ino, copied.parent.stat().st_ino} <= set(synced)


@pytest.mark.parametrize("depth", [100, 700, 900, 950, 980, 990, 995, 5000, 200_000])
def test_a_payload_of_any_depth_is_delivered_or_isolated(config, depth):
    """One that can be read but not written again would block all behind it."""
    root = config.recovery.outbox_root
    root.mkdir(parents=True)
    deep = '{"replay_ref": "deep", "family": "RECORD", "payload": %s}' % ("[" * depth + "]" * depth)
    (root / "failed_deliveries.jsonl").write_text(f"{deep}\n{json.dumps(entry(1))}\n")

    class Choosy(Sink):
        def capture(self, *, family, payload):
            if payload != 1:
                raise RuntimeError("refused")
            self.received.append(payload)

    sink = Choosy()
    results = [replay_outbox(config, sinks=[sink]) for _ in range(3)]

    assert sink.received == [1]
    assert results[-1].pending_count == 0
    assert len(list_dead_letters(config)) == 1


def test_attempts_may_be_null(config):
    root = config.recovery.outbox_root
    root.mkdir(parents=True)
    (root / "failed_deliveries.jsonl").write_text(json.dumps(entry(1, attempts=None)))
    result = replay_outbox(config, sinks=[Sink(failing=(1,))])

    assert result.entries[0].attempts == 1


@pytest.mark.parametrize("name", ["failed_deliveries.jsonl", "dead_letter.jsonl", "journal.jsonl"])
def test_a_pipe_in_place_of_a_file_is_refused_at_once(config, name):
    """Opening it to read would wait for ever."""
    import os

    from contexta.recovery import ReplayError

    root = config.recovery.outbox_root
    append_entry(root, entry(1))
    (root / name).unlink(missing_ok=True)
    os.mkfifo(root / name)
    with pytest.raises(ReplayError) as caught:
        replay_outbox(config, sinks=[Sink(failing=(1,))], dead_letter_after_failures=1)

    assert caught.value.details["path"].endswith(name)
