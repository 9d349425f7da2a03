"""Optimistic concurrency, and the history of changes."""

import pytest

from contexta.contract.errors import ConflictError, NotFoundError, ValidationError

END = "2026-01-01T01:00:00.000000Z"

CHANGES = {
    "put": lambda store, make, seen: store.runs.put_run(
        make.run(tags={"a": "put"}), expected_revision=seen
    ),
    "put_many": lambda store, make, seen: store.runs.put_many(
        [make.run(tags={"a": "many"})], expected_revision=seen
    ),
    "tags": lambda store, make, seen: store.runs.update_tags(
        "run:p.r", {"a": "tags"}, expected_revision=seen
    ),
    "params": lambda store, make, seen: store.runs.update_params(
        "run:p.r", {"lr": 9}, expected_revision=seen
    ),
    "close": lambda store, make, seen: store.runs.close_run(
        "run:p.r", status="failed", ended_at=END, expected_revision=seen
    ),
    "complete": lambda store, make, seen: store.runs.complete_run(
        "run:p.r", facts={"description": "d"}, metadata={}, expected_revision=seen
    ),
    "resume": lambda store, make, seen: store.runs.resume_run(
        "run:p.r", writer_id="w", expected_revision=seen
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nobody_overwrites_what_he_has_not_seen(store, make, change):
    """A change that expects another revision is refused, and nothing is stored."""
    make.fill(store)
    store.runs.update_tags("run:p.r", {"team": "b"})
    before = store.runs.get_run("run:p.r")
    with pytest.raises(ConflictError) as caught:
        change(store, make, 1)
    kept = store.runs.get_run("run:p.r")
    change(store, make, 2)

    assert caught.value.code == "metadata_revision_conflict"
    assert caught.value.details == {
        "ref": "run:p.r",
        "expected_revision": 1,
        "actual_revision": 2,
    }
    assert kept == before


def test_zero_means_not_there_yet(store, make):
    """Two writers that both want to be the first: the second one is told."""
    store.projects.put_project(make.project(), expected_revision=0)
    with pytest.raises(ConflictError) as caught:
        store.projects.put_project(make.project(description="mine"), expected_revision=0)
    with pytest.raises(ConflictError) as absent:
        store.runs.put_run(make.run(), expected_revision=3)

    assert caught.value.details["actual_revision"] == 1
    assert absent.value.details["actual_revision"] == 0
    assert not store.runs.exists_run("run:p.r")


def test_equal_puts_keep_the_revision(store, make):
    """Putting what is stored is no change; every other put is one more."""
    make.fill(store)
    store.runs.put_run(make.run(params={"lr": 0.1}, tags={"team": "a"}))
    same = store.get_revision("run:p.r")
    store.runs.put_run(make.run())

    assert (same, store.runs.get_revision("run:p.r")) == (1, 2)
    assert store.revision_of("run:p.none") is None
    assert store.revision_of("artifact:p.r.m") is None


@pytest.mark.parametrize("ref", ["run:p.none", "artifact:p.r.m"])
def test_absent_rows_have_no_revision(store, ref):
    """`get_revision` says so with the code of `get`."""
    with pytest.raises(NotFoundError) as caught:
        store.get_revision(ref)

    assert caught.value.code == "metadata_row_not_found"


@pytest.mark.parametrize("expected", [-1, True, "1", 1.0])
def test_revisions_are_whole_numbers(store, make, expected):
    """Anything else is refused by a code."""
    with pytest.raises(ValidationError) as caught:
        store.projects.put_project(make.project(), expected_revision=expected)

    assert caught.value.code == "metadata_invalid_revision"


def test_the_history_tells_every_change_of_a_life(store, make):
    """Status, end, name, tags, parameters and archive: previous value, value, time and actor."""
    make.fill(store)
    store.actor = "anna"
    store.runs.update_params("run:p.r", {"lr": 0.2, "opt": "sgd"})
    store.runs.put_run(make.run("r", tags={"team": "b"}, params={"opt": "sgd"}, description="x"))
    store.runs.close_run("run:p.r", status="completed", ended_at=END)
    store.runs.resume_run("run:p.r", writer_id="w")
    store.archive(["run:p.r"])
    store.unarchive(["run:p.r"])
    found = store.history("run:p.r")

    assert [(item.field, item.previous, item.value) for item in found] == [
        ("params.lr", "0.1", "0.2"),
        ("params.opt", None, '"sgd"'),
        ("params.lr", "0.2", None),
        ("tags.team", '"a"', '"b"'),
        ("status", "open", "completed"),
        ("ended_at", None, END),
        ("status", "completed", "open"),
        ("ended_at", END, None),
        ("archived", "false", "true"),
        ("archived", "true", "false"),
    ]
    assert {item.actor for item in found} == {"anna"}
    assert found[0].changed_at <= found[-1].changed_at
    assert [item.value for item in store.list_lifecycle_changes("run:p.r")] == [
        "completed",
        "open",
    ]


def test_a_new_name_is_in_the_history(store, make):
    """Renaming a run, or a project, is a change of its life."""
    make.fill(store)
    store.projects.put_project(make.project(name="p", description="only text"))
    old = store.runs.get_run("run:p.r")
    store.runs.put_run(type(old).model_validate({**old.to_dict(), "name": "New name"}))
    (change,) = store.history("run:p.r")

    assert (change.field, change.previous, change.value) == ("name", "r", "New name")
    assert store.history("project:p") == ()


def test_the_history_is_read_in_pages(store, make):
    """Pages follow each other while changes come."""
    make.fill(store)
    for value in range(5):
        store.runs.update_params("run:p.r", {"step": value})
    first = store.page_history("run:p.r", limit=2)
    store.runs.update_params("run:p.r", {"step": 5})
    rest = store.history("run:p.r", after=first.next_cursor)
    with pytest.raises(ValidationError) as foreign:
        store.history("run:p.other", after=first.next_cursor)

    assert [item.value for item in (*first.items, *rest)] == ["0", "1", "2", "3", "4", "5"]
    assert foreign.value.code == "metadata_invalid_cursor"


@pytest.mark.parametrize("name", ["", "  ", 5, "x" * 201])
def test_an_actor_is_a_short_text(store, name):
    """Anything else is refused, and the actor stays."""
    before = store.actor
    with pytest.raises(ValidationError) as caught:
        store.actor = name

    assert (caught.value.code, store.actor) == ("metadata_invalid_actor", before)
