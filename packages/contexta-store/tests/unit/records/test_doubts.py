"""Counts of what records say against themselves, from the index and without it."""

import sqlite3
from contextlib import closing

import pytest

from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig
from contexta.store.records._index import INDEX_NAME
from contexta.store.records._index_file import FORMAT_VERSION

RUN = "run:demo.run-1"


@pytest.fixture
def event():
    """Build an event record with a number in its reference."""

    def built(number=1, run="run-1", origin="explicit_capture", **envelope):
        fields = {
            "run_ref": f"run:demo.{run}",
            "stage_execution_ref": f"stage:demo.{run}.train",
            "record_ref": f"record:demo.{run}.e{number}",
            **envelope,
        }
        return builders.structured_event_record(
            envelope=builders.record_envelope("event", **fields),
            payload=builders.structured_event_payload(origin_marker=origin),
        )

    return built


@pytest.fixture
def doubtful(store, event, add_points):
    """A store with one doubtful record of each kind, and twenty points beside them."""
    add_points(store, 20)
    late = {"observed_at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T01:00:01Z"}
    store.append(event(1, completeness_marker="partial"))
    store.append(event(2, completeness_marker="sampled"))
    store.append(event(3, degradation_marker="capture_gap"))
    store.append(event(4, origin="imported"))
    store.append(event(5, origin="replayed"))
    store.append(event(6, **late))
    store.append(event(7, run="run-2", degradation_marker="import_loss"))
    return store


def test_each_doubt_counts_once_live_and_sealed(doubtful):
    """Live segments, sealed parts and their index give the same counts."""
    live = doubtful.doubt_counts([RUN])
    doubtful.seal()
    sealed = doubtful.doubt_counts([RUN])

    assert live == sealed
    assert [live[name] for name in ("clipped", "imported", "late", "marked")] == [2, 2, 1, 1]


def test_grave_events_are_counted(store, event):
    """Events of level error and critical are grave, others are not."""
    for number, level in enumerate(("info", "warning", "error", "critical")):
        record = event(number)
        store.append(
            record.model_copy(
                update={"payload": record.payload.model_copy(update={"level": level})}
            )
        )
    live = store.doubt_counts([RUN])
    store.seal()

    assert live["grave"] == store.doubt_counts([RUN])["grave"] == 2


def test_values_that_are_no_numbers_are_counted(store, metric):
    """NaN and infinities are counted, live and sealed."""
    for number, value in enumerate((1.0, float("nan"), float("inf"), float("-inf"))):
        store.append(metric(number, value=value))
    live = store.doubt_counts([RUN])
    store.seal()

    assert live["nonfinite"] == store.doubt_counts([RUN])["nonfinite"] == 3


def test_few_and_many_runs_count_alike(store, add_points, event):
    """However many runs are asked for at once, each is counted once."""
    runs = [f"run:demo.run-{number}" for number in range(12)]
    for number, run in enumerate(runs):
        add_points(store, number + 1, run=run)
        store.append(event(number, run=run.rpartition(".")[2], degradation_marker="capture_gap"))
        store.seal()
    single = [store.doubt_counts([run]) for run in runs]
    added = {name: sum(each[name] for each in single) for name in single[0]}

    assert store.doubt_counts(runs) == store.doubt_counts() == added
    assert (added["metric"], added["marked"]) == (78, 12)


def test_counts_of_all_runs_are_sums(doubtful):
    """Without runs, those of all are counted together."""
    doubtful.seal()
    found = doubtful.doubt_counts()
    single = [doubtful.doubt_counts([run]) for run in doubtful.run_refs()]

    assert found == {name: sum(each[name] for each in single) for name in found}


def test_index_changes_no_count(doubtful, open_store):
    """A handle that does without the index counts the same."""
    doubtful.seal()

    assert open_store(enable_indexes=False).doubt_counts() == doubtful.doubt_counts()


def test_compaction_changes_no_count(doubtful, event):
    """Counts are the same when parts were merged."""
    doubtful.seal()
    doubtful.append(event(8, degradation_marker="capture_gap"))
    doubtful.seal()
    before = doubtful.doubt_counts()
    doubtful.compact()

    assert doubtful.doubt_counts() == before


def test_doubts_are_no_record_types(doubtful):
    """What is counted beside the records is in no listing of record types."""
    doubtful.seal()

    assert doubtful.record_counts(RUN) == {"event": 6, "metric": 20, "span": 0, "degraded": 0}


def test_an_index_of_an_older_release_is_begun_anew(doubtful, root):
    """An index without these counts is derived again, not believed."""
    doubtful.seal()
    expected = doubtful.doubt_counts()
    doubtful.close()
    connection = sqlite3.connect(root / INDEX_NAME)
    connection.execute("PRAGMA user_version = 1")
    connection.execute("DELETE FROM chunk WHERE family = 2")
    connection.commit()
    connection.close()
    with RecordStore(RecordStoreConfig(root)) as store:
        found = store.doubt_counts()
    with closing(sqlite3.connect(root / INDEX_NAME)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()

    assert found == expected
    assert version == FORMAT_VERSION
