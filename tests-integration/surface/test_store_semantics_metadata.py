"""What scripts of the first version rely on in the metadata plane, beyond names."""

import sqlite3

import pytest

from contexta.contract import to_json
from contexta.contract.errors import (
    ContextaError,
    MigrationError,
    NotFoundError,
    SchemaVersionError,
    StoreAccessError,
)
from contexta.contract.testing import builders as b
from contexta.store import metadata as m

COLUMNS = {
    "projects": "ref name created_at payload_json",
    "runs": "ref project_ref name started_at status payload_json",
    "deployment_executions": (
        "ref project_ref deployment_name run_ref order_index started_at status payload_json"
    ),
    "stage_executions": "ref run_ref stage_name order_index started_at status payload_json",
    "batch_executions": (
        "ref run_ref stage_ref batch_name order_index started_at status payload_json"
    ),
    "sample_observations": (
        "ref run_ref stage_ref batch_ref sample_name observed_at retention_class "
        "redaction_profile payload_json"
    ),
    "environment_snapshots": "ref run_ref captured_at payload_json",
    "relations": "ref source_ref target_ref relation_type recorded_at payload_json",
    "provenance_records": "ref relation_ref asserted_at assertion_mode payload_json",
    "structural_ref_registry": "ref ref_kind owner_kind registered_at",
    "schema_metadata": "store_schema_version applied_at",
    "migration_history": "step_id from_version to_version description status applied_at notes_json",
}
SITUATION = ("exists", "current_version", "requires_migration", "supported", "notes")


def at(second):
    return f"2024-01-01T00:00:{second:02}Z"


def run(name, second=0, project="demo"):
    return b.run(
        run_ref=f"run:{project}.{name}",
        project_ref=f"project:{project}",
        name=name,
        started_at=at(second),
    )


def stage(name, second=0, order=None, run="demo.a"):
    return b.stage_execution(
        stage_execution_ref=f"stage:{run}.{name}",
        run_ref=f"run:{run}",
        stage_name=name,
        started_at=at(second),
        order_index=order,
    )


def deployment(name, second=0, **more):
    fields = {"started_at": at(second), "deployment_name": name, "run_ref": None, **more}
    return b.deployment_execution(
        deployment_execution_ref=f"deployment:demo.{name}", project_ref="project:demo", **fields
    )


def edge(name, source, target, second=0, **more):
    return b.lineage_edge(
        relation_ref=f"relation:demo.{name}",
        source_ref=source,
        target_ref=target,
        recorded_at=at(second),
        **{"evidence_refs": (), **more},
    )


def provenance(name, relation, **more):
    return b.provenance_record(
        provenance_ref=f"provenance:demo.{name}", relation_ref=relation, **more
    )


def names(models, field):
    return [getattr(model, field).text.rpartition(".")[2] for model in models]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def store(path):
    with m.MetadataStore(m.MetadataStoreConfig("duckdb", path)) as opened:
        opened.projects.put_project(b.project())
        for name, second in (("b", 1), ("a", 1), ("c", 0)):
            opened.runs.put_run(run(name, second))
        yield opened


def test_put_returns_what_it_was_given_and_the_last_write_counts(store):
    """Also a completed run may be put back to open."""
    opened = run("a")
    closed = b.run(**{**opened.to_dict(), "status": "completed", "ended_at": at(9)})
    results = [store.runs.put_run(each) for each in (closed, opened, opened)]

    assert [closed, opened, opened] == results
    assert opened == store.runs.get_run("run:demo.a")


def test_runs_come_project_by_project_and_within_one_by_start(store):
    """The text of a ref breaks ties; a filter by project leaves the order."""
    store.projects.put_project(b.project(project_ref="project:any", name="any"))
    store.runs.put_run(run("late", 9, "any"))

    assert ["late", "c", "a", "b"] == names(store.runs.list_runs(), "run_ref")
    assert ["c", "a", "b"] == names(store.runs.list_runs("project:demo"), "run_ref")


def test_stages_come_by_index_then_start_and_without_index_last(store):
    """Then by ref."""
    for each in (stage("s1", 3), stage("s2", 2, 1), stage("s3", 1, 0), stage("s4"), stage("s0")):
        store.stages.put_stage_execution(each)
    listed = store.stages.list_stage_executions(run_ref="run:demo.a")

    assert ["s3", "s2", "s0", "s4", "s1"] == names(listed, "stage_execution_ref")


def test_deployments_come_by_index_for_a_run_and_by_name_for_a_project(store):
    """The run wins over the project; a run that is not stored is taken."""
    for each in (
        deployment("b", 0, run_ref="run:demo.a"),
        deployment("c", 9, run_ref="run:demo.a", order_index=0),
        deployment("a", 6, run_ref="run:demo.ghost", artifact_ref="artifact:demo.a.none"),
    ):
        store.deployments.put_deployment_execution(each)
    listed, field = store.deployments.list_deployment_executions, "deployment_execution_ref"

    assert ["c", "b"] == names(listed(run_ref="run:demo.a", project_ref="project:no"), field)
    assert ["a", "b", "c"] == names(listed(project_ref="project:demo"), field)
    assert ["a", "b", "c"] == names(listed(), field)


