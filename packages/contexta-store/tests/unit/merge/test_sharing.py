"""Merges beside writers, beside other merges, and of what only some planes know."""

import threading

import pyarrow.parquet as pq
import pytest

from contexta.contract.errors import ConfigurationError, IntegrityError
from contexta.store.merge import merge_workspaces
from contexta.store.metadata import MetadataStoreConfig
from contexta.store.records._layout import Layout
from contexta.store.records._parts_log import read_log

T = "2026-01-01T00:00:00Z"


def test_two_merges_at_once_follow_each_other(workspace):
    """Four threads merge six workspaces into one: all is there once, nobody fails."""
    home = workspace("home")
    sources = [workspace(f"w{number}") for number in range(6)]
    for number, one in enumerate(sources):
        one.run("train", points=2, first=number * 10)
    failures = []

    def work(mine):
        try:
            for one in mine:
                merge_workspaces(one.root, home.root)
        except Exception as error:
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(chosen,))
        for chosen in (sources[:3], sources[3:], sources[1:4], sources[::2])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert [[n * 10, n * 10 + 1] for n in range(6)] == sorted(home.points_of().values())


def test_the_target_may_be_written_to(workspace):
    """Numbers of a living writer and of merged records never meet."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    b.run("y")
    with b.open() as planes:
        b.points(planes, "run:p.y", 2, first=3)
        merge_workspaces(a.root, b.root)
        b.points(planes, "run:p.y", 2, first=5)

    assert {"run:p.x": [0, 1, 2], "run:p.y": [0, 1, 2, 3, 4, 5, 6]} == b.points_of()
    with b.open() as planes:
        numbers = [one.sequence for one in planes.records.scan()]
        issues = planes.records.check_integrity().issues
    assert len(numbers) == len(set(numbers))
    assert () == issues


def test_the_source_may_be_written_to(workspace):
    """Records in an open segment come, and what is written later comes the next time."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    with a.open() as planes:
        a.points(planes, "run:p.x", 2, first=3)
        merge_workspaces(a.root, b.root)
        first = b.points_of()
        a.points(planes, "run:p.x", 2, first=5)
    merge_workspaces(a.root, b.root)

    assert {"run:p.x": [0, 1, 2, 3, 4]} == first
    assert {"run:p.x": [0, 1, 2, 3, 4, 5, 6]} == b.points_of()


def test_records_of_runs_that_no_ledger_knows(workspace):
    """Such a run keeps its ref where that is free, and gets the same one each time."""
    a, b, c = workspace("a"), workspace("b"), workspace("c")
    for one, first in ((a, 0), (b, 10)):
        with one.open() as planes:
            one.points(planes, "run:p.x", 2, first=first)
    merge_workspaces(a.root, c.root)
    merge_workspaces(b.root, c.root)
    with b.open() as planes:
        b.points(planes, "run:p.x", 1, first=12)

    merge_workspaces(b.root, c.root)
    merge_workspaces(c.root, b.root)

    assert {"run:p.x": [0, 1], "run:p.x-2": [10, 11, 12]} == c.points_of()
    assert [[0, 1], [10, 11, 12]] == sorted(b.points_of().values())


def test_a_row_that_comes_after_its_records(workspace):
    """A run whose records came first, under another name, finds them."""
    a, b = workspace("a"), workspace("b")
    b.run("x", points=1)
    with a.open() as planes:
        a.points(planes, "run:p.x", 2)
    merge_workspaces(a.root, b.root)
    a.run("x", points=1, first=2)

    merge_workspaces(a.root, b.root)

    assert {"run:p.x": [0], "run:p.x-2": [0, 1, 2]} == b.points_of()
    assert ["run:p.x", "run:p.x-2"] == sorted(b.runs())


