"""Put, get, find, exists and list of all nine repositories."""

import pytest

from contexta.contract import ExtensionFieldSet
from contexta.contract.errors import (
    ClosedScopeError,
    NotFoundError,
    SerializationError,
    ValidationError,
)
from contexta.contract.refs import StableRef

SUFFIXES = [
    ("projects", "project", "project:p"),
    ("runs", "run", "run:p.r"),
    ("deployments", "deployment_execution", "deployment:p.d"),
    ("stages", "stage_execution", "stage:p.r.s"),
    ("batches", "batch_execution", "batch:p.r.s.b"),
    ("samples", "sample_observation", "sample:p.r.s.b.x"),
    ("environments", "environment_snapshot", "environment:p.r.e"),
    ("relations", "relation", "relation:p.e1"),
    ("provenance", "provenance", "provenance:p.c1"),
]


@pytest.mark.parametrize(("repository", "suffix", "ref"), SUFFIXES)
def test_what_was_put_is_got_back(opened, make, repository, suffix, ref):
    """Every model comes back equal, by text and by `StableRef`, also from another store."""
    first = opened()
    make.fill(first)
    other = getattr(opened(), repository)
    model = getattr(getattr(first, repository), f"get_{suffix}")(ref)

    assert getattr(other, f"get_{suffix}")(StableRef.parse(ref)) == model
    assert getattr(other, f"find_{suffix}")(ref) == model
    assert getattr(other, f"exists_{suffix}")(ref) is True
    assert getattr(other, f"put_{suffix}")(model) is model


@pytest.mark.parametrize(("repository", "suffix", "ref"), SUFFIXES)
def test_absent_and_malformed_refs(store, repository, suffix, ref):
    """Absent refs, also of another kind, are not found; malformed text is refused."""
    own = getattr(store, repository)
    with pytest.raises(NotFoundError) as absent:
        getattr(own, f"get_{suffix}")(ref)
    for method in ("get", "find", "exists"):
        with pytest.raises(ValidationError) as malformed:
            getattr(own, f"{method}_{suffix}")("no ref")
        assert malformed.value.code == "stable_ref_invalid_text"

    assert (absent.value.code, absent.value.details["ref"]) == ("metadata_row_not_found", ref)
    assert getattr(own, f"find_{suffix}")("op:a.b.c.d") is None
    assert getattr(own, f"exists_{suffix}")("op:a.b.c.d") is False


@pytest.mark.parametrize(("repository", "suffix", "ref"), SUFFIXES)
def test_putting_no_model_is_our_error(store, repository, suffix, ref):
    """An argument of another type raises a coded error, not an AttributeError."""
    own = getattr(store, repository)
    for call in (lambda: getattr(own, f"put_{suffix}")({"ref": ref}), lambda: own.put_many([3])):
        with pytest.raises(ValidationError) as caught:
            call()
        assert caught.value.code == "metadata_store_invalid_model"


@pytest.mark.parametrize(
    ("put", "code", "details"),
    [
        (
            lambda s, m: s.runs.put_run(m.run()),
            "metadata_missing_run_project",
            {"project_ref": "project:p", "run_ref": "run:p.r"},
        ),
        (
            lambda s, m: s.deployments.put_deployment_execution(m.deployment()),
            "metadata_missing_deployment_project",
            {"deployment_ref": "deployment:p.d", "project_ref": "project:p"},
        ),
        (
            lambda s, m: s.stages.put_stage_execution(m.stage()),
            "metadata_missing_stage_run",
            {"run_ref": "run:p.r", "stage_ref": "stage:p.r.s"},
        ),
        (
            lambda s, m: s.batches.put_batch_execution(m.batch()),
            "metadata_missing_batch_run",
            {"batch_ref": "batch:p.r.s.b", "run_ref": "run:p.r"},
        ),
        (
            lambda s, m: s.samples.put_sample_observation(m.sample()),
            "metadata_missing_sample_run",
            {"run_ref": "run:p.r", "sample_ref": "sample:p.r.s.x"},
        ),
        (
            lambda s, m: s.environments.put_environment_snapshot(m.environment()),
            "metadata_missing_environment_run",
            {"environment_ref": "environment:p.r.e", "run_ref": "run:p.r"},
        ),
        (
            lambda s, m: s.provenance.put_provenance(m.provenance("c", "e")),
            "metadata_missing_provenance_relation",
            {"provenance_ref": "provenance:p.c", "relation_ref": "relation:p.e"},
        ),
    ],
)
def test_missing_parents_are_named(store, make, put, code, details):
    """A child without its parent is refused with a code and both refs; nothing is stored."""
    with pytest.raises(NotFoundError) as caught:
        put(store, make)

    assert (caught.value.code, dict(caught.value.details)) == (code, details)
    assert store.list_registered_refs() == ()


