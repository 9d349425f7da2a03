"""Deleting, erasing and expiring: planned, printed, applied at once, and never forgotten."""

import pytest

from contexta.contract.errors import (
    ConflictError,
    NotFoundError,
    ReadOnlyStoreError,
    ValidationError,
)

END = "2026-02-01T00:00:00Z"
OF_THE_RUN = [
    "provenance:p.c1",
    "relation:p.e1",
    "sample:p.r.s.b.x",
    "batch:p.r.s.b",
    "stage:p.r.s",
    "environment:p.r.e",
    "run:p.r",
]


@pytest.fixture
def filled(store, make):
    """A store with one of everything, whose deployment names no run."""
    make.fill(store)
    store.deployments.put_deployment_execution(make.deployment())
    return store


def blockers(plan):
    return [(item.code, item.ref, item.blocked_by) for item in plan.blockers]


def test_a_plan_changes_nothing_and_tells_everything(filled):
    """It names each row with its revision, children first, and what other planes hold."""
    plan = filled.plan_deletion(["run:p.r"])

    assert [ref for ref, _ in plan.rows] == OF_THE_RUN
    assert plan.counts["sample_observations"] == 1
    assert (plan.untouched, plan.runs, plan.blocked) == (("artifact:p.r.m",), ("run:p.r",), False)
    assert plan.lines[0] == "Delete 7 rows for run:p.r."
    assert "  - run:p.r (revision 1)" in plan.lines
    assert "Not touched: artifact:p.r.m" in plan.lines
    assert filled.runs.exists_run("run:p.r")


def test_a_run_can_be_deleted_with_all_that_hangs_on_it(filled):
    """Nothing of it is left in any table, and the store is sound."""
    filled.archive(["run:p.r"])
    report = filled.apply_deletion(filled.plan_deletion(["run:p.r"]), reason="too old")
    rows = {
        name: filled.duckdb.query_one(f"SELECT count(*) FROM {name}")[0]
        for name in ("run_params", "run_tags", "ledger_citations", "ledger_archived")
    }

    assert list(report.deleted) == OF_THE_RUN
    assert rows == dict.fromkeys(rows, 0)
    assert filled.list_registered_refs() == ("deployment:p.d", "project:p")
    assert filled.check_integrity().ok


def test_tombstones_tell_what_was_there_and_hold_none_of_it(filled):
    """Ref, kind, time, actor, reason, revision and a digest stay; `get` says since when."""
    filled.actor = "anna"
    filled.apply_deletion(filled.plan_deletion(["run:p.r"]), reason="request 12")
    tombstone = filled.find_tombstone("run:p.r")
    with pytest.raises(NotFoundError) as caught:
        filled.runs.get_run("run:p.r")

    assert (tombstone.kind, tombstone.actor, tombstone.reason) == ("run", "anna", "request 12")
    assert (tombstone.last_revision, len(tombstone.payload_digest)) == (1, 32)
    assert [item.ref for item in filled.list_tombstones()] == OF_THE_RUN
    assert [item.ref for item in filled.list_tombstones(kind="run")] == ["run:p.r"]
    assert filled.find_tombstone("project:p") is None
    assert caught.value.code == "metadata_row_not_found"
    assert caught.value.details["deleted_at"] == tombstone.deleted_at


def test_tombstones_are_read_in_pages(filled):
    """Pages of tombstones follow each other by cursor."""
    filled.apply_deletion(filled.plan_deletion(["run:p.r"]))
    first = filled.page_tombstones(limit=5)
    second = filled.page_tombstones(limit=5, after=first.next_cursor)

    assert [item.ref for item in (*first.items, *second.items)] == OF_THE_RUN
    assert second.next_cursor is None


def test_revisions_go_on_after_a_deletion(filled, make):
    """A ref that is put again continues its revision, so an old reader cannot mistake it."""
    filled.runs.update_tags("run:p.r", {"a": "b"})
    filled.apply_deletion(filled.plan_deletion(["run:p.r"]))
    gone = filled.revision_of("run:p.r")
    filled.runs.put_run(make.run())
    single = filled.get_revision("run:p.r")
    filled.apply_deletion(filled.plan_deletion(["run:p.r"]))
    filled.runs.put_many([make.run()])

    assert (gone, single, filled.get_revision("run:p.r")) == (None, 3, 4)
    assert len(filled.list_tombstones(kind="run")) == 2


