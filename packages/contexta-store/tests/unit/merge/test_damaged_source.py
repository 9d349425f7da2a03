"""A source that is damaged, torn or half there: what is readable comes, the rest is told."""

import shutil
import sqlite3
from contextlib import closing

from contexta.store.merge import merge_workspaces
from contexta.store.records._layout import Layout
from contexta.store.records._parts_log import read_log

T = "2026-01-01T00:00:00Z"


def flip(path, at):
    """Flip a bit."""
    path.chmod(0o600)
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x10
    path.write_bytes(raw)


def parts(workspace):
    """Paths of all parts, by their first number."""
    found = read_log(Layout(workspace.root / "records")).parts.values()
    ordered = sorted(found, key=lambda part: part.first_sequence)
    return [workspace.root / "records" / part.path for part in ordered]


def test_damaged_part(workspace):
    """Of two parts one is damaged: the other comes, and the loss is known in the target."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    a.run("y")
    flip(parts(a)[0], 200)

    report = merge_workspaces(a.root, b.root)

    assert {"run:p.y": [0, 1, 2]} == b.points_of()
    assert {"run:p.x", "run:p.y"} == set(b.runs())
    assert 3 == report.missing_records
    assert any(one.plane == "records" for one in report.damage)
    with b.open() as planes:
        gaps = [(gap.start_sequence, gap.end_sequence) for gap in planes.records.damage()]
    assert [(1, 3)] == gaps


def test_gap_is_told_once_and_filled(workspace, tmp_path):
    """A known loss comes over once; a whole copy of the source fills it later."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    a.run("y")
    shutil.copytree(a.root, tmp_path / "whole")
    flip(parts(a)[0], 200)
    merge_workspaces(a.root, b.root)
    again = merge_workspaces(a.root, b.root)

    filled = merge_workspaces(tmp_path / "whole", b.root)

    assert 0 == again.missing_records
    assert 3 == filled.counts["records"]["metric"].new
    assert {"run:p.x": [0, 1, 2], "run:p.y": [0, 1, 2]} == b.points_of()
    with b.open() as planes:
        damage = planes.records.damage()
    assert () == damage


def test_erased_records_are_known_as_erased(workspace):
    """What the source erased is erased in the target: no gap, and told once."""
    a, b = workspace("a"), workspace("b")
    gone = a.run("x")
    a.run("y")
    with a.open() as planes:
        planes.records.apply_erasure(planes.records.plan_erasure(run_refs=[gone]))

    first = merge_workspaces(a.root, b.root)
    second = merge_workspaces(a.root, b.root)

    assert (3, 0) == (first.erased_records, second.erased_records)
    with b.open() as planes:
        told = [(one.count, one.reason) for one in planes.records.erased()]
        assert planes.records.check_integrity().issues == ()
    assert [(3, "merge")] == told


def test_torn_tail_of_a_dead_writer(workspace):
    """The segment of a machine that died is read up to its last whole record."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    segment = a.root / "records" / "_wal" / ("ab" * 16) / "1.seg"
    with a.open() as planes:
        a.points(planes, "run:p.x", 4, first=3)
        live = next((a.root / "records" / "_wal").glob("*/*.seg"))
        raw = live.read_bytes()
        name = live.parent.name
    folder = segment.parent.parent / name
    folder.mkdir(exist_ok=True)
    for part in parts(a)[1:]:
        part.unlink()
    log = a.root / "records" / "_parts.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:1]))
    (folder / live.name).write_bytes(raw[:-5])

    merge_workspaces(a.root, b.root)

    assert {"run:p.x": [0, 1, 2, 3, 4, 5]} == b.points_of()


def test_damaged_rows_of_the_ledger(workspace):
    """A damaged run does not come, its records do; other runs are unaffected."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    a.run("y")
    with closing(sqlite3.connect(a.root / "metadata" / "ledger.sqlite")) as connection:
        connection.execute("UPDATE ledger_runs SET name = 'z' WHERE ref = 'run:p.x'")
        connection.commit()

    report = merge_workspaces(a.root, b.root)

    assert {"run:p.y": "completed"} == b.runs()
    assert {"run:p.x": [0, 1, 2], "run:p.y": [0, 1, 2]} == b.points_of()
    assert "metadata_row_damaged" in {one.code for one in report.damage}
    assert ["parent_missing"] == [one.code for one in report.skipped]


def test_ledger_that_is_no_database(workspace):
    """Records and artifacts come although the ledger is unreadable."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    b.run("x", points=1)
    (a.root / "metadata" / "ledger.sqlite").write_bytes(b"rubbish" * 1000)

    report = merge_workspaces(a.root, b.root)

    assert {"run:p.x": [0], "run:p.x-2": [0, 1, 2]} == b.points_of()
    assert {"artifact:p.x-2.model": b"of x"} == b.bodies()
    assert ["metadata"] == [one.plane for one in report.damage]


def test_a_log_of_another_moment(workspace):
    """A ledger and a log that were copied at different moments: the ledger alone is read."""
    a, b = workspace("a"), workspace("b")
    a.run("x", params={"text": "t" * 5000})
    ledger = a.root / "metadata" / "ledger.sqlite"
    log = a.root / "metadata" / "ledger.sqlite-wal"
    earlier = ledger.read_bytes()
    for number in range(20):
        a.run(f"more-{number}", points=1, params={"text": "t" * 5000})
    with a.open() as planes:
        for number in range(20):
            planes.metadata.runs.update_tags(f"run:p.more-{number}", {"tag": "t" * 3000})
        later = log.read_bytes()
    ledger.write_bytes(earlier)
    log.write_bytes(later)

    report = merge_workspaces(a.root, b.root)

    assert {"run:p.x": "completed"} == b.runs()
    assert 21 == len(b.points_of())
    assert "metadata_log_left_out" in {one.code for one in report.damage}


def test_damaged_body(workspace):
    """A damaged body is not taken; the others are."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"first")
    a.run("y", artifact=b"second")
    for path in (a.root / "artifacts" / "objects").rglob("*"):
        if path.is_file() and path.read_bytes() == b"first":
            flip(path, 0)

    report = merge_workspaces(a.root, b.root)

    assert {"artifact:p.y.model": b"second"} == b.bodies()
    assert [("artifact:p.x.model", "body_missing")] == [one[:2] for one in report.skipped]


def test_workspace_with_nothing_in_it(workspace):
    """A workspace that holds only its mark merges to nothing."""
    a, b = workspace("a"), workspace("b")
    for name in ("metadata", "records", "artifacts"):
        shutil.rmtree(a.root / name)

    assert merge_workspaces(a.root, b.root).is_empty


def test_read_only_source(workspace):
    """A source on which nothing may be written merges as any other."""
    a, b = workspace("a"), workspace("b")
    a.run("x", artifact=b"of x")
    paths = [a.root, *a.root.rglob("*")]
    for path in paths:
        path.chmod(path.stat().st_mode & 0o555)

    try:
        merge_workspaces(a.root, b.root)
    finally:
        for path in paths:
            path.chmod(path.stat().st_mode | 0o200)

    assert {"run:p.x": [0, 1, 2]} == b.points_of()
