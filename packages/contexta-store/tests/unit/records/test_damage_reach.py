"""Which runs damage may concern, from what is known of the place."""

import pytest

from contexta.store.records import SeriesContext

MANY = 300


@pytest.fixture
def crowded(open_store, root):
    """Two projects with more runs in a part than its entry lists, and a damaged part of one."""
    with open_store(enable_indexes=False) as store:
        writer = store.writer()
        for project in ("one", "two"):
            for number in range(MANY):
                context = SeriesContext(f"run:{project}.r{number}", project)
                writer.append_point(writer.define_series(context, "loss"), 1, float(number))
        store.seal()
    (part,) = (root / "metric" / "project=one").glob("*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    return part


def test_a_part_with_unknown_runs_may_concern_its_project_only(crowded, open_store):
    """Without an index the runs of a large part are not known: then its project is named."""
    with open_store(enable_indexes=False) as store:
        store.metric_summaries()
        own = store.damage(run_refs=["run:one.r5"])
        other = store.damage(run_refs=["run:two.r5"])

    assert [gap.details["scope"] for gap in own] == ["project"]
    assert str(crowded) in own[0].message
    assert other == ()


def test_damage_without_a_place_in_a_project_may_concern_every_run(crowded, open_store, root):
    """A damaged line of the log tells nothing: it is named for all, and that this is so."""
    with (root / "_parts.jsonl").open("ab") as log:
        log.write(b"{broken}\n")
    with open_store(enable_indexes=False) as store:
        found = store.damage(run_refs=["run:two.r5"])

    assert [gap.details["scope"] for gap in found] == ["store"]
