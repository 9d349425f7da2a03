"""A workspace folder that is damaged where it lies."""

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3]
KILLED_WRITER = """
import os, sys
from pathlib import Path
from conftest import Stores
from contexta.contract import Run
from contexta.store.records import RecordStore, RecordStoreConfig
root = Path(sys.argv[1])
stores = Stores(root)
stores.records = RecordStore(RecordStoreConfig(root / "records", durability_mode="fsync"))
writer = stores.records.writer().writer_id
stores.metadata.runs.create_run(
    Run(run_ref="run:p.killed", project_ref="project:p", name="killed", status="open",
        started_at="2026-01-01T00:00:00.000000Z"),
    writer_id=writer,
)
for number in range(50):
    stores.add_event("killed", number)
print(writer, flush=True)
os.kill(os.getpid(), 9)
"""


def snapshot(root):
    """Every file with its content; those that merely reading a database makes are left out."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }


@pytest.fixture
def killed(damaged):
    """The workspace after a process died in it; returns the folder of its segments."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WRITER, str(damaged)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return damaged / "records" / "_wal" / done.stdout.strip()


def test_everything_is_taken_that_reads(damaged, target, run_salvage, look):
    (damaged / "reports").mkdir(exist_ok=True)
    (damaged / "reports" / "mine.html").write_text("report")
    (damaged / "recovery" / "outbox").mkdir(parents=True)
    (damaged / "recovery" / "outbox" / "failed_deliveries.jsonl").write_text("{}\n")
    (damaged / "recovery" / "backups" / "old").mkdir(parents=True)
    (damaged / "recovery" / "backups" / "old" / "manifest.json").write_text("{}")
    (damaged / "cache").mkdir(exist_ok=True)
    (damaged / "cache" / "made").write_text("again")
    before = snapshot(damaged)

    result = run_salvage(damaged)
    found = look(target)

    assert (result.status, result.lost, found.errors) == ("SUCCESS", (), [])
    assert (len(found.records), len(found.artifacts)) == (86, 4)
    assert (target / "reports" / "mine.html").read_text() == "report"
    assert (target / "recovery" / "outbox" / "failed_deliveries.jsonl").read_text() == "{}\n"
    assert not (target / "recovery" / "backups").exists()
    assert not (target / "cache").exists()
    assert snapshot(damaged) == before


@pytest.mark.parametrize(
    ("place", "how"),
    [
        ("metadata/ledger.sqlite", "cut"),
        ("records/_parts.jsonl", "deleted"),
        ("records/metric/project=p/part-*.parquet", "cut"),
        ("workspace.json", "deleted"),
    ],
)
def test_what_is_damaged_does_not_cost_the_rest(
    place, how, damaged, target, run_salvage, look, spoil
):
    spoil(sorted(damaged.glob(place))[0], how)

    result = run_salvage(damaged)
    found = look(target)

    assert found.errors == []
    assert set(found.runs) == {"run:p.first", "run:p.second"}
    counts = [item.count or 0 for item in result.lost if item.plane == "records"]
    assert len(found.records) + sum(counts) == 86


def test_what_a_killed_process_left_is_taken(killed, damaged, target, run_salvage, look):
    result = run_salvage(damaged)
    found = look(target)

    assert (result.status, len(found.records)) == ("SUCCESS", 136)
    assert found.runs["run:p.killed"].status == "open"


def test_lost_segments_are_named_in_the_runs_of_their_writer(
    killed, damaged, target, run_salvage, look
):
    """The ledger tells which run the dead writer had open."""
    for segment in killed.glob("*.seg"):
        segment.unlink()

    result = run_salvage(damaged)
    found = look(target)

    (item,) = result.lost
    assert (item.plane, item.reason, item.count) == ("records", "segment_lost", 50)
    assert item.run_refs == ("run:p.killed",)
    assert not item.certain
    assert found.noted(item.place) == {"run:p.killed"}
    assert found.errors == []


def test_damage_inside_a_segment_costs_the_record_there(
    killed, damaged, target, run_salvage, look, spoil
):
    (segment,) = killed.glob("*.seg")
    spoil(segment, "flipped")

    result = run_salvage(damaged)
    found = look(target)

    (item,) = result.lost
    assert (item.reason, item.count) == ("segment_lost", 1)
    assert "run:p.killed" in item.run_refs
    assert (len(found.records), found.errors) == (135, [])


def test_bookkeeping_is_made_anew(damaged, target, run_salvage, look, spoil):
    for name in ("_sequence.json", "_store.json", "_index.sqlite"):
        path = damaged / "records" / name
        if path.exists():
            spoil(path, "flipped")

    result = run_salvage(damaged)

    assert result.lost == ()
    assert look(target).errors == []


