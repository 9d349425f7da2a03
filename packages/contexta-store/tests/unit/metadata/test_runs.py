"""The lifecycle of runs, their parameters and tags, and finding them."""

import pytest

from contexta.contract.errors import ConflictError, NotFoundError, ValidationError

END = "2026-01-01T01:00:00Z"


def test_names_repeat_and_refs_do_not(store, make):
    """The first run called x is `run:p.x`, the next ones get -2 and -3; gaps are not reused."""
    refs = [store.runs.create_run(make.run("x")).run_ref.text for _ in range(3)]
    store.runs.put_run(make.run("x-4"))
    refs.append(store.runs.create_run(make.run("x")).run_ref.text)

    assert refs == ["run:p.x", "run:p.x-2", "run:p.x-3", "run:p.x-5"]
    assert len(store.runs.list_runs(name="x")) == 4


def test_long_names_keep_room_for_the_suffix(store, make):
    """A component of 63 characters is cut for its suffix."""
    store.runs.create_run(make.run("a" * 63))
    second = store.runs.create_run(make.run("a" * 63)).run_ref.text

    assert second == "run:p." + "a" * 61 + "-2"


def test_create_run_makes_the_project_when_missing(store, make):
    """The given project is stored, or one named like its ref; an existing one stays."""
    store.runs.create_run(make.run(), project=make.project(description="mine"))
    store.runs.create_run(make.run(), project=make.project(description="other"))
    store.runs.create_run(make.run(project="q"))

    assert store.projects.get_project("project:p").description == "mine"
    assert store.projects.get_project("project:q").name == "q"
    with pytest.raises(NotFoundError):
        store.runs.create_run(make.run(project="z"), project=make.project("y"))


def test_close_run_gives_status_and_end(store, make):
    """A closed run has its status and end, and its change is in the history."""
    run = store.runs.create_run(make.run(), writer_id="w1")
    open_writers = store.runs.open_run_writers()
    closed = store.runs.close_run(run.run_ref, status="failed", ended_at=END)
    (change,) = store.list_lifecycle_changes("run:p.r")

    assert store.runs.get_run("run:p.r") == closed
    assert (closed.status, closed.ended_at) == ("failed", "2026-01-01T01:00:00.000000Z")
    assert (change.field, change.previous_value, change.value) == ("status", "open", "failed")
    assert change.actor
    assert (open_writers, store.runs.open_run_writers()) == ((("run:p.r", "w1"),), ())


def test_closing_twice_is_refused_unless_asked_for(store, make):
    """`metadata_run_not_open` protects a finished run; `expected_open=False` overrides."""
    store.runs.create_run(make.run())
    store.runs.close_run("run:p.r", status="completed", ended_at=END)
    with pytest.raises(ConflictError) as caught:
        store.runs.close_run("run:p.r", status="failed", ended_at=END)
    again = store.runs.close_run("run:p.r", status="failed", ended_at=END, expected_open=False)

    assert caught.value.code == "metadata_run_not_open"
    assert again.status == "failed"
    assert len(store.list_lifecycle_changes("run:p.r")) == 2


def test_a_clock_set_back_does_not_keep_a_run_open(store, make):
    """An end before the start is stored as the start."""
    store.runs.create_run(make.run())
    closed = store.runs.close_run("run:p.r", status="completed", ended_at="2025-12-31T00:00:00Z")

    assert closed.ended_at == closed.started_at


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda r: r.close_run("run:p.none", status="failed", ended_at=END), NotFoundError),
        (lambda r: r.close_run("run:p.r", status="odd", ended_at=END), ValidationError),
        (lambda r: r.close_run("run:p.r", status="open", ended_at=END), ValidationError),
        (lambda r: r.close_run("run:p.r", status="failed", ended_at="soon"), ValidationError),
        (lambda r: r.resume_run("run:p.none", writer_id="w"), NotFoundError),
        (lambda r: r.update_params("run:p.none", {"a": 1}), NotFoundError),
    ],
)
def test_bad_lifecycle_calls_change_nothing(store, make, call, error):
    """Unknown runs and bad values are refused, and the run stays as it was."""
    run = store.runs.create_run(make.run())
    with pytest.raises(error):
        call(store.runs)

    assert store.runs.get_run("run:p.r") == run


