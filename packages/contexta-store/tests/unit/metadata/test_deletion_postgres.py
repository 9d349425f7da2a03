"""Deletion, archive, history and pages on PostgreSQL: the same code, the same answers."""

import pytest

from contexta.contract.errors import ConflictError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig


@pytest.fixture
def store(empty_schema):
    with MetadataStore(MetadataStoreConfig(**empty_schema)) as opened:
        yield opened


def test_a_run_is_deleted_and_comes_back_with_a_later_revision(store, make):
    """Plan, stale plan, apply, tombstone, and the revision that goes on."""
    make.fill(store)
    store.deployments.put_deployment_execution(make.deployment())
    stale = store.plan_deletion(["run:p.r"])
    store.runs.update_tags("run:p.r", {"a": "b"})
    with pytest.raises(ConflictError) as caught:
        store.apply_deletion(stale)
    report = store.apply_deletion(store.plan_deletion(["run:p.r"], erase=True), reason="why")
    tombstone = store.find_tombstone("run:p.r")
    store.put_all([make.run(), make.stage()])

    assert caught.value.code == "metadata_plan_stale"
    assert (len(report.deleted), report.bytes_removed) == (7, False)
    assert (tombstone.last_revision, tombstone.reason) == (2, "why")
    assert [store.get_revision(ref) for ref in ("run:p.r", "stage:p.r.s")] == [3, 2]
    assert [item.field for item in store.history("run:p.r")] == ["deleted"]
    assert store.check_integrity().ok


def test_pages_and_filters_are_the_same(store, make):
    """Keys with None, parameters as numbers, prefixes with case, retention by number."""
    store.put_all(
        [
            make.project(),
            *(
                make.run(
                    f"r{i}",
                    params={"lr": i / 10},
                    started_at=f"2026-01-01T00:00:0{i}Z",
                    ended_at="2026-01-02T00:00:00Z",
                    status="completed",
                )
                for i in range(8)
            ),
            *(make.stage(f"s{i}", "p.r0", order_index=None if i % 2 else i) for i in range(8)),
        ]
    )
    store.archive(["run:p.r7"])
    first = store.stages.page_stage_executions(run_ref="run:p.r0", limit=5)
    rest = store.stages.list_stage_executions("run:p.r0", after=first.next_cursor)
    best = store.runs.page_runs(limit=2, order_by="param:lr", descending=True)
    next_best = store.runs.run_rows(
        limit=2, order_by="param:lr", descending=True, after=best.next_cursor
    )

    assert [item.stage_name for item in (*first.items, *rest)] == [
        "s0", "s2", "s4", "s6", "s1", "s3", "s5", "s7",
    ]  # fmt: skip
    assert [row.name for row in next_best] == ["r5", "r4"]
    assert store.runs.count_runs(params={"lr": {"ge": 0.5}}, include_archived=False) == 2
    assert store.runs.count_runs(name_prefix="R") == 0
    assert store.plan_retention(keep_last=6).roots == ("run:p.r0", "run:p.r1")
