"""The derived index: who writes it, when it is used, what happens without it."""

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contexta.contract.errors import ValidationError
from contexta.store.fs import FileLock
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext, rebuild_indexes
from contexta.store.records._index import INDEX_NAME, forget_parts
from contexta.store.records._layout import Layout
from contexta.store.records._log_write import condense_log

RUNS = [f"run:demo.run-{number}" for number in range(6)]


@pytest.fixture
def filled(store, add_points):
    """Six runs in six parts: a short series and one that is too long to be kept inline."""
    for run in RUNS:
        add_points(store, 10, run=run, key="loss")
        add_points(store, 70, run=run, key="long")
        store.seal()
    return store


@pytest.fixture
def answers():
    """Return everything that the index answers, as one comparable text."""

    def asked(store):
        found = [store.metric_summaries(), store.metric_summaries(RUNS[:1])]
        found += [store.series(RUNS[2], key).to_pylist() for key in ("loss", "long", "none")]
        found += [store.last_values("loss", aggregation=a).to_pylist() for a in ("last", "max")]
        found += [store.record_counts(RUNS[3]), store.run_refs(), store.metric_keys()]
        found.append(store.arrow("metric", run_refs=RUNS[4:5]).to_pylist())
        return repr(found)

    return asked


@pytest.fixture
def plain(open_store):
    """A handle that does without the index."""
    return open_store(enable_indexes=False)


def test_sealing_brings_the_index_up_to_date_privately(filled, root):
    """The file is there before anybody asked, and only its owner may read it."""
    mode = stat.S_IMODE((root / INDEX_NAME).stat().st_mode)

    assert mode == 0o600


def test_answers_come_without_opening_a_part(filled, root, answers):
    """What the index knows is answered also while every part is out of reach."""
    known = filled.metric_summaries(), filled.series(RUNS[0], "loss"), filled.run_refs()
    (root / "metric").rename(root / "_elsewhere")
    with RecordStore(RecordStoreConfig(root)) as store:
        found = store.metric_summaries(), store.series(RUNS[0], "loss"), store.run_refs()
    (root / "_elsewhere").rename(root / "metric")

    assert found == known


def test_sealing_feeds_the_index_also_after_the_log_was_condensed(filled, root, add_points):
    """Though positions in the log mean nothing any more: no part is left to the first reader."""
    layout = Layout(root)
    with FileLock(layout.lock):
        condense_log(layout)
    for number in range(6, 9):
        add_points(filled, 10, run=f"run:demo.run-{number}")
        filled.seal()
    (root / "metric").rename(root / "_elsewhere")
    with RecordStore(RecordStoreConfig(root)) as store:
        counts = [store.record_counts(f"run:demo.run-{n}")["metric"] for n in (0, 5, 6, 8)]
    (root / "_elsewhere").rename(root / "metric")

    assert counts == [80, 80, 10, 10]


def test_the_index_can_be_deleted_at_any_time(filled, plain, root, answers):
    """Also while a handle has it open: its next answer is the same, and there is a new file."""
    expected = answers(plain)
    first = answers(filled)
    (root / INDEX_NAME).unlink()

    assert [first, answers(filled)] == [expected] * 2
    assert (root / INDEX_NAME).exists()


def test_without_indexes_no_file_appears_and_the_answers_are_the_same(
    open_store, add_points, root, answers
):
    """`enable_indexes=False` never changes a result."""
    store = open_store(enable_indexes=False)
    for run in RUNS:
        add_points(store, 3, run=run)
    store.seal()
    expected = answers(store)
    assert not (root / INDEX_NAME).exists()

    assert answers(open_store()) == expected


def test_a_read_only_store_writes_nothing(filled, plain, open_store, root, answers):
    """What the file lacks is derived in memory, also when there is no file."""
    expected = answers(plain)
    (root / INDEX_NAME).unlink()
    before = sorted(root.iterdir())
    reader = open_store(read_only=True)

    assert [answers(reader), answers(reader)] == [expected] * 2
    assert sorted(root.iterdir()) == before