def test_resume_opens_again_and_keeps_the_history(store, make):
    """A resumed run is open, its new writer replaces the old one, both changes are kept."""
    store.runs.create_run(make.run(), writer_id="w1")
    store.runs.close_run("run:p.r", status="interrupted", ended_at=END)
    resumed = store.runs.resume_run("run:p.r", writer_id="w2")
    store.runs.resume_run("run:p.r", writer_id="w3")
    changes = store.list_lifecycle_changes("run:p.r")

    assert (resumed.status, resumed.ended_at) == ("open", None)
    assert store.runs.open_run_writers() == (("run:p.r", "w3"),)
    assert [(c.previous_value, c.value) for c in changes] == [
        ("open", "interrupted"),
        ("interrupted", "open"),
    ]


def test_status_changes_by_put_are_in_the_history(opened, make):
    """Also a plain put is recorded, for stages too, with the configured actor."""
    store = opened(actor="ci-bot")
    make.fill(store)
    store.stages.put_stage_execution(make.stage(status="completed", ended_at=END))
    store.stages.put_many([make.stage(status="failed", ended_at=END)])
    changes = store.list_lifecycle_changes("stage:p.r.s")

    assert [(c.previous_value, c.value, c.actor) for c in changes] == [
        ("open", "completed", "ci-bot"),
        ("completed", "failed", "ci-bot"),
    ]


def test_putting_the_same_again_changes_nothing(store, make):
    """An identical put leaves revision and history alone."""
    make.fill(store)
    before = store.duckdb.query_all("SELECT ref, revision FROM ledger_runs")
    store.runs.put_run(store.runs.get_run("run:p.r"))

    assert store.duckdb.query_all("SELECT ref, revision FROM ledger_runs") == before


def test_params_and_tags_follow_every_put(store, make):
    """The rows of parameters and tags are those of the run, after put and update."""
    make.fill(store)
    store.runs.put_run(make.run(params={"lr": 1, "opt": "adam", "on": True, "x": None}, tags={}))
    store.runs.update_params("run:p.r", {"lr": 2.5})
    store.runs.update_tags("run:p.r", {"b": "c"})

    assert store.duckdb.query_all("SELECT key, text, number FROM run_params ORDER BY key") == (
        ("lr", "2.5", 2.5),
        ("on", "true", None),
        ("opt", "adam", None),
        ("x", "null", None),
    )
    assert store.duckdb.query_all("SELECT key, value FROM run_tags") == (("b", "c"),)
    assert dict(store.runs.get_run("run:p.r").params)["lr"] == 2.5
    assert store.check_integrity().ok


@pytest.fixture
def many(store, make):
    store.projects.put_project(make.project())
    store.projects.put_project(make.project("q"))
    for i in range(10):
        done = (
            {"status": "completed", "ended_at": f"2026-01-02T00:00:{9 - i:02d}Z"} if i % 2 else {}
        )
        store.runs.put_run(
            make.run(
                f"r{i}",
                started_at=f"2026-01-01T00:00:{i:02d}Z",
                params={"lr": i / 10, "opt": "adam" if i < 5 else "sgd", "big": 2**60 + i},
                tags={"team": "a" if i % 3 else "b"},
                **done,
            )
        )
    store.runs.put_run(make.run("other", project="q"))
    return store


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"project_ref": "project:q"}, ["other"]),
        ({"project_ref": "project:none"}, []),
        ({"status": "completed"}, ["r1", "r3", "r5", "r7", "r9"]),
        ({"status": ("completed", "failed"), "limit": 2}, ["r1", "r3"]),
        ({"tags": {"team": "b"}}, ["r0", "r3", "r6", "r9"]),
        ({"tags": {"team": "b"}, "params": {"opt": "sgd"}}, ["r6", "r9"]),
        ({"params": {"lr": 0.3}}, ["r3"]),
        ({"params": {"lr": 0}}, ["r0"]),
        ({"params": {"lr": "0.3"}}, []),
        ({"params": {"none": 1}}, []),
        ({"name": "r4"}, ["r4"]),
        ({"project_ref": "project:p", "started_after": "2026-01-01T00:00:08Z"}, ["r8", "r9"]),
        ({"project_ref": "project:p", "started_before": "2026-01-01T00:00:02Z"}, ["r0", "r1"]),
        ({"project_ref": "project:p", "descending": True, "limit": 2}, ["r9", "r8"]),
        ({"project_ref": "project:p", "limit": 2, "offset": 3}, ["r3", "r4"]),
        ({"project_ref": "project:p", "offset": 8}, ["r8", "r9"]),
        ({"project_ref": "project:p", "order_by": "ended_at", "limit": 3}, ["r9", "r7", "r5"]),
        ({"order_by": "name", "limit": 2}, ["other", "r0"]),
        ({"limit": 0}, []),
    ],
)
def test_list_runs_filters_and_pages(many, filters, names):
    """Conditions, order and limits are applied together."""
    assert [run.name for run in many.runs.list_runs(**filters)] == names


