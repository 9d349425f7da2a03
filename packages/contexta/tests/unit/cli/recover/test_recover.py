"""``contexta recover``: replay, outbox, dead letters, salvage, rehearsal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def _damage_one_part(lab: Path) -> None:
    part = next((lab / "records" / "metric").rglob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 64] = b"\0" * 64
    part.chmod(0o600)
    part.write_bytes(data)


def test_replay_keeps_the_keys_of_1_0(call: Call, lab: Path) -> None:
    """The answer has integrity_state, known_gaps, mode, record_count, records and warnings."""
    done = call("recover", "replay", "--format", "json")
    found = json.loads(done.out)

    assert 0 == done.code
    keys = {"integrity_state", "known_gaps", "mode", "record_count", "records", "warnings"}
    assert keys <= set(found)
    assert ("tolerant", "HEALTHY") == (found["mode"], found["integrity_state"])
    assert found["record_count"] == len(found["records"]) > 0


def test_w12_replay_takes_short_names(call: Call, lab: Path) -> None:
    """W12: a short run id and the name of a stage mean what their full refs mean."""
    short = call("recover", "replay", "--run", "day-4", "--stage", "fit", "-f", "json")
    full = call(
        "recover", "replay", "--run", "run:lab.day-4", "--stage", "stage:lab.day-4.fit", "-f",
        "json",
    )  # fmt: skip

    assert 0 < json.loads(short.out)["record_count"]
    assert full.out == short.out


def test_w12_an_unknown_run_is_no_empty_answer(call: Call, lab: Path) -> None:
    """W12: a mistyped run is refused with the nearest instead of 0 records."""
    done = call("recover", "replay", "--run", "day-44")

    assert 1 == done.code
    assert "ERROR [query_run_not_found]" in done.err
    assert "run:lab.day-4" in done.err


def test_replay_counts_by_record_type(call: Call, lab: Path) -> None:
    """A record type filters, and people see the counts."""
    found = json.loads(
        call("recover", "replay", "--record-type", "event", "-f", "json", "--no-records").out
    )
    text = call("recover", "replay", "--record-type", "event").out

    assert "records" not in found
    assert f"event{found['record_count']:>13}" in text


def test_replay_lists_gaps_and_strict_refuses_them(call: Call, lab: Path) -> None:
    """W13: one damaged part is listed in tolerant mode and a coded error in strict mode."""
    _damage_one_part(lab)
    tolerant = call("recover", "replay", "-f", "json")
    strict = call("recover", "replay", "--mode", "strict")

    assert 0 == tolerant.code
    assert json.loads(tolerant.out)["known_gaps"]
    assert 1 == strict.code
    assert "ERROR [record_replay_unhealthy_store]" in strict.err


def test_replay_shows_nothing_raw(call: Call, lab: Path) -> None:
    """Hostile texts of records are escaped in JSON and never printed for people."""
    done = call("recover", "replay", "--record-type", "event", "-f", "json")

    assert "\x1b" not in done.out
    assert "\u202e" not in done.out


class _Refusing:
    name = "board"
    supported_families = ()

    def supports(self, family: object) -> bool:
        return True

    def capture(self, *, family: object, payload: object) -> None:
        raise ConnectionError("down \x1b[2J")


@pytest.fixture
def waiting(lab: Path) -> Path:
    """A lab in whose outbox a delivery waits."""
    from contexta.client import Contexta

    config = {"project_name": "lab", "capture": {"dispatch_failure_mode": "outbox"}}
    with Contexta(workspace=lab, config=config, sinks=[_Refusing()]) as ctx:
        with ctx.run("told") as run:
            run.event("note", message="done")
        ctx.flush()
    return lab


def test_outbox_lists_and_delivers_to_files(call: Call, waiting: Path) -> None:
    """What waits is listed without a raw escape code, and leaves the outbox when delivered."""
    listed = call("recover", "outbox", "list")
    rows = json.loads(call("recover", "outbox", "list", "-f", "json").out)["pending"]
    done = json.loads(call("recover", "outbox", "replay", "--to-files", "-f", "json").out)

    assert {"board"} == {row["sink_name"] for row in rows}
    assert "\x1b" not in listed.out
    assert (len(rows), 0) == (done["acknowledged_count"], done["pending_count"])


def test_outbox_replay_must_be_told_where_to(call: Call, waiting: Path) -> None:
    """Copying payloads to files is no delivery, so it is not the silent default."""
    done = call("recover", "outbox", "replay")

    assert 2 == done.code
    assert "--sink" in done.err


def test_outbox_replay_to_a_sink_that_cannot_be_imported(call: Call, waiting: Path) -> None:
    """A sink that does not exist is a usage error, and everything goes on waiting."""
    before = json.loads(call("recover", "outbox", "list", "-f", "json").out)
    done = call("recover", "outbox", "replay", "--sink", "no.such.module:Sink")

    assert 2 == done.code
    assert before == json.loads(call("recover", "outbox", "list", "-f", "json").out)


def test_dead_letters_are_listed_retried_and_discarded(call: Call, lab: Path) -> None:
    """A line that is no delivery is given up; discarding asks, retrying puts back."""
    outbox = lab / "recovery" / "outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    (outbox / "failed_deliveries.jsonl").write_text("torn {\n")
    call("recover", "outbox", "replay", "--to-files")
    letters = json.loads(call("recover", "dead-letters", "list", "-f", "json").out)["dead_letters"]
    ref = letters[0]["letter_ref"]
    asked = call("recover", "dead-letters", "discard", ref)

    assert 1 == len(letters)
    assert "ERROR [confirmation_required]" in asked.err
    assert 0 == call("recover", "dead-letters", "discard", ref, "--yes").code
    assert "no dead letters" in call("recover", "dead-letters", "list").out
    assert 2 == call("recover", "dead-letters", "retry").code


def test_salvage_makes_a_new_workspace_and_names_losses(call: Call, lab: Path) -> None:
    """A ledger that SQLite cannot read is made anew from the records, and each loss is named."""
    (lab / "metadata" / "ledger.sqlite").write_bytes(b"x" * 8192)
    done = call("recover", "salvage", ".contexta", "--target-workspace", "saved/ws", "-f", "json")
    found = json.loads(done.out)

    assert 0 == done.code, done.err
    assert ("DEGRADED", "rebuilt") == (found["status"], found["ledger_source"])
    assert found["lost"]
    assert "run:lab.day-1" in call("runs", "-w", "saved/ws", "-f", "json").out


def test_salvage_refuses_a_target_with_something_in_it(call: Call, lab: Path) -> None:
    """A salvage never mixes with what is there."""
    Path("full").mkdir()
    Path("full/mine").write_text("x")
    done = call("recover", "salvage", ".contexta", "--target-workspace", "full")

    assert 1 == done.code
    assert "ERROR [recovery_target_not_empty]" in done.err


def test_rehearse_compares_answers(call: Call, lab: Path) -> None:
    """The newest backup is restored to scratch and answers as the workspace does."""
    call("backup", "create")
    done = call("recover", "rehearse", "-f", "json")
    found = json.loads(done.out)

    assert (0, []) == (done.code, found["differences"])
    assert found["question_count"] > found["run_count"] > 0
