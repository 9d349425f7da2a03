"""Where a salvage writes, what it refuses, and that it can be called again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import RestoreError, SalvageResult, salvage

PACKAGE = Path(__file__).parents[3]
# More kills for a thorough run.
KILLS = os.environ.get("RECOVERY_TEST_KILLS", "2")


def refused(run, *arguments, **options):
    with pytest.raises(RestoreError) as caught:
        run(*arguments, **options)
    return caught.value.code


def test_a_target_with_data_is_refused(backup, target, run_salvage):
    target.mkdir()
    (target / "mine").write_text("x")

    assert refused(run_salvage, backup) == "recovery_target_not_empty"
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_an_empty_target_is_filled(backup, target, run_salvage, look):
    target.mkdir()

    assert run_salvage(backup).status == "SUCCESS"
    assert look(target).errors == []


@pytest.mark.parametrize("kind", ["in_source", "above_source", "file", "link", "in_backups"])
def test_a_target_that_cannot_be_is_refused(kind, backup, tmp_path, session_stores):
    config = session_stores.config(tmp_path / "nowhere", backup_root=tmp_path / "kept")
    place = {
        "in_source": backup / "workspace" / "new",
        "above_source": backup.parent,
        "file": tmp_path / "file",
        "link": tmp_path / "link",
        "in_backups": tmp_path / "kept" / "new",
    }[kind]
    if kind == "file":
        place.write_text("x")
    if kind == "link":
        place.symlink_to(tmp_path)

    code = refused(salvage, config, backup, target_workspace=place)

    assert code == "recovery_target_not_replaceable"
    assert not (backup / "workspace" / "new").exists()


def test_calling_again_returns_the_result_again(backup, target, run_salvage):
    """As after a kill behind the rename: the work is done and nothing is done twice."""
    next((backup / "workspace").glob("records/metric/*/*.parquet")).unlink()
    first = run_salvage(backup)
    before = sorted(path for path in target.rglob("*"))

    again = run_salvage(backup)

    assert isinstance(again, SalvageResult)
    assert again.notes == (*first.notes, "already_salvaged")
    assert (again.lost, again.to_dict()["taken"]) == (first.lost, first.to_dict()["taken"])
    assert sorted(path for path in target.rglob("*")) == before


def test_calling_again_keeps_the_name_of_the_target_for_good(backup, target, run_salvage, synced):
    """The first call may have been killed before a power cut could not take it."""
    run_salvage(backup)
    (target.parent / f".{target.name}.salvage").mkdir()  # as a killed call leaves it
    synced.clear()
    run_salvage(backup)

    assert target.parent.stat().st_ino in synced
    assert not list(target.parent.glob(".*"))


def test_the_report_in_the_target_is_the_result(backup, target, run_salvage):
    result = run_salvage(backup)

    report = json.loads((target / "recovery" / "salvage.json").read_text())
    assert report == result.to_dict()


def test_another_source_into_the_same_target_is_refused(backup, damaged, target, run_salvage):
    run_salvage(backup)

    assert refused(run_salvage, damaged) == "recovery_target_not_empty"


def test_nothing_readable_makes_no_target(backup, target, run_salvage):
    shutil.rmtree(backup / "workspace")

    assert refused(run_salvage, backup) == "recovery_nothing_to_salvage"
    assert not target.exists()
    assert sorted(path.name for path in target.parent.iterdir()) == ["alone"]


def test_a_newer_format_is_refused_by_name(backup, target, run_salvage):
    manifest = json.loads((backup / "manifest.json").read_text())
    (backup / "manifest.json").write_text(json.dumps(manifest | {"format_version": 99}))

    assert refused(run_salvage, backup) == "recovery_manifest_invalid"
    assert not target.exists()


def test_a_repair_that_the_disk_refuses_publishes_nothing(backup, target, run_salvage, monkeypatch):
    """The damage would stay in the target, and look like the source's own."""
    import contexta.store.records._repair_part as module
    from contexta.contract.errors import StoreAccessError

    def full(*arguments, **options):
        raise StoreAccessError("The disk is full.", code="store_disk_full")

    next((backup / "workspace").glob("records/metric/*/*.parquet")).unlink()
    monkeypatch.setattr(module, "replace_parts", full)

    assert refused(run_salvage, backup) == "recovery_repair_failed"
    monkeypatch.undo()
    assert [path.name for path in target.parent.iterdir()] == ["alone"]
    assert run_salvage(backup).status == "DEGRADED"


def test_unknown_sources_are_refused(run_salvage, tmp_path):
    assert refused(run_salvage, tmp_path / "absent") == "recovery_backup_not_found"
    assert refused(run_salvage, "absent") == "recovery_backup_not_found"
    assert refused(run_salvage, "../x") == "recovery_invalid_backup_ref"
    with pytest.raises(ValidationError):
        run_salvage(" ")


def test_a_backup_is_found_by_its_name(template, target, session_stores, tmp_path):
    config = session_stores.config(tmp_path / "nowhere", backup_root=template.backup.parent)

    result = salvage(config, template.backup.name, target_workspace=target)

    assert (result.status, result.source) == ("SUCCESS", template.backup)


def test_progress_is_told_and_may_end_the_work(backup, target, run_salvage):
    phases = []

    def note(progress):
        phases.append(progress.phase)

    run_salvage(backup, progress=note)
    shutil.rmtree(target)

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_salvage(backup, progress=stop)

    assert list(dict.fromkeys(phases)) == ["take", "mend"]
    assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == ["alone"]


def test_everything_is_private(backup, target, run_salvage):
    old = os.umask(0)
    try:
        run_salvage(backup)
    finally:
        os.umask(old)

    shared = [path for path in (target, *target.rglob("*")) if path.stat().st_mode & 0o077]
    assert shared == []


def test_killed_at_any_call_there_is_no_target_or_a_whole_one(backup, tmp_path):
    """The source is unchanged, and calling again completes."""
    next((backup / "workspace").glob("records/metric/*/*.parquet")).unlink()
    folder = tmp_path / "kills"
    folder.mkdir()
    script = PACKAGE / "tests" / "unit" / "kill_salvage.py"

    done = subprocess.run(
        [sys.executable, str(script), str(backup), str(folder), KILLS],
        env={**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{script.parent}"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= int(KILLS) * 0.75