def test_the_name_of_a_deleted_run_gets_a_new_ref(filled, make):
    """Records of the deleted run may still be there: they must not become those of a new one."""
    filled.apply_deletion(filled.plan_deletion(["run:p.r"]))

    assert filled.runs.create_run(make.run()).run_ref.text == "run:p.r-2"


def test_a_plan_is_refused_once_a_row_has_changed(filled, make):
    """A new child, or a change of any row, makes the plan stale; nothing is deleted."""
    plan = filled.plan_deletion(["run:p.r"])
    filled.samples.put_sample_observation(make.sample("late"))
    with pytest.raises(ConflictError) as added:
        filled.apply_deletion(plan)
    plan = filled.plan_deletion(["run:p.r"])
    filled.runs.update_tags("run:p.r", {"keep": "yes"})
    with pytest.raises(ConflictError) as changed:
        filled.apply_deletion(plan)

    assert added.value.code == changed.value.code == "metadata_plan_stale"
    assert filled.list_tombstones() == ()


def test_a_deployment_keeps_its_run(filled, make):
    """What is deployed is not deleted by mistake."""
    filled.deployments.put_deployment_execution(make.deployment("live", run_ref="run:p.r"))
    plan = filled.plan_deletion(["run:p.r"])
    with pytest.raises(ConflictError) as caught:
        filled.apply_deletion(plan)

    assert blockers(plan) == [("deployment_points_here", "run:p.r", "deployment:p.live")]
    assert "Blocked: run:p.r stays: deployment:p.live names it" in plan.lines
    assert caught.value.code == "metadata_deletion_blocked"
    assert not filled.plan_deletion(["run:p.r", "deployment:p.live"]).blocked


def test_relations_and_evidence_from_outside_stand_in_the_way(filled, make):
    """Another run that comes from this one, or is proven by it, keeps it."""
    filled.runs.put_run(make.run("next"))
    filled.runs.put_run(make.run("third"))
    filled.relations.put_relation(make.relation("from", "run:p.next", "run:p.r"))
    filled.relations.put_relation(make.relation("file", "artifact:p.next.m", "run:p.r"))
    filled.relations.put_relation(
        make.relation("proof", "run:p.next", "run:p.third", evidence_refs=["run:p.r"])
    )

    assert blockers(filled.plan_deletion(["run:p.r"])) == [
        ("evidence_points_here", "run:p.r", "relation:p.proof"),
        ("relation_points_here", "run:p.r", "relation:p.file"),
        ("relation_points_here", "run:p.r", "relation:p.from"),
    ]
    assert not filled.plan_deletion(["run:p.r", "run:p.next"]).blocked


def test_relations_of_the_deleted_go_with_it(filled, make):
    """What a run says of others goes, and so do relations among what goes."""
    filled.runs.put_run(make.run("base"))
    filled.relations.put_relation(make.relation("to", "run:p.r", "run:p.base"))
    filled.relations.put_relation(make.relation("in", "stage:p.r.s", "run:p.r"))
    filled.relations.put_relation(make.relation("own", "artifact:p.r.m", "run:p.r"))
    report = filled.apply_deletion(filled.plan_deletion(["run:p.r"]))

    assert {"relation:p.to", "relation:p.in", "relation:p.own"} <= set(report.deleted)
    assert filled.runs.exists_run("run:p.base")
    assert filled.check_integrity().ok