def test_a_read_only_store_takes_from_the_file_what_is_there(
    filled, plain, open_store, add_points, root, answers
):
    """A part that was published since is added in memory; the file stays as it was."""
    answers(filled)
    before = (root / INDEX_NAME).read_bytes()
    reader = open_store(read_only=True)
    answers(reader)
    with RecordStore(RecordStoreConfig(root, enable_indexes=False)) as writer:
        add_points(filled, 5, run="run:demo.new")
        filled._own_writer._config = writer.config  # seal without telling the index
        filled.seal()

    assert answers(reader) == answers(plain)
    assert (root / INDEX_NAME).read_bytes() == before


def test_a_file_of_something_else_is_replaced(filled, plain, root, answers):
    """A database with other tables, triggers or text in its place is never used."""
    expected = answers(plain)
    found = []
    for make in (
        lambda path: path.write_bytes(b"no database" * 500),
        lambda path: sqlite3.connect(path).execute("CREATE TABLE x (a)").connection.close(),
    ):
        (root / INDEX_NAME).unlink()
        make(root / INDEX_NAME)
        found.append(answers(filled))

    assert found == [expected] * 2


def test_an_index_of_a_newer_release_is_left_alone(filled, plain, root, answers):
    """Its bytes stay; the answers are derived in memory."""
    connection = sqlite3.connect(root / INDEX_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (root / INDEX_NAME).read_bytes()
    with RecordStore(RecordStoreConfig(root)) as store:
        found = answers(store)

    assert found == answers(plain)
    assert (root / INDEX_NAME).read_bytes() == before


def test_a_link_in_the_place_of_the_index_is_not_followed(filled, plain, root, tmp_path, answers):
    """A planted link leads nowhere."""
    target = tmp_path / "target"
    (root / INDEX_NAME).unlink()
    (root / INDEX_NAME).symlink_to(target)
    with RecordStore(RecordStoreConfig(root)) as store:
        found = answers(store)

    assert found == answers(plain)
    assert not target.exists()


def test_rebuilding_begins_from_the_parts_alone(filled, plain, root, answers):
    """A wrong file is gone afterwards; the report says that it was rebuilt."""
    (root / INDEX_NAME).write_bytes(b"wrong")
    report = rebuild_indexes(filled)

    assert (report.success, report.rebuilt_indexes) == (True, True)
    assert (root / INDEX_NAME).stat().st_size > 5
    assert answers(filled) == answers(plain)


@pytest.mark.parametrize(
    ("medium", "reason"),
    [("full", "cannot be written: disk I/O error"), ("read-only", os.strerror(errno.EROFS))],
)
def test_rebuilding_says_when_nothing_can_be_written(
    filled, plain, root, answers, small_files, monkeypatch, medium, reason
):
    """The report is no success and names the file and the reason; answers stay right."""
    unlink = os.unlink

    def refused(path, **more):
        if Path(path).name == INDEX_NAME:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        unlink(path, **more)

    if medium == "read-only":
        monkeypatch.setattr(os, "unlink", refused)
    else:
        small_files(0)
    report = filled.rebuild_indexes()
    small_files(None)

    assert (report.success, report.rebuilt_indexes, report.notes) == (False, False, ())
    assert len(report.warnings) == 1
    assert str(root / INDEX_NAME) in report.warnings[0]
    assert reason in report.warnings[0]
    assert answers(filled) == answers(plain)


def test_compaction_keeps_the_answers(filled, plain, answers):
    """Parts that were replaced no longer count, those that came do."""
    expected = answers(plain)
    filled.compact(full=True)

    assert [answers(filled), answers(plain)] == [expected] * 2


def test_what_is_kept_of_forgotten_parts_is_overwritten(filled, root):
    """After the parts are gone, no byte of their run's name is left in the file."""
    name = RUNS[5].encode()
    part = next((root / "metric" / "project=demo").glob("*.parquet"))
    paths = [p.relative_to(root).as_posix() for p in part.parent.glob("*.parquet")]
    forget_parts(Layout(root), paths)
    content = (root / INDEX_NAME).read_bytes()

    assert name not in content
    assert b"CXI1" not in content


def test_forgetting_some_parts_keeps_the_others(filled, plain, root, answers):
    """What is forgotten is derived again as long as the parts are there."""
    expected = answers(plain)
    parts = sorted((root / "metric" / "project=demo").glob("*.parquet"))
    forget_parts(Layout(root), [parts[0].relative_to(root).as_posix()])

    assert answers(filled) == expected


def test_several_named_runs_or_keys_count_each_point_once(filled, plain):
    """Also where the figures of several runs, or of several keys, lie side by side."""
    some, keys = RUNS[1:4], ("long", "loss")

    def asked(store):
        found = [store.metric_summaries(some, names) for names in (None, keys, keys[:1])]
        found += [store.metric_summaries(None, keys)]
        many = [*RUNS, *(f"run:demo.none-{number}" for number in range(40))]
        found += [store.metric_summaries(many, keys)]
        found += [store.last_values("loss", run_refs=some, aggregation="count").to_pylist()]
        return repr(found)

    counts = {summary.count for summary in filled.metric_summaries(some, keys)}

    assert asked(filled) == asked(plain)
    assert counts == {10, 70}


def test_an_aggregation_that_does_not_exist_is_refused(store):
    """The error names what there is."""
    with pytest.raises(ValidationError) as caught:
        store.last_values("loss", aggregation="median")

    assert caught.value.code == "record_store_invalid_aggregation"


@pytest.mark.parametrize("sealed", [False, True])
def test_values_by_run_are_of_one_row_per_run_over_all_stages(store, sealed):
    """The last point by observed time counts, whichever stage it is of."""
    writer = store.writer()
    for stage, observed, value in [("train", 30, 3.0), ("eval", 20, 9.0), ("train", 10, 1.0)]:
        context = SeriesContext(RUNS[0], "demo", stage_execution_ref=f"stage:demo.run-0.{stage}")
        writer.append_point(writer.define_series(context, "loss"), observed, value, int(value))
    if sealed:
        store.seal()
    last, first, mean = (
        store.last_values("loss", aggregation=name).to_pylist()[0]
        for name in ("last", "first", "mean")
    )
    evaluated = store.last_values("loss", stage_execution_ref="stage:demo.run-0.eval")

    assert (last["value"], last["step"], last["sequence"], last["count"]) == (3.0, 3, 1, 3)
    assert (first["value"], first["step"], first["sequence"]) == (1.0, 1, 3)
    assert (round(mean["value"], 9), mean["step"]) == (4.333333333, None)
    assert evaluated["value"].to_pylist() == [9.0]


def test_a_damaged_part_is_not_tied_to_runs_that_it_does_not_hold(
    open_store, add_points, root, filled
):
    """`damage(run_refs=…)` tells what may concern a run."""
    part = next((root / "metric" / "project=demo").glob("*.parquet"))
    held = filled.arrow("metric")["run_ref"].unique().to_pylist()
    part.unlink()
    filled.arrow("metric")
    concerned = [run for run in held if filled.damage(run_refs=[run])]

    assert len(filled.damage()) == 1
    assert len(concerned) == 1


def test_threads_and_processes_bring_one_index_up_to_date_at_once(filled, root, plain, answers):
    """Nobody fails, nobody sees another answer, and the file holds each part once."""
    expected = answers(plain)
    (root / INDEX_NAME).unlink()
    code = (
        "import sys; from contexta.store.records import RecordStore, RecordStoreConfig\n"
        "with RecordStore(RecordStoreConfig(sys.argv[1])) as store:\n"
        "    print(len(store.metric_summaries()), len(store.run_refs()))"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = []
    threads = [threading.Thread(target=lambda: found.append(answers(filled))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    printed = [child.communicate()[0] for child in children]

    assert found == [expected] * 4
    assert printed == ["12 6\n"] * 2


def test_a_forked_child_reads_through_a_connection_of_its_own(filled, plain, answers):
    """And the parent's goes on working after the child ended."""
    expected = answers(plain)
    answers(filled)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, b"same" if answers(filled) == expected else b"other")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    said = os.read(reader, 5)
    os.close(reader)
    os.close(writer)

    assert (said, answers(filled)) == (b"same", expected)


def test_ten_points_of_a_series_import_no_pandas(filled, root):
    """Arrow asks pandas about Python values where it is installed; that takes half a second."""
    code = (
        "import sys; from contexta.store.records import RecordStore, RecordStoreConfig\n"
        "store = RecordStore(RecordStoreConfig(sys.argv[1], read_only=True))\n"
        "print(store.series(sys.argv[2], 'loss').num_rows, 'pandas' in sys.modules)"
    )
    filled.metric_summaries()
    printed = subprocess.run(
        [sys.executable, "-c", code, str(root), RUNS[1]], capture_output=True, text=True, check=True
    ).stdout

    assert printed == "10 False\n"
