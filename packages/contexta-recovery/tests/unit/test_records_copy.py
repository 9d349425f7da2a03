"""A copy of the record plane is whole in every state of a replacement of parts."""

import pytest

from contexta.recovery._copy import Copier
from contexta.recovery._known import KnownFiles
from contexta.recovery._progress import Reporter
from contexta.recovery._records import copy_records
from contexta.recovery._store_files import FileStore
from contexta.recovery._view import View
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext, _journal


def copy_into(target, source):
    """Copy a record plane and show the copy as it was."""
    report = Reporter()
    store = FileStore(target / "stored", KnownFiles(), report)
    view = View(target, store.source)
    with Copier(store, view, report) as copier:
        copy_records(source, "records", lambda path: True, copier)
    for entry in copier.entries.values():
        view.put(entry)


STEPS = ("write", "exchange", "append_line", None)


@pytest.mark.parametrize("step", STEPS)
def test_a_store_that_was_killed_while_it_replaced_parts_is_copied_whole(
    tmp_path, monkeypatch, step
):
    """Before, within and after the exchange of folders each record is in the copy once."""
    source, target = tmp_path / "source" / "records", tmp_path / "target"
    with RecordStore(RecordStoreConfig(source, durability_mode="flush")) as store:
        series = store.writer().define_series(SeriesContext("run:demo.r", "demo"), "loss")
        for number in range(30):
            store.writer().append_point(series, number, number)
            if number % 10 == 9:
                store.seal()

        def dies(*arguments):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            if step == "write":
                patch.setattr(_journal.Journal, step, dies)
            elif step is not None:
                patch.setattr(_journal, step, dies)
            if step is None:
                store.compact(full=True)
            else:
                with pytest.raises(KeyboardInterrupt):
                    store.compact(full=True)
        copy_into(target, source)
    names = {path.name for path in (target / "records").iterdir()}
    with RecordStore(RecordStoreConfig(target / "records")) as copy:
        found = [one.sequence for one in copy.scan()]
        issues = copy.check_integrity().issues

    assert found == list(range(1, 31))
    assert issues == ()
    assert names <= {"_parts.jsonl", "_store.json", "_wal", "metric"}