def test_a_living_writer_keeps_its_run(store, make):
    """An open run is deleted only when its writer is known to be dead, and still the same."""
    store.runs.create_run(make.run(), writer_id="w1")
    unknown = store.plan_deletion(["run:p.r"])
    alive = store.plan_deletion(["run:p.r"], writer_alive=lambda writer: writer == "w1")
    dead = store.plan_deletion(["run:p.r"], writer_alive=lambda _: False)
    store.runs.resume_run("run:p.r", writer_id="w2")
    with pytest.raises(ConflictError) as caught:
        store.apply_deletion(dead)
    again = store.plan_deletion(["run:p.r"], writer_alive=lambda _: False)
    store.apply_deletion(again)

    assert blockers(unknown) == blockers(alive) == [("run_is_written", "run:p.r", "w1")]
    assert caught.value.code == "metadata_plan_stale"
    assert not store.runs.exists_run("run:p.r")


def test_without_recursion_children_stand_in_the_way(filled):
    """`recursive=False` deletes only what nothing belongs to."""
    plan = filled.plan_deletion(["batch:p.r.s.b"], recursive=False)
    leaf = filled.plan_deletion(["sample:p.r.s.b.x"], recursive=False)
    both = filled.plan_deletion(["batch:p.r.s.b", "sample:p.r.s.b.x"], recursive=False)

    assert blockers(plan) == [("child_exists", "batch:p.r.s.b", "sample:p.r.s.b.x")]
    assert (leaf.blocked, both.blocked) == (False, False)


def test_a_whole_project_can_be_deleted(filled):
    """Its runs and deployments go with it."""
    filled.apply_deletion(filled.plan_deletion(["project:p"]))

    assert filled.list_registered_refs() == ()
    assert filled.check_integrity().ok


@pytest.mark.parametrize(
    ("refs", "error", "code"),
    [
        (["run:p.none", "run:p.r"], NotFoundError, "metadata_row_not_found"),
        (["artifact:p.r.m"], NotFoundError, "metadata_row_not_found"),
        (["no ref"], ValidationError, "stable_ref_invalid_text"),
        ([], ValidationError, "metadata_deletion_empty"),
    ],
)
def test_a_plan_needs_stored_refs(filled, refs, error, code):
    """Absent and malformed refs, and none at all, are refused by a code."""
    with pytest.raises(error) as caught:
        filled.plan_deletion(refs)

    assert caught.value.code == code


def test_a_read_only_store_plans_and_does_not_delete(filled, opened):
    """Planning reads; applying needs a store that writes."""
    with opened(read_only=True) as reader:
        plan = reader.plan_deletion(["run:p.r"])
        with pytest.raises(ReadOnlyStoreError):
            reader.apply_deletion(plan)

    assert filled.runs.exists_run("run:p.r")


def test_many_rows_go_in_portions(store, make):
    """More rows than fit into one statement are planned and deleted."""
    store.put_all(
        [make.project(), make.run(), make.stage(), *(make.sample(f"x{i}") for i in range(1200))]
    )
    report = store.apply_deletion(store.plan_deletion(["stage:p.r.s"]))

    assert len(report.deleted) == 1201
    assert store.samples.count_sample_observations() == 0


MARKER = "zebra-4711"


def files_with(marker, path):
    return [item.name for item in path.parent.iterdir() if marker.encode() in item.read_bytes()]


def test_an_erased_sample_leaves_no_byte(opened, path, make):
    """Its row, older versions of it, relations and evidence that name it: all are gone."""
    store = opened()
    make.fill(store)
    sample = make.sample("who", metadata={"name": MARKER})
    store.samples.put_sample_observation(sample)
    store.samples.put_sample_observation(make.sample("who", metadata={"name": MARKER + "-b"}))
    ref = sample.sample_observation_ref.text
    store.relations.put_relation(make.relation("seen", "run:p.r", ref))
    store.relations.put_relation(
        make.relation("why", "run:p.r", "artifact:p.r.m", evidence_refs=[ref])
    )
    store.provenance.put_provenance(make.provenance("c2", "why"))
    before = files_with(MARKER, path)
    plan = store.plan_deletion([ref], erase=True)
    report = store.apply_deletion(plan, reason="request")

    assert before
    assert set(report.deleted) == {ref, "relation:p.seen", "relation:p.why", "provenance:p.c2"}
    assert report.bytes_removed is True
    assert files_with(MARKER, path) == []
    assert "Not touched: backups and other copies of the ledger" in plan.lines
    assert store.samples.exists_sample_observation("sample:p.r.s.b.x")
    assert store.check_integrity().ok