def test_missing_stage_and_batch_are_told_apart(store, make):
    """With the run stored, the next missing parent is named."""
    store.projects.put_project(make.project())
    store.runs.put_run(make.run())
    codes = []
    for put in (
        lambda: store.batches.put_batch_execution(make.batch()),
        lambda: store.samples.put_sample_observation(make.sample()),
    ):
        with pytest.raises(NotFoundError) as caught:
            put()
        codes.append(caught.value.code)
    store.stages.put_stage_execution(make.stage())
    with pytest.raises(NotFoundError) as caught:
        store.samples.put_sample_observation(make.sample(batch="b"))

    assert [*codes, caught.value.code] == [
        "metadata_missing_batch_stage",
        "metadata_missing_sample_stage",
        "metadata_missing_sample_batch",
    ]


def test_order_is_by_instant_not_by_text(store, make):
    """`00.5Z` comes after `00Z` although it sorts before it as text; offsets count."""
    store.projects.put_project(make.project())
    starts = {
        "c": "2026-01-01T00:00:00.5Z",
        "a": "2026-01-01T00:00:00Z",
        "d": "2026-01-01T00:00:01Z",
        "b": "2026-01-01T01:00:00.25+01:00",
    }
    for name, start in starts.items():
        store.runs.put_run(make.run(name, started_at=start))

    assert [run.name for run in store.runs.list_runs("project:p")] == ["a", "b", "c", "d"]
    assert [run.name for run in store.runs.list_runs()] == ["a", "b", "c", "d"]


def test_stages_are_ordered_by_index_then_start_then_ref(store, make):
    """No index comes last; equal indexes by start; equal starts by ref."""
    make.fill(store)
    late = "2026-01-01T00:00:09Z"
    store.stages.put_many(
        [
            make.stage("z", order_index=1),
            make.stage("y", order_index=0, started_at=late),
            make.stage("x", order_index=0),
            make.stage("w"),
        ]
    )
    names = [stage.stage_name for stage in store.stages.list_stage_executions("run:p.r")]

    assert names == ["x", "y", "z", "s", "w"]


def test_batch_lists_prefer_the_stage(store, make):
    """By stage, by run, all; the stage wins over the run."""
    make.fill(store)
    store.stages.put_stage_execution(make.stage("t"))
    store.batches.put_many([make.batch("c"), make.batch("a", stage="p.r.t")])
    lists = store.batches.list_batch_executions

    assert [b.batch_name for b in lists(stage_ref="stage:p.r.t", run_ref="run:p.q")] == ["a"]
    assert [b.batch_name for b in lists(run_ref="run:p.r")] == ["b", "c", "a"]
    assert len(lists()) == 3
    assert lists(run_ref="run:p.none") == ()


def test_sample_lists_prefer_the_most_specific(store, make):
    """By batch, by stage (samples without a batch last), by run, all."""
    make.fill(store)
    store.samples.put_many([make.sample("a"), make.sample("y", batch="b")])
    lists = store.samples.list_sample_observations
    names = [s.sample_name for s in lists(batch_ref="batch:p.r.s.b", run_ref="run:p.q")]

    assert names == ["x", "y"]
    assert [s.sample_name for s in lists(stage_ref="stage:p.r.s")] == ["x", "y", "a"]
    assert [s.sample_name for s in lists(run_ref="run:p.r")] == ["x", "y", "a"]
    assert len(lists()) == 3


