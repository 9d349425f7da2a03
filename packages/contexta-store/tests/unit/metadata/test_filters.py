"""Each filter finds what it says, and a typo is an error."""

from datetime import UTC, datetime

import pytest

from contexta.contract.errors import ValidationError
from contexta.store.metadata import MetadataStore, MetadataStoreConfig


def stamp(microseconds):
    return f"2026-01-01T00:00:00.{microseconds:06d}Z"


@pytest.fixture(scope="module")
def marked(tmp_path_factory, put_many):
    """Twelve of everything, an archived run and one that says more of itself, to read only."""
    path = tmp_path_factory.mktemp("marked") / "ledger.sqlite"
    facts = {"code_revision": "abc", "dataset_ref": "s3://data"}
    with MetadataStore(MetadataStoreConfig(database_path=path)) as store:
        put_many(store)
        store.archive(["run:p.r07"])
        store.runs.complete_run("run:p.r02", facts=facts, metadata={})
        yield store


#: What the lists of a repository end in, where that is not its own name.
NOUNS = {
    "stages": "stage_executions",
    "batches": "batch_executions",
    "samples": "sample_observations",
    "environments": "environment_snapshots",
    "deployments": "deployment_executions",
}
FILTERS = [
    ({"status": "completed"}, "runs", 3),
    ({"status": ["completed", "failed"]}, "runs", 12),
    ({"name": "r03"}, "runs", 1),
    ({"name_prefix": "r0"}, "runs", 10),
    ({"name_prefix": "R0"}, "runs", 0),
    ({"started_after": stamp(1), "started_before": stamp(3)}, "runs", 6),
    ({"started_after": datetime(2026, 1, 1, 0, 0, 0, 3, UTC)}, "runs", 3),
    ({"ended_before": "2026-01-02T00:00:02Z"}, "runs", 2),
    ({"ended_after": "2026-01-02T00:00:10Z"}, "runs", 2),
    ({"tags": {"team": "a"}}, "runs", 6),
    ({"tags": {"team": {"ne": "a"}}}, "runs", 6),
    ({"tags": {"team": {"in": ["a", "b"]}}}, "runs", 12),
    ({"tags": {"team": {"exists": False}}}, "runs", 0),
    ({"params": {"i": 3}}, "runs", 1),
    ({"params": {"i": 3.0}}, "runs", 1),
    ({"params": {"i": "3"}}, "runs", 0),
    ({"params": {"lr": {"gt": 0.2, "le": 0.5}}}, "runs", 3),
    ({"params": {"lr": {"ge": 1}}}, "runs", 2),
    ({"params": {"lr": {"lt": 0.1}}}, "runs", 1),
    ({"params": {"opt": "sgd", "i": {"in": [1, 2, 3]}}}, "runs", 2),
    ({"params": {"opt": {"ne": "sgd"}}}, "runs", 6),
    ({"params": {"opt": {"ne": 5}}}, "runs", 12),
    ({"params": {"i": {"ne": 5}}}, "runs", 11),
    ({"params": {"opt": {"gt": "b"}}}, "runs", 6),
    ({"params": {"opt": {"exists": True}}}, "runs", 12),
    ({"params": {"none": {"exists": False}}}, "runs", 12),
    ({"has_deployment": True}, "runs", 1),
    ({"has_deployment": False}, "runs", 11),
    ({"archived": True}, "runs", 1),
    ({"archived": False}, "runs", 11),
    ({"include_archived": False}, "runs", 11),
    ({"include_archived": True}, "runs", 12),
    ({"code_revision": "abc"}, "runs", 1),
    ({"dataset_ref": "s3://data"}, "runs", 1),
    ({"name_prefix": "s1"}, "stages", 2),
    ({"status": "open", "started_after": stamp(0)}, "batches", 12),
    ({"observed_after": stamp(2)}, "samples", 4),
    ({"name": "x03"}, "samples", 1),
    ({"retention_class": "short"}, "samples", 0),
    ({"captured_before": stamp(0)}, "environments", 0),
    ({"relation_type": "used", "source_ref": "run:p.r01"}, "relations", 1),
    ({"relation_type": ["derived_from"]}, "relations", 0),
    ({"refs": []}, "relations", 0),
    ({"recorded_before": stamp(3), "target_ref": "artifact:p.r00.m"}, "relations", 3),
    ({"assertion_mode": "inferred"}, "provenance", 0),
    ({"created_before": stamp(0), "name_prefix": "p"}, "projects", 0),
]


@pytest.mark.parametrize(("filters", "name", "number"), FILTERS)
def test_filters_work_in_sql(marked, filters, name, number):
    """Each filter finds what it says; the count and the list agree."""
    repository = getattr(marked, name)
    what = NOUNS.get(name, name)

    assert getattr(repository, f"count_{what}")(**filters) == number
    assert len(getattr(repository, f"list_{what}")(**filters)) == number


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"status": "complete"}, "metadata_unknown_status"),
        ({"status": ["completed", "done"]}, "metadata_unknown_status"),
        ({"params": {"lr": {"like": 1}}}, "metadata_unknown_operator"),
        ({"params": {"lr": {"in": "abc"}}}, "metadata_invalid_filter"),
        ({"params": {"lr": {"exists": 1}}}, "metadata_invalid_filter"),
        ({"tags": ["team"]}, "metadata_invalid_filter"),
        ({"name": ""}, "metadata_invalid_filter"),
        ({"archived": "no"}, "metadata_invalid_filter"),
        ({"include_archived": 0}, "metadata_invalid_filter"),
        ({"order_by": "payload; DROP TABLE ledger_runs"}, "metadata_invalid_order"),
        ({"colour": "red"}, "metadata_unknown_filter"),
    ],
)
def test_a_typo_is_an_error_and_not_an_empty_answer(read, filters, code):
    """Unknown statuses, operators, orders and filters are refused, with what is allowed."""
    with pytest.raises(ValidationError) as caught:
        read.runs.page_runs(**filters)

    assert caught.value.code == code
    assert "allowed" in caught.value.details or code == "metadata_invalid_filter"
