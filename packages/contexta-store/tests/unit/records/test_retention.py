"""Old records go by their age or with their run; what is open or protected stays."""

import pytest

from contexta.contract.errors import ValidationError
from contexta.contract.testing import builders
from contexta.store.records import RecordStore, RecordStoreConfig, RetentionPolicy

NOW = "2026-06-01T00:00:00Z"
MONTHS = {"old": "2026-01-01T00:00:00Z", "mid": "2026-04-01T00:00:00Z", "new": NOW}


def event(run, instant, number=1, project="demo"):
    envelope = builders.record_envelope(
        "event",
        record_ref=f"record:{project}.{run}.e{number}",
        run_ref=f"run:{project}.{run}",
        stage_execution_ref=f"stage:{project}.{run}.train",
        recorded_at=instant,
        observed_at=instant,
    )
    return builders.structured_event_record(envelope=envelope)


def metric(run, instant, number=1):
    envelope = builders.record_envelope(
        record_ref=f"record:demo.{run}.m{number}",
        run_ref=f"run:demo.{run}",
        stage_execution_ref=f"stage:demo.{run}.train",
        recorded_at=instant,
        observed_at=instant,
    )
    return builders.metric_record(envelope=envelope)


@pytest.fixture
def aged(open_store):
    """Three sealed runs of three ages, each with an event and a metric."""
    store = open_store()
    for run, instant in MONTHS.items():
        store.append_many([event(run, instant), metric(run, instant)])
        store.seal()
    return store


def refs_of(store):
    return sorted(s.record_ref.removeprefix("record:demo.") for s in store.scan())


def test_records_beyond_their_age_go_and_parts_of_old_ones_only_are_dropped_whole(aged):
    """Nothing is rewritten when every row of a part expires."""
    plan = aged.plan_retention(RetentionPolicy(max_age_days=100), now=NOW)
    report = aged.apply_retention(plan)

    assert (plan.rows, plan.rewritten_bytes) == (2, 0)
    assert (report.rows, report.parts_dropped, report.parts_rewritten) == (2, 2, 0)
    assert refs_of(aged) == ["mid.e1", "mid.m1", "new.e1", "new.m1"]
    assert aged.check_integrity().issues == ()
    assert {item.reason for item in aged.erased()} == {"retention"}


def test_each_record_type_has_an_age_of_its_own(aged):
    """Types that the policy does not name stay."""
    policy = RetentionPolicy(max_age_days={"event": 30})
    aged.apply_retention(aged.plan_retention(policy, now=NOW))

    assert refs_of(aged) == ["mid.m1", "new.e1", "new.m1", "old.m1"]


def test_a_run_goes_whole_when_its_newest_record_is_old(aged):
    """A young record keeps all of its run."""
    aged.append(event("old", NOW, 2))
    aged.seal()
    plan = aged.plan_retention(RetentionPolicy(max_run_age_days=30), now=NOW)
    aged.apply_retention(plan)

    assert plan.choice.expired_runs == ("run:demo.mid",)
    assert refs_of(aged) == ["new.e1", "new.m1", "old.e1", "old.e2", "old.m1"]


def test_protected_kept_newest_and_open_runs_stay_with_the_reason_printed(aged):
    """Each way to stay is named in the plan."""
    for project in ("one", "two"):
        aged.append(event("old", MONTHS["old"], project=project))
    aged.seal()
    aged.append(event("open", MONTHS["old"]))
    policy = RetentionPolicy(
        max_run_age_days=30, keep_runs=("run:one.old",), min_keep_runs_per_project=1
    )
    plan = aged.plan_retention(policy, now=NOW, protected_run_refs=["run:demo.mid"])
    aged.apply_retention(plan)

    assert plan.kept_runs == {
        "run:demo.mid": "it is protected",
        "run:demo.open": "a process may still write to it",
        "run:one.old": "the policy keeps it",
        "run:two.old": "it is one of the newest of its project",
    }
    assert "run:demo.mid stays: it is protected" in str(plan)
    assert "old.e1" not in refs_of(aged)
    assert aged.replay().record_count == 7


def test_a_damaged_part_is_left_and_reported_and_the_rest_goes(aged, root):
    """A retention goes on; the damaged part waits for its repair."""
    parts = sorted(root.glob("event/*/*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    parts[0].write_bytes(parts[0].read_bytes()[:-9])
    plan = aged.plan_retention(RetentionPolicy(max_age_days=100), now=NOW)
    report = aged.apply_retention(plan)

    assert report.rows == 1
    assert [skipped.path for skipped in report.skipped] == [str(parts[0])]


def test_no_run_expires_whose_age_a_damaged_part_of_unknown_runs_may_hide(open_store, root):
    """Whichever part is read first: any run of that project may have younger records in it."""
    store = open_store(compact_small_parts=False)
    crowd = [event(f"crowd-{number}", NOW) for number in range(257)]
    store.append_many([*crowd, event("late", NOW), event("late", NOW, project="far")])
    store.seal()
    damaged = max(root.glob("event/project=demo/*.parquet"), key=lambda path: path.stat().st_size)
    for project in ("demo", "far", "away"):
        store.append(event("late", MONTHS["old"], 2, project))
    store.seal()
    damaged.write_bytes(damaged.read_bytes()[:-9])
    plan = store.plan_retention(RetentionPolicy(max_run_age_days=10), now=NOW)
    report = store.apply_retention(plan)

    assert plan.choice.expired_runs == ("run:away.late",)
    assert list(plan.kept_runs) == ["run:demo.late"]
    assert "run:demo.late stays: its age is unknown" in str(plan)
    assert report.rows == 1


def test_the_newest_runs_stay_beside_those_of_unknown_age(aged, root):
    """A damaged part takes no place from runs whose age is known."""
    parts = sorted(root.glob("event/*/*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    parts[0].write_bytes(parts[0].read_bytes()[:-9])
    policy = RetentionPolicy(max_age_days=100, max_run_age_days=30, min_keep_runs_per_project=1)
    plan = aged.plan_retention(policy, now="2027-06-01T00:00:00Z")

    assert plan.choice.expired_runs == ("run:demo.mid",)
    assert plan.choice.kept_runs == ("run:demo.new", "run:demo.old")


def test_a_retention_runs_again_without_doing_anything(aged):
    """Applying the same policy twice is harmless."""
    policy = RetentionPolicy(max_age_days=100)
    aged.apply_retention(aged.plan_retention(policy, now=NOW))
    again = aged.apply_retention(aged.plan_retention(policy, now=NOW))

    assert again.rows == 0
    assert len(aged.erased()) == 2


def test_planning_reads_a_read_only_store(aged, root):
    """A plan needs no right to write."""
    aged.close()
    with RecordStore(RecordStoreConfig(root, read_only=True)) as reading:
        plan = reading.plan_retention(RetentionPolicy(max_age_days=100), now=NOW)

    assert plan.rows == 2


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_age_days": 0},
        {"max_age_days": True},
        {"max_age_days": float("nan")},
        {"max_age_days": {"loss": 3}},
        {"max_run_age_days": -1},
        {"max_age_days": 1, "min_keep_runs_per_project": -1},
    ],
)
def test_a_policy_that_means_nothing_is_refused(settings):
    """A wrong policy must not delete."""
    with pytest.raises(ValidationError) as caught:
        RetentionPolicy(**settings)

    assert caught.value.code == "record_store_invalid_retention"