def test_blocks_that_the_disk_does_not_give_are_named_and_left_out(
    damaged, target, run_salvage, look, monkeypatch
):
    """A bad sector in one file: the rest of the file and all others are taken."""
    import contexta.recovery._salvage_take as module

    (bad, *_) = sorted(damaged.glob("records/metric/*/*.parquet"))
    inode, pread = bad.stat().st_ino, os.pread

    def failing(fd, count, offset):
        if os.fstat(fd).st_ino == inode and offset < 100:
            raise OSError(5, "Input/output error")
        return pread(fd, count, offset)

    monkeypatch.setattr(module.os, "pread", failing)
    result = run_salvage(damaged)
    monkeypatch.undo()

    (item,) = result.lost
    assert item.place == bad.relative_to(damaged).as_posix()
    assert item.reason == "unreadable"
    assert (item.count, look(target).errors) == (40, [])


def test_links_are_not_followed(damaged, target, run_salvage, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (damaged / "reports").mkdir(exist_ok=True)
    (damaged / "reports" / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(damaged / "reports" / "pipe")

    result = run_salvage(damaged)

    assert not os.path.lexists(target / "reports" / "link")
    assert result.warnings == ("link_skipped:reports/link", "special_file_skipped:reports/pipe")


def test_planes_outside_of_the_workspace_are_found_by_the_configuration(
    damaged, target, run_salvage, look, session_stores, tmp_path
):
    config = session_stores.config(damaged, backup_root=tmp_path / "none")
    disk = tmp_path / "disk"
    disk.mkdir()
    os.replace(damaged / "records", disk / "records")
    os.replace(damaged / "metadata" / "ledger.sqlite", disk / "my.sqlite")
    config = replace(
        config,
        metadata=replace(config.metadata, database_path=disk / "my.sqlite"),
        records=replace(config.records, root_path=disk / "records"),
    )

    result = run_salvage(damaged, config=config)

    assert (result.status, len(look(target).records)) == ("SUCCESS", 86)


def test_confirmed_ledger_pages_that_are_gone_are_named(damaged, target, run_salvage, look):
    """A flipped bit in the write-ahead log makes SQLite drop what follows without a word."""
    code = KILLED_WRITER.replace("for number in range(50):", "for number in range(1):")
    subprocess.run(
        [sys.executable, "-c", code, str(damaged)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
    )
    log = damaged / "metadata" / "ledger.sqlite-wal"
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)

    result = run_salvage(damaged)

    (item,) = [one for one in result.lost if one.place == "metadata/ledger.sqlite-wal"]
    assert item.reason == "log_damaged"
    assert look(target).errors == []


def test_what_a_backup_still_holds_is_taken_from_there(
    damaged, target, run_salvage, look, spoil, session_stores, template, tmp_path
):
    """Parts by the hash in the log, bodies by their name, bindings by their place."""
    for place in (
        "records/metric/*/*.parquet",
        "records/event/*/*.parquet",
        "artifacts/objects/*/*",
        "artifacts/bindings/*/*.json",
    ):
        first, second, *_ = sorted(damaged.glob(place))
        spoil(first, "cut")
        spoil(second, "deleted")
    config = session_stores.config(tmp_path / "nowhere", backup_root=template.backup.parent)

    result = run_salvage(damaged, config=config)
    found = look(target)

    assert (result.status, result.lost, result.warnings) == ("SUCCESS", (), ())
    assert sum(note.startswith("supplied:") for note in result.notes) == 8
    assert (found.errors, len(found.records), len(found.artifacts)) == ([], 86, 4)
    assert set(found.gaps.values()) == {0}


def test_a_workspace_that_is_being_written_is_taken_as_it_is(
    damaged, target, run_salvage, look, session_stores
):
    """Every record that was confirmed before is taken, and the writer goes on undisturbed."""
    with session_stores.open(damaged) as stores:
        stores.add_run("going")
        for number in range(20):
            stores.add_event("going", number)

        result = run_salvage(damaged)

        stores.add_run("later")
        stores.add_event("later", 1)

    found = look(target)
    assert (result.status, found.errors, len(found.records)) == ("SUCCESS", [], 106)
    with session_stores.open(damaged) as stores:
        assert len(list(stores.records.scan())) == 107
        assert stores.metadata.check_integrity(full=True).ok


def test_an_artifact_that_was_removed_does_not_come_back(
    damaged, target, run_salvage, look, session_stores, template, tmp_path
):
    """A backup has its binding; the tombstone says that it went on purpose."""
    from contexta.store.artifacts import RemovalPolicy

    with session_stores.open(damaged) as stores:
        named = ["artifact:p.first.weights"]
        plan = stores.artifacts.plan_removal(RemovalPolicy(), named_refs=named)
        stores.artifacts.apply_removal_plan(plan, dry_run=False)
    config = session_stores.config(tmp_path / "nowhere", backup_root=template.backup.parent)

    result = run_salvage(damaged, config=config)

    assert "artifact:p.first.weights" not in look(target).artifacts
    assert (result.status, result.notes) == ("SUCCESS", ("bodies_without_artifact:1",))