def test_open_runs_come_last_by_end_in_both_directions(many):
    """`ended_at` orders open runs last, ascending and descending."""
    for descending in (False, True):
        runs = many.runs.list_runs(order_by="ended_at", descending=descending)

        assert [run.status for run in runs] == ["completed"] * 5 + ["open"] * 6


@pytest.mark.parametrize(
    "filters",
    [
        {"order_by": "name; DROP TABLE runs"},
        {"limit": -1},
        {"limit": True},
        {"offset": "3"},
        {"started_after": "soon"},
        {"project_ref": "run:p.r"},
    ],
)
def test_list_runs_refuses_bad_arguments(store, filters):
    """Bad arguments raise our error; no text reaches the SQL."""
    with pytest.raises(ValidationError):
        store.runs.list_runs(**filters)


def test_completing_a_run_changes_nothing_that_is_set(store, make):
    """Facts found later fill what is empty; parameters set meanwhile stay."""
    store.runs.create_run(make.run("r", dataset_ref="given", metadata={"a": 1}))
    store.runs.update_params("run:p.r", {"lr": 0.5})
    run = store.runs.complete_run(
        "run:p.r",
        facts={"dataset_ref": "found", "code_revision": "abc"},
        metadata={"a": 2, "b": 3},
    )

    assert (run.dataset_ref, run.code_revision) == ("given", "abc")
    assert (dict(run.metadata), dict(run.params)) == ({"a": 1, "b": 3}, {"lr": 0.5})
    assert store.runs.get_run("run:p.r") == run


def test_an_end_brings_what_was_found_out_meanwhile(store, make):
    """Status, facts and environment are one transaction; nothing that is set is changed."""
    run = make.run("r", dataset_ref="given", metadata={"a": 1})
    environment = make.environment("env")
    store.runs.create_run(run)
    closed = store.runs.close_run(
        "run:p.r",
        status="completed",
        ended_at=END,
        facts={"dataset_ref": "found", "code_revision": "abc"},
        metadata={"a": 2, "b": 3},
        environment=environment,
    )

    assert (closed.status, closed.dataset_ref, closed.code_revision) == (
        "completed",
        "given",
        "abc",
    )
    assert dict(closed.metadata) == {"a": 1, "b": 3}
    assert store.runs.get_run("run:p.r") == closed
    assert [found.run_ref.text for found in store.runs.list_runs(code_revision="abc")] == [
        "run:p.r"
    ]
    assert store.environments.list_environment_snapshots("run:p.r") == (environment,)


def test_an_end_with_a_refused_fact_changes_nothing(store, make):
    """All of it or nothing: the run stays open, and no environment is stored."""
    store.runs.create_run(make.run("r"))
    with pytest.raises(ValidationError):
        store.runs.close_run(
            "run:p.r",
            status="completed",
            ended_at=END,
            facts={"colour": "red"},
            environment=make.environment("env"),
        )

    assert store.runs.get_run("run:p.r").status == "open"
    assert store.environments.list_environment_snapshots("run:p.r") == ()
