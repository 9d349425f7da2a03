"""Archives and encrypted backups are restored as folders are; progress can be watched."""

import itertools

import pytest

from contexta.recovery import (
    RestoreError,
    create_key_file,
    create_workspace_backup,
    plan_restore,
    plan_workspace_backup,
    rehearse_restore,
    restore_workspace,
)

FORMS = list(itertools.product(["directory", "archive"], [False, True]))


def back_up(config, form, key):
    return create_workspace_backup(config, plan_workspace_backup(config, form=form), key_file=key)


def key_of(tmp_path, sealed):
    if not sealed:
        return None
    path = tmp_path / "backup.key"
    create_key_file(path)
    return path


@pytest.mark.parametrize(("form", "sealed"), FORMS)
def test_every_form_is_previewed_rehearsed_and_restored(
    config, workspace, populate, contents, tmp_path, form, sealed
):
    """What a plan tells and what a restore brings do not depend on the form of the backup."""
    before = contents(workspace)
    key = key_of(tmp_path, sealed)
    ref = back_up(config, form, key).backup_ref
    populate(workspace, "second")

    rehearsal = rehearse_restore(config, ref, answers=lambda side: {"x": 1}, key_file=key)
    plan = plan_restore(config, ref, key_file=key)
    result = restore_workspace(config, plan, key_file=key)

    assert (rehearsal.status, rehearsal.question_count) == ("SUCCESS", 1)
    assert (plan.backup_ref, plan.preview.vanishing_runs) == (ref, ("run:p.second",))
    assert (result.status, result.applied, contents(workspace)) == ("SUCCESS", True, before)


def test_a_project_comes_out_of_an_encrypted_archive(config, workspace, contents, tmp_path):
    before = contents(workspace)
    key = key_of(tmp_path, True)
    ref = back_up(config, "archive", key).backup_ref
    plan = plan_restore(
        config, ref, target_workspace=tmp_path / "new", projects=["p"], key_file=key
    )

    assert restore_workspace(config, plan, key_file=key).applied
    assert contents(tmp_path / "new") == before


def test_progress_is_told_and_ends_at_the_whole(config, workspace):
    ref = back_up(config, "directory", None).backup_ref
    seen = []
    restore_workspace(config, plan_restore(config, ref), progress=seen.append)

    last = {one.phase: one for one in seen}
    assert list(last) == ["stage", "inspect"]
    assert last["stage"].done_files == last["stage"].total_files > 5
    assert last["stage"].done_bytes == last["stage"].total_bytes > 0


@pytest.mark.parametrize("phase", ["stage", "inspect"])
def test_an_exception_of_the_callback_leaves_the_target_as_it_was(
    config, workspace, populate, contents, phase
):
    """Whoever watches can stop the work at any time."""
    ref = back_up(config, "directory", None).backup_ref
    populate(workspace, "second")
    before = contents(workspace)

    def stop(progress):
        if progress.phase == phase:
            raise LookupError(phase)

    with pytest.raises(LookupError, match=phase):
        restore_workspace(config, plan_restore(config, ref), progress=stop)

    assert contents(workspace) == before
    assert [path.name for path in workspace.parent.iterdir()] == [workspace.name]


def test_a_plane_that_was_absent_is_said_to_be_absent_and_is_not_made(
    config, root, open_stores, tmp_path
):
    """Verifying used to create the stores that it then counted as empty."""
    from contexta.store.metadata import MetadataStore, MetadataStoreConfig

    database = root / "metadata" / "ledger.sqlite"
    database.parent.mkdir(parents=True)
    with MetadataStore(MetadataStoreConfig(database_path=database)):
        pass
    plan = plan_workspace_backup(config)
    ref = create_workspace_backup(config, plan).backup_ref

    checked = restore_workspace(config, plan_restore(config, ref, verify_only=True))
    restored = restore_workspace(
        config, plan_restore(config, ref, target_workspace=tmp_path / "new")
    )

    absent = {"plane_absent:records", "plane_absent:artifacts"}
    assert absent <= set(checked.notes)
    assert restored.applied
    assert sorted(path.name for path in (tmp_path / "new").iterdir() if path.is_dir()) == [
        "metadata"
    ]


def test_the_wrong_key_touches_nothing(config, workspace, contents, tmp_path):
    before = contents(workspace)
    ref = back_up(config, "directory", key_of(tmp_path, True)).backup_ref
    plan = plan_restore(config, ref, key_file=tmp_path / "backup.key")
    create_key_file(tmp_path / "other.key")

    for key, code in (
        (tmp_path / "other.key", "recovery_key_wrong"),
        (tmp_path / "none.key", "recovery_key_missing"),
    ):
        with pytest.raises(RestoreError) as caught:
            restore_workspace(config, plan, key_file=key)
        assert caught.value.code == code
    assert contents(workspace) == before
