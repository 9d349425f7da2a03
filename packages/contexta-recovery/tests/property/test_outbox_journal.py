"""Decisions can be applied again, in part and by halves, and always lead to the same queue."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.recovery._outbox_journal import (
    Decision,
    apply_to_dead,
    apply_to_waiting,
    letter_ref_of,
)
from contexta.recovery._outbox_lines import all_different, digest_of

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = st.integers(0, 5)


def line_of(number, **more):
    return json.dumps({"n": number, **more}, sort_keys=True, separators=(",", ":")).encode()


@st.composite
def histories(draw):
    """A queue, dead letters, and decisions as replays and operators make them."""
    waiting = all_different([line_of(n) for n in draw(st.lists(NAMES, max_size=6))])
    dead = [line_of(n, letter_ref=f"old-{n}") for n in draw(st.sets(NAMES, max_size=3))]
    now_waiting, now_dead, decisions = list(waiting), list(dead), []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["ack", "retry", "bury", "revive", "discard"]))
        if kind in ("ack", "retry", "bury") and now_waiting:
            line = now_waiting.pop(draw(st.integers(0, len(now_waiting) - 1)))
            new = line_of(number, step=number)
            letter = {"letter_ref": f"dead-{number}"}
            decisions.append(
                {
                    "ack": Decision(done=digest_of(line)),
                    "retry": Decision(done=digest_of(line), line=new.decode()),
                    "bury": Decision(done=digest_of(line), letter=letter),
                }[kind]
            )
            now_waiting += [new] if kind == "retry" else []
            now_dead += [line_of_letter(letter)] if kind == "bury" else []
        elif kind in ("revive", "discard") and now_dead:
            line = now_dead.pop(draw(st.integers(0, len(now_dead) - 1)))
            new = line_of(number, step=number, revived=True)
            text = new.decode() if kind == "revive" else None
            decisions.append(Decision(gone=letter_ref_of(line), line=text))
            now_waiting += [new] if kind == "revive" else []
    return waiting, dead, decisions, now_waiting, now_dead


def line_of_letter(letter):
    return json.dumps(letter, sort_keys=True, separators=(",", ":")).encode()


@UNHURRIED
@given(histories())
def test_decisions_lead_to_the_queue_that_was_decided(history):
    waiting, dead, decisions, now_waiting, now_dead = history

    assert apply_to_waiting(waiting, decisions) == now_waiting
    assert sorted(apply_to_dead(dead, decisions)) == sorted(now_dead)


@UNHURRIED
@given(histories())
def test_applying_them_again_changes_nothing(history):
    """A kill between the rewriting of the files and the removal of the journal."""
    waiting, dead, decisions, _, _ = history
    once = apply_to_waiting(waiting, decisions)
    letters = apply_to_dead(dead, decisions)

    assert apply_to_waiting(once, decisions) == once
    assert sorted(apply_to_dead(letters, decisions)) == sorted(letters)


@UNHURRIED
@given(histories(), st.data())
def test_a_journal_that_was_applied_in_part_can_go_on(history, data):
    """A file was rewritten after some of the decisions, then more came, then all were applied."""
    waiting, dead, decisions, now_waiting, now_dead = history
    cut = data.draw(st.integers(0, len(decisions)))
    early = apply_to_waiting(waiting, decisions[:cut])
    letters = apply_to_dead(dead, decisions[:cut])

    assert sorted(apply_to_waiting(early, decisions)) == sorted(now_waiting)
    assert sorted(apply_to_dead(letters, decisions)) == sorted(now_dead)


@UNHURRIED
@given(histories())
def test_a_decision_survives_its_line(history):
    _, _, decisions, _, _ = history

    assert [Decision.from_line(one.to_line()) for one in decisions] == decisions


@UNHURRIED
@given(histories(), st.data())
def test_a_line_cut_or_changed_is_no_decision(history, data):
    """Only what was decided whole counts."""
    _, _, decisions, _, _ = history
    for decision in decisions:
        line = decision.to_line()
        place = data.draw(st.integers(0, len(line) - 1))
        changed = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        read = Decision.from_line(changed)

        assert Decision.from_line(line[:place]) is None
        assert read in (None, decision)