def test_a_relation_with_an_unknown_end_leaves_nothing(store):
    """Neither the relation nor its other end is registered; artifacts need not exist."""
    for source, target in (
        ("run:demo.ghost", "run:demo.a"),
        ("artifact:demo.a.new", "run:demo.ghost"),
    ):
        with pytest.raises(NotFoundError) as caught:
            store.relations.put_relation(edge("bad", source, target))
        assert ("metadata_ref_not_found", "run:demo.ghost") == (
            *(caught.value.code,),
            caught.value.details["ref"],
        )

    assert not {"relation:demo.bad", "artifact:demo.a.new"} & set(store.list_registered_refs())


def test_lineage_registers_every_ref_that_it_names(store):
    """Ends, evidence, contexts and bundles; what is evidence may become an end."""
    more = {"evidence_refs": ("record:demo.a.r1",), "operation_context_ref": "op:demo.a.s.o2"}
    store.relations.put_relation(edge("x", "artifact:demo.a.m", "op:demo.a.s.o1", **more))
    more = {
        "formation_context_ref": "op:demo.a.s.o3",
        "evidence_bundle_ref": "artifact:demo.a.e",
    }
    store.provenance.put_provenance(provenance("v", "relation:demo.x", **more))
    store.relations.put_relation(edge("y", "record:demo.a.r1", "run:demo.a"))
    registered = store.list_registered_refs()
    wanted = """
        artifact:demo.a.e artifact:demo.a.m op:demo.a.s.o1 op:demo.a.s.o2 op:demo.a.s.o3
        project:demo provenance:demo.v record:demo.a.r1 relation:demo.x relation:demo.y
        run:demo.a run:demo.b run:demo.c
        """

    assert tuple(wanted.split()) == registered
    assert store.check_integrity().ok


def test_a_snapshot_holds_what_touches_the_run(store):
    """Relations of one hop by ref, their provenance, refs without project and far ends."""
    store.stages.put_stage_execution(stage("s"))
    for name, source, target in (
        ("r2", "run:demo.a", "run:demo.b"),
        ("r1", "run:demo.c", "stage:demo.a.s"),
        ("far", "run:demo.b", "run:demo.c"),
    ):
        store.relations.put_relation(edge(name, source, target))
    store.provenance.put_provenance(provenance("v", "relation:demo.r2"))
    snapshot = store.build_run_snapshot("run:demo.a")

    assert ["r1", "r2"] == names(snapshot.relations, "relation_ref")
    assert (
        *("provenance:demo.v", "relation:demo.r1", "relation:demo.r2"),
        *("run:demo.a", "stage:demo.a.s"),
    ) == snapshot.scoped_refs
    assert snapshot == m.build_run_snapshot(store, "run:demo.a")
    assert list(snapshot.to_dict()["stages"][0]) == list(stage("s").to_dict())


def test_a_snapshot_says_what_it_lacks(store):
    """In a fixed order; the other planes are never part of it."""
    notes = [store.build_run_snapshot("run:demo.a").completeness_notes]
    store.relations.put_relation(edge("x", "run:demo.a", "run:demo.b"))
    notes.append(store.build_run_snapshot("run:demo.a").completeness_notes)
    planes = ("record_plane_not_projected", "artifact_plane_not_projected")

    assert ("environment_snapshot_missing", "relation_graph_empty", *planes) == notes[0]
    assert ("environment_snapshot_missing", "provenance_missing", *planes) == notes[1]


@pytest.mark.parametrize("table", COLUMNS)
def test_frames_have_the_columns_in_their_order(store, table):
    """Of every table, in pandas and in Polars, and by SQL."""
    wanted = COLUMNS[table].split()

    assert wanted == list(store.pandas.table(table).columns)
    assert wanted == store.polars.table(table).columns
    assert wanted == [c[0] for c in store.duckdb.execute(f"select * from {table}").description]


def test_rows_by_sql(store):
    """Tuples, by positional parameters; no row is None; the payload is the canonical JSON."""
    sql = store.duckdb
    one = "select payload_json from runs where ref = ?"

    assert (to_json(store.runs.get_run("run:demo.a")),) == sql.query_one(one, ["run:demo.a"])
    assert sql.query_one(one, ("run:demo.none",)) is None
    assert (("run:demo.c",), ("run:demo.a",), ("run:demo.b",)) == sql.query_all(
        "select ref from runs order by started_at, ref"
    )
    assert "1" == sql.get_schema_version() == store.get_store_schema_version()