def test_deployment_lists_prefer_the_run(store, make):
    """By run, by project (then name), all."""
    make.fill(store)
    store.projects.put_project(make.project("a"))
    store.deployments.put_many([make.deployment("c"), make.deployment("z", project="a")])
    lists = store.deployments.list_deployment_executions

    assert [d.deployment_name for d in lists(run_ref="run:p.r", project_ref="project:a")] == ["d"]
    assert [d.deployment_name for d in lists(project_ref="project:p")] == ["c", "d"]
    assert [d.deployment_name for d in lists()] == ["z", "c", "d"]


def test_filter_of_the_wrong_kind_is_our_value_error(store):
    """It is a `ValidationError`, which is also the built-in `ValueError`."""
    with pytest.raises(ValueError) as caught:
        store.stages.list_stage_executions("stage:p.r.s")

    assert isinstance(caught.value, ValidationError)
    assert caught.value.code == "stable_ref_kind_mismatch"


def test_put_many_stores_all_or_nothing(store, make):
    """One bad model in a batch keeps the others out, and the last of equal refs counts."""
    store.projects.put_project(make.project())
    with pytest.raises(NotFoundError):
        store.runs.put_many([make.run("a"), make.run("b", project="missing")])
    before = store.runs.list_runs()
    store.runs.put_many([make.run("a", tags={"v": "1"}), make.run("a", tags={"v": "2"})])
    store.runs.put_many([make.run("a", tags={"v": "3"}), make.run("b")])

    assert before == ()
    assert [run.tags for run in store.runs.list_runs()] == [{"v": "3"}, {}]


def test_extensions_of_strangers_are_read_back(store, make):
    """A project with an extension of an unknown namespace is readable after the put."""
    extension = ExtensionFieldSet("acme.cost", {"euros": 3})
    project = store.projects.put_project(make.project(extensions=(extension,)))

    assert store.projects.get_project("project:p") == project


def test_values_that_cannot_be_stored_are_refused(store, make):
    """Lone surrogates and numbers past 64 bits raise our error and store nothing."""
    make.fill(store)
    with pytest.raises((ValidationError, SerializationError)):
        store.runs.put_run(make.run("u", tags={"k": "\udc80"}))
    with pytest.raises(ValidationError):
        store.stages.put_stage_execution(make.stage("u", order_index=2**70))

    assert not store.runs.exists_run("run:p.u")
    assert not store.stages.exists_stage_execution("stage:p.r.u")


def test_any_text_survives(store, make):
    """Quotes, NUL-free controls, right-to-left and four-byte characters come back equal."""
    text = "a'\"\\;--\t\n\u202e\U0001f600 %s ? :x"
    store.projects.put_project(make.project(description=text, tags={text.strip(): text}))

    assert store.projects.get_project("project:p").description == text.strip()


def test_use_after_close_is_our_error(store, make):
    """Every kind of call on a closed store raises `metadata_store_closed`."""
    store.close()
    store.close()
    for call in (
        lambda: store.runs.list_runs(),
        lambda: store.projects.put_project(make.project()),
        lambda: store.duckdb.query_all("SELECT 1"),
        lambda: store.check_integrity(),
        store.list_registered_refs,
    ):
        with pytest.raises(ClosedScopeError) as caught:
            call()
        assert caught.value.code == "metadata_store_closed"


def test_memory_stores_are_independent(opened, make):
    """Each `:memory:` store is a world of its own, with all features."""
    first, second = opened(database_path=":memory:"), opened(database_path=":memory:")
    make.fill(first)

    assert (len(first.runs.list_runs()), len(second.runs.list_runs())) == (1, 0)
    assert first.check_integrity().ok
    assert first.duckdb.query_one("SELECT count(*) FROM runs") == (1,)