def test_the_history_of_the_deleted_keeps_states_and_no_content(filled, path):
    """Names, parameters and tags go, also from the history; status and deletion stay."""
    filled.runs.update_tags("run:p.r", {"owner": MARKER})
    filled.runs.update_tags("run:p.r", {"owner": "other"})
    filled.runs.close_run("run:p.r", status="failed", ended_at=END)
    filled.apply_deletion(filled.plan_deletion(["run:p.r"], erase=True))

    assert [item.field for item in filled.history("run:p.r")] == ["status", "ended_at", "deleted"]
    assert files_with(MARKER, path) == []


def test_an_erasure_says_when_a_reader_keeps_the_bytes(opened, path, make):
    """A reader inside a transaction holds the log; the report says so, and a retry removes it."""
    store, reader = opened(), opened()
    make.fill(store)
    store.runs.update_tags("run:p.r", {"owner": MARKER})
    store.checkpoint()
    with reader._backend.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM ledger_runs").fetchone()
        plan = store.plan_deletion(["run:p.r", "deployment:p.d"], erase=True)
        report = store.apply_deletion(plan)
    removed = store.remove_deleted_bytes()

    assert (report.bytes_removed, removed) == (False, True)
    assert files_with(MARKER, path) == []


@pytest.fixture
def aged(store, make):
    """Six runs that ended in the months 1 to 6, and an open one."""
    store.projects.put_project(make.project())
    for month in range(1, 7):
        name = f"m{month}"
        started, ended = f"2026-0{month}-01T00:00:00Z", f"2026-0{month}-02T00:00:00Z"
        store.runs.put_run(make.run(name, started_at=started, ended_at=ended, status="completed"))
    store.runs.put_run(make.run("open"))
    return store


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        ({"finished_before": "2026-03-02T00:00:00Z"}, ["m1", "m2"]),
        ({"keep_last": 4}, ["m1", "m2"]),
        ({"keep_last": 1, "finished_before": "2026-02-02T00:00:00Z"}, ["m1"]),
        ({"keep_last": 0}, ["m1", "m2", "m3", "m4", "m5", "m6"]),
        ({"keep_last": 9}, []),
        ({"keep_last": 0, "project_ref": "project:q"}, []),
    ],
)
def test_retention_is_by_age_and_by_number(aged, rule, gone):
    """Only finished runs that are old enough and not among the newest go."""
    plan = aged.plan_retention(**rule)
    report = aged.apply_deletion(plan)

    assert list(report.deleted) == [f"run:p.{name}" for name in gone]
    assert aged.runs.exists_run("run:p.open")


def test_retention_never_breaks_a_reference(aged, make):
    """Deployed and tagged runs stay, and runs that others come from; the plan says why."""
    aged.deployments.put_deployment_execution(make.deployment(run_ref="run:p.m1"))
    aged.runs.update_tags("run:p.m2", {"keep": "paper"})
    aged.relations.put_relation(make.relation("from", "run:p.m6", "run:p.m3"))
    plan = aged.plan_retention(finished_before="2026-06-01T00:00:00Z", keep_tagged=["keep"])

    assert plan.roots == ("run:p.m4", "run:p.m5")
    assert [(item.ref, item.blocked_by) for item in plan.kept] == [
        ("run:p.m1", "deployment:p.d"),
        ("run:p.m2", "keep"),
        ("run:p.m3", "relation:p.from"),
    ]
    assert "Kept: run:p.m2 stays: it has the tag keep" in plan.lines
    assert "Kept: run:p.m3 stays: relation:p.from relates something else to it" in plan.lines
    assert not plan.blocked


def test_retention_needs_a_rule(store):
    """Without age and number nothing is planned."""
    with pytest.raises(ValidationError) as caught:
        store.plan_retention()

    assert caught.value.code == "metadata_retention_empty"
    assert store.plan_retention(keep_last=3).lines == ("Nothing to delete.",)