def test_frames_without_rows_keep_their_columns(store):
    """Of type object in pandas and Null in Polars."""
    sql = "select ref, name from runs where ref = 'none'"
    pandas, polars = store.pandas.query(sql), store.polars.query(sql)

    assert {"ref": "object", "name": "object"} == {k: str(v) for k, v in pandas.dtypes.items()}
    assert {"ref": "Null", "name": "Null"} == {k: str(v) for k, v in polars.schema.items()}


def test_puts_join_the_transaction_of_the_adapter(store):
    """All are kept, or none when it ends with an exception."""
    with store.duckdb.transaction() as adapter:
        store.runs.put_run(run("kept"))
        assert isinstance(adapter, m.DuckDBAdapter)

    def stopped():
        with store.duckdb.transaction():
            store.runs.put_run(run("dropped"))
            raise KeyError("stop")

    with pytest.raises(KeyError):
        stopped()

    assert store.runs.exists_run("run:demo.kept")
    assert not store.runs.exists_run("run:demo.dropped")


def test_a_schema_is_inspected_in_every_situation(path, tmp_path):
    """Without creating the file."""
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("create table other (a)")
    connection.close()
    found = []
    for place in (":memory:", path, foreign):
        inspection = m.inspect_schema(m.MetadataStoreConfig(database_path=place))
        found.append(tuple(getattr(inspection, name) for name in SITUATION))

    assert not path.exists()
    assert [
        (False, None, False, True, ("in_memory_store",)),
        (False, None, False, True, ("store_missing",)),
        (True, None, False, False, ("schema_metadata_missing",)),
    ] == found


def test_a_version_without_a_way_is_said_and_refused(store):
    """Inspection tells, planning raises, opening another version raises."""
    inspection = m.inspect_schema(store.config, target_version="9")
    with pytest.raises(MigrationError) as planned:
        m.plan_migration_for(store.config, target_version="9")
    store.close()
    with sqlite3.connect(store.config.database_path) as connection:
        connection.execute("update schema_metadata set store_schema_version = '0'")
    connection.close()
    with pytest.raises(SchemaVersionError) as opened:
        m.MetadataStore(store.config)

    assert (True, "1", True, False, ("unsupported_migration_path",)) == tuple(
        getattr(inspection, name) for name in SITUATION
    )
    assert ("metadata_migration_path_missing", "1", "9") == (
        planned.value.code,
        *(planned.value.details[name] for name in ("current_version", "target_version")),
    )
    assert "metadata_store_schema_version_unsupported" == opened.value.code


def test_a_migration_of_a_current_store_changes_nothing(store):
    """And says so, after the word on `auto_migrate`."""
    store.close()
    result = m.migrate_for(m.MetadataStoreConfig("duckdb", store.config.database_path, True))
    auto = m.migrate_for(
        m.MetadataStoreConfig(database_path=store.config.database_path, auto_migrate=True)
    )

    assert ("1", "1", False, ("no_schema_changes_required",)) == (
        *(result.current_version, result.target_version, result.changed),
        result.warnings,
    )
    assert ("config_auto_migrate_is_enabled", "no_schema_changes_required") == auto.warnings


def test_a_preview_lists_one_line_for_each_candidate():
    """Behind a line with their number; a healthy store has one line."""
    issues = [
        m.IntegrityIssue("missing_run_project", "m", ref="run:p.r", suggested_action="look"),
        m.IntegrityIssue("other", "n", severity="warning", suggested_action="look"),
    ]
    report = m.IntegrityReport(False, "1", "2024-01-01T00:00:00Z", tuple(issues))
    plan = m.plan_repairs(report)

    assert {"error": 1, "warning": 1} == report.issue_counts
    assert ("look",) == plan.actions
    assert ("look: run:p.r (missing_run_project)", "look: <store> (other)") == (
        m.preview_repairs(plan).summary_lines[1:]
    )
    assert 1 == len(m.preview_repairs().summary_lines)


def test_a_store_that_is_absent_is_not_created_against_the_settings(tmp_path):
    """Neither read-only nor with `auto_create=False`, and no folder either."""
    for more in ({"read_only": True}, {"auto_create": False}):
        with pytest.raises(StoreAccessError):
            m.MetadataStore(m.MetadataStoreConfig(database_path=tmp_path / "a" / "b.db", **more))

    assert [] == list(tmp_path.iterdir())


def test_wrong_calls_raise_our_errors(store):
    """For SQL, tables, models and refs; a filter of another kind is a ValueError as well."""
    calls = [
        lambda: store.duckdb.query_all("selec"),
        lambda: store.pandas.query("insert into runs values (1)"),
        lambda: store.polars.table("runs; drop table relations"),
        lambda: store.runs.put_run({"name": "x"}),
        lambda: store.runs.get_run(5),
        lambda: store.runs.find_run("garbage"),
    ]
    for call in calls:
        with pytest.raises(ContextaError):
            call()
    with pytest.raises(ValueError, match="project"):
        store.runs.list_runs("run:demo.a")

    assert () == store.runs.list_runs("project:none")
    assert 3 == len(store.runs.list_runs())
