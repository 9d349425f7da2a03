import os
from contextlib import suppress

import pytest

import contexta.recovery._swap as swap_module
from contexta.recovery import RestoreError
from contexta.recovery._swap import Swap, finish_swaps, run_swaps


def tree(tmp_path, *names):
    work = tmp_path / ".work"
    work.mkdir()
    swaps = []
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "state").write_text("old")
        new = work / f"new-{name}"
        new.mkdir()
        (new / "state").write_text("new")
        swaps.append(Swap.of(new, tmp_path / name, work / f"old-{name}"))
    return work, swaps


def states(tmp_path, *names):
    return [(tmp_path / name / "state").read_text() for name in names]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("survived", range(8))
def test_killed_at_any_rename_a_second_run_leaves_all_old_or_all_new(
    tmp_path, monkeypatch, atomic, survived
):
    work, swaps = tree(tmp_path, "a", "b", "c")
    if not atomic:
        monkeypatch.setattr(swap_module, "exchange", lambda first, second: False)
    calls = iter(range(100))

    def dying(function):
        def call(*arguments):
            if next(calls) >= survived:
                raise Killed
            return function(*arguments)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(swap_module, "exchange", dying(swap_module.exchange))
        patch.setattr(swap_module.os, "replace", dying(os.replace))
        with suppress(Killed):
            run_swaps(work, swaps)

    finished = finish_swaps(work)

    assert states(tmp_path, "a", "b", "c") == (["new"] * 3 if finished else ["old"] * 3)


def test_a_finished_swap_stays_finished(tmp_path):
    work, swaps = tree(tmp_path, "a")
    run_swaps(work, swaps)

    assert [finish_swaps(work), finish_swaps(work)] == [True, True]
    assert states(tmp_path, "a") == ["new"]


def test_nothing_begun_means_nothing_done(tmp_path):
    work, _ = tree(tmp_path, "a")

    assert not finish_swaps(work)
    assert states(tmp_path, "a") == ["old"]


def test_a_damaged_journal_is_an_error_not_a_guess(tmp_path):
    (tmp_path / "journal.json").write_text("{")

    with pytest.raises(RestoreError) as caught:
        finish_swaps(tmp_path)

    assert caught.value.code == "recovery_journal_invalid"