def test_damaged_target_is_refused(workspace):
    """Who cannot tell what the target has does not add to it."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    b.run("y")
    path = b.root / "records" / "_parts.jsonl"
    path.write_bytes(b"?" + path.read_bytes()[1:])

    with pytest.raises(IntegrityError) as caught:
        merge_workspaces(a.root, b.root)

    assert "merge_target_damaged" == caught.value.code
    assert ["run:p.y"] == list(b.runs())


def test_a_ledger_elsewhere_has_to_be_named(workspace, tmp_path):
    """A target whose ledger is not in its folder is refused, unless told where it is."""
    a, b = workspace("a"), workspace("b")
    a.run("x")
    b.run("x")
    (b.root / "metadata" / "ledger.sqlite").rename(tmp_path / "elsewhere.sqlite")

    with pytest.raises(ConfigurationError) as caught:
        merge_workspaces(a.root, b.root)
    ledger = MetadataStoreConfig(database_path=tmp_path / "elsewhere.sqlite")
    report = merge_workspaces(a.root, b.root, target_ledger=ledger)

    assert "merge_target_ledger_missing" == caught.value.code
    assert [("run:p.x", "run:p.x-2")] == [tuple(one) for one in report.renames]


def test_folders_come_whole_or_not(workspace, tmp_path):
    """A folder artifact comes with all its files; one that lacks a file does not come."""
    a, b = workspace("a"), workspace("b")
    run = a.run("x")
    for name in ("whole", "torn"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "one").write_bytes(f"1 of {name}".encode())
        (folder / "two").write_bytes(f"2 of {name}".encode())
        with a.open() as planes:
            a.artifact(planes, run, folder, name)
    for path in (a.root / "artifacts" / "objects").rglob("*"):
        if path.is_file() and path.read_bytes() == b"2 of torn":
            path.unlink()

    report = merge_workspaces(a.root, b.root)

    with b.open() as planes:
        assert ("artifact:p.x.whole",) == tuple(planes.artifacts.list_refs())
    assert [] == b.issues()
    assert [("artifact:p.x.torn", "body_missing")] == [one[:2] for one in report.skipped]


def test_compacted_sources_come_as_well(workspace):
    """Parts of many runs and writers, compacted, are split, renamed and put in order again."""
    a, b = workspace("a"), workspace("b")
    for number in range(6):
        a.run("x", points=3, first=number * 10)
        with a.open() as planes:
            a.points(planes, "run:p.x", 1, first=3 + number)
    with a.open() as planes:
        planes.records.compact(full=True)
    b.run("x", points=1)
    expected = a.points_of()

    merge_workspaces(a.root, b.root)
    with b.open() as planes:
        planes.records.compact(full=True)

    found = b.points_of()
    assert [0] == found.pop("run:p.x")
    assert sorted(expected.values()) == sorted(found.values())
    assert [0, 1, 2, 3, 4, 5, 6, 7, 8] == found["run:p.x-7"]


def test_a_copy_from_the_middle_of_a_merge_is_not_believed(workspace, tmp_path):
    """Merged parts without the ledger line about them are left out, and told."""
    a, b, c = workspace("a"), workspace("b"), workspace("c")
    a.run("x")
    b.run("y")
    merge_workspaces(a.root, b.root)
    ledger = b.root / "records" / "_merged.jsonl"
    whole = ledger.read_bytes()
    ledger.unlink()

    report = merge_workspaces(b.root, c.root)
    partial = c.points_of()
    ledger.write_bytes(whole)
    merge_workspaces(b.root, c.root)
    merge_workspaces(a.root, c.root)

    assert ["merge_origin_unknown"] == [one.code for one in report.damage]
    assert {"run:p.y": [0, 1, 2]} == partial
    assert {"run:p.x": [0, 1, 2], "run:p.y": [0, 1, 2]} == c.points_of()


def test_large_parts_are_sorted_in_pieces(workspace, monkeypatch):
    """Renamed runs of a part that does not fit into memory come in storage order all the same."""
    monkeypatch.setattr("contexta.store.merge._record_parts.batch_rows", lambda count: 4)
    a, b = workspace("a"), workspace("b")
    for name in ("x-1b", "x", "y"):
        a.run(name, points=9)
    with a.open() as planes:
        planes.records.compact(full=True)
    b.run("x", points=1)

    merge_workspaces(a.root, b.root)

    entries = read_log(Layout(b.root / "records")).parts.values()
    part = max(entries, key=lambda entry: entry.rows)
    runs = pq.read_table(b.root / "records" / part.path, columns=["run_ref"])["run_ref"].to_pylist()
    assert sorted(["run:p.x-1b", "run:p.x-2", "run:p.y"] * 9) == runs
    assert list(range(9)) == b.points_of()["run:p.x-2"]
