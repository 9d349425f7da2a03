"""kill -9 before each changing system call of a compaction and of an erasure."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq  # loaded once, so that forked processes start at once
import pytest

from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
from contexta.store.records import _catalogue as catalogue_module
from contexta.store.records import _journal as journal_module
from contexta.store.records._catalogue import replace_parts
from contexta.store.records._layout import Layout
from contexta.store.records._parts_log import read_log

PROJECTS = ("demo", "other")


def settings(root, **more):
    return RecordStoreConfig(root, durability_mode="flush", compact_small_parts=False, **more)


def fill(root):
    """Three parts in each of two projects."""
    with RecordStore(settings(root)) as store:
        for number in range(3):
            for project in PROJECTS:
                context = SeriesContext(f"run:{project}.r{number}", project)
                series = store.writer().define_series(context, "loss")
                for step in range(4):
                    store.writer().append_point(series, step, step / 8, step)
            store.seal()


def compact(root):
    with RecordStore(settings(root)) as store:
        store.compact(full=True)


def erase(root):
    """Remove the oldest part of each project."""
    layout = Layout(Path(root))
    parts = read_log(layout).parts.values()
    old = [min((p for p in parts if p.project == name), key=first) for name in PROJECTS]
    ranges = [(part.first_sequence, part.last_sequence) for part in old]
    replace_parts(layout, old=old, new=[], reason="erasure", erased=ranges)


def first(part):
    return part.first_sequence


def compact_one_by_one(root):
    """As on a file system that cannot exchange two names."""
    journal_module.exchange = catalogue_module.exchange = lambda first, second: False
    compact(root)


def compact_and_move_the_disk(root):
    """As when the kill, or the rest of the work, happens where folders cannot be exchanged."""
    journal_module.exchange = lambda first, second: False
    compact(root)


def by_glob(root):
    """Read as a stranger does: every file that the folders show."""
    found = []
    for path in sorted(root.glob("metric/*/*.parquet")):
        found += pq.read_table(path, columns=["sequence"])["sequence"].to_pylist()
    return sorted(found)


def by_store(root, *, read_only):
    with RecordStore(settings(root, read_only=read_only)) as store:
        rows = store.arrow("metric", columns=["sequence"])["sequence"].to_pylist()
        report = store.check_integrity()
        # Erasing through the catalogue alone leaves no line about who asked for it.
        issues = [i.message for i in report.issues if i.code != "audit_line_damaged"]
        return rows, report.record_count, issues


ALL = list(range(1, 25))
KEPT = list(range(9, 25))


@pytest.mark.parametrize(
    ("work", "outcomes", "glob_may_double", "least"),
    [
        (compact, (ALL,), False, 100),
        (compact_one_by_one, (ALL,), True, 100),
        (compact_and_move_the_disk, (ALL,), True, 100),
        (erase, (ALL, KEPT), False, 30),
    ],
)
def test_a_kill_between_two_steps_leaves_all_old_or_all_new_for_every_reader(
    tmp_path, killed_before, kill_numbers, work, outcomes, glob_may_double, least
):
    """Our reader is right before anybody repairs, a plain glob too; the next open completes."""
    source = tmp_path / "source"
    fill(source)
    wrong = {}
    for number in kill_numbers(17):
        root = tmp_path / str(number)
        shutil.copytree(source, root)
        killed = killed_before(number, work, root, also=[(journal_module, "exchange")])
        glob_between = by_glob(root)
        rows, count, issues = by_store(root, read_only=True)
        after = by_store(root, read_only=False)
        fine = (
            rows in outcomes
            and (count, issues) == (len(rows), [])
            and (glob_may_double or len(outcomes) > 1 or glob_between == rows)
            and after[0] in outcomes
            and (after[0] == rows or after[0] == outcomes[-1])
            and after[1:] == (len(after[0]), [])
            and by_glob(root) == after[0]
            and not (root / "_replace.json").exists()
        )
        if not fine:
            wrong[number] = (rows, count, issues, glob_between, after, by_glob(root))
        shutil.rmtree(root)
        if not killed:
            break

    assert wrong == {}
    assert number > least
