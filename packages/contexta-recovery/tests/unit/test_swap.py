import os
from contextlib import suppress

import pytest

import contexta.recovery._swap as swap_module
from contexta.recovery import RestoreError
from contexta.recovery._swap import Swap, finish_swaps, read_journal, run_swaps


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


def finish(work, swaps):
    return finish_swaps(read_journal(work, {swap.places for swap in swaps}))


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

    finished = finish(work, swaps)

    assert states(tmp_path, "a", "b", "c") == (["new"] * 3 if finished else ["old"] * 3)


def test_a_finished_swap_stays_finished(tmp_path):
    work, swaps = tree(tmp_path, "a")
    run_swaps(work, swaps)

    assert [finish(work, swaps), finish(work, swaps)] == [True, True]
    assert states(tmp_path, "a") == ["new"]


def test_nothing_begun_means_nothing_done(tmp_path):
    work, swaps = tree(tmp_path, "a")

    assert not finish(work, swaps)
    assert states(tmp_path, "a") == ["old"]


def test_a_damaged_journal_is_an_error_not_a_guess(tmp_path):
    (tmp_path / "journal.json").write_text("{")

    with pytest.raises(RestoreError) as caught:
        read_journal(tmp_path, ())

    assert caught.value.code == "recovery_journal_invalid"


def test_a_journal_of_other_places_is_not_followed(tmp_path):
    """A journal is a list of renames; one that was planted must not rename anything else."""
    work, swaps = tree(tmp_path, "a", "b")
    run_swaps(work, swaps)

    with pytest.raises(RestoreError) as caught:
        read_journal(work, {swaps[0].places})

    assert caught.value.code == "recovery_journal_invalid"
    assert caught.value.details["strangers"] == [swaps[1].target]


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("failing", range(3))
def test_a_rename_that_fails_undoes_those_before_it(tmp_path, monkeypatch, atomic, failing):
    """An error in the middle leaves everything as it was, not half of it replaced."""
    work, swaps = tree(tmp_path, "a", "b", "c")
    if not atomic:
        monkeypatch.setattr(swap_module, "exchange", lambda first, second: False)

    def refused(first, second, call):
        if str(first) == swaps[failing].new and str(second) == swaps[failing].target:
            raise OSError(16, "Device or resource busy", second)
        return call(first, second)

    exchange, rename = swap_module.exchange, os.replace
    with monkeypatch.context() as patch:
        patch.setattr(swap_module, "exchange", lambda a, b: refused(a, b, exchange))
        patch.setattr(swap_module.os, "replace", lambda a, b: refused(a, b, rename))
        with pytest.raises(OSError, match="busy"):
            run_swaps(work, swaps)

    assert states(tmp_path, "a", "b", "c") == ["old"] * 3
    assert not finish(work, swaps)


def test_what_cannot_be_undone_is_kept_and_finished_later(tmp_path, monkeypatch):
    """A disk that fails twice takes nothing away: both states stay, and the next call goes on."""
    work, swaps = tree(tmp_path, "a", "b")
    monkeypatch.setattr(swap_module, "exchange", lambda first, second: False)
    calls = iter(range(100))

    def failing(first, second):
        if next(calls) >= 3:
            raise OSError(5, "Input/output error", str(second))
        real(first, second)

    real = os.replace
    with monkeypatch.context() as patch:
        patch.setattr(swap_module.os, "replace", failing)
        with pytest.raises(RestoreError) as caught:
            run_swaps(work, swaps)

    assert caught.value.code == "recovery_swap_interrupted"
    assert finish(work, swaps)
    assert states(tmp_path, "a", "b") == ["new", "new"]


def aside(tmp_path, monkeypatch):
    """A swap that was killed when the target was renamed aside."""
    work, swaps = tree(tmp_path, "a")
    run_swaps(work, [])  # an empty journal, replaced by the next
    monkeypatch.setattr(swap_module, "exchange", lambda first, second: False)
    real = os.replace

    def dying(source, target):
        if str(source) in (swaps[0].new, swaps[0].old):
            raise Killed
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(swap_module.os, "replace", dying)
        with suppress(Killed):
            run_swaps(work, swaps)
    return work, swaps


def test_empty_folders_where_the_target_was_are_no_obstacle(tmp_path, monkeypatch):
    """Whoever looked for the target made them; the state beside it is the one that counts."""
    work, swaps = aside(tmp_path, monkeypatch)
    (tmp_path / "a" / "recovery" / "staging").mkdir(parents=True)

    assert finish(work, swaps)
    assert states(tmp_path, "a") == ["new"]


@pytest.mark.parametrize("kind", ["file inside", "file", "link"])
def test_files_where_the_target_was_are_never_removed(tmp_path, monkeypatch, kind):
    """Neither they nor what was renamed aside may be lost: a person decides."""
    work, swaps = aside(tmp_path, monkeypatch)
    target = tmp_path / "a"
    if kind == "link":
        target.symlink_to(work)
    elif kind == "file":
        target.write_text("x")
    else:
        target.mkdir()
        (target / "workspace.json").write_text("x")

    with pytest.raises(RestoreError) as caught:
        finish(work, swaps)

    assert caught.value.code == "recovery_target_reappeared"
    assert os.path.lexists(target)
    assert os.path.lexists(swaps[0].old)
    assert os.path.lexists(swaps[0].new)
