"""The check over all planes."""

import io
import sqlite3
from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest

from contexta.contract import (
    ArtifactManifest,
    DeploymentExecution,
    LineageEdge,
    Project,
    Run,
    StageExecution,
)
from contexta.contract.testing import builders
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.integrity import check_workspace
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig

T = "2026-01-01T00:00:00Z"


@contextmanager
def planes(root, **settings):
    """The three stores of one workspace, open."""
    records = RecordStore(RecordStoreConfig(root / "records", **settings))
    ledger = MetadataStoreConfig(database_path=root / "ledger.sqlite", **settings)
    with MetadataStore(ledger) as metadata, records:
        artifacts = ArtifactStore(VaultConfig(root_path=root / "artifacts", **settings))
        yield SimpleNamespace(metadata=metadata, records=records, artifacts=artifacts)
        artifacts.close()


def metric(record="m1", run="p.r", stage="p.r.s"):
    envelope = builders.record_envelope(
        "metric",
        run_ref=f"run:{run}",
        stage_execution_ref=f"stage:{stage}",
        record_ref=f"record:{run}.{record}",
    )
    payload = builders.metric_payload(metric_key="loss", value=1.0, value_type="float")
    return builders.metric_record(envelope=envelope, payload=payload)


def manifest(name="m", run="p.r"):
    return ArtifactManifest(
        artifact_ref=f"artifact:{run}.{name}",
        artifact_kind="checkpoint",
        created_at=T,
        producer_ref="sdk.python.local",
        run_ref=f"run:{run}",
        location_ref="vault://m",
    )


def relation(name, target, **more):
    return LineageEdge(
        relation_ref=f"relation:p.{name}",
        relation_type="used",
        source_ref="run:p.r",
        target_ref=target,
        recorded_at=T,
        origin_marker="explicit",
        confidence_marker="high",
        **more,
    )


def deployment(artifact):
    return DeploymentExecution(
        deployment_execution_ref="deployment:p.d",
        project_ref="project:p",
        deployment_name="d",
        artifact_ref=artifact,
        status="open",
        started_at=T,
    )


def put_artifact(open_planes, **more):
    open_planes.artifacts.put_artifact_from_stream(
        manifest(**more), io.BytesIO(b"weights"), source_name="w.bin"
    )


@pytest.fixture
def root(tmp_path):
    """A workspace whose planes agree: a run with a stage, a metric, an artifact, a deployment."""
    with planes(tmp_path) as all_planes:
        store = all_planes.metadata
        store.projects.put_project(Project(project_ref="project:p", name="p", created_at=T))
        store.runs.create_run(
            Run(run_ref="run:p.r", project_ref="project:p", name="r", status="open", started_at=T),
            writer_id=all_planes.records.writer().writer_id,
        )
        store.stages.put_stage_execution(
            StageExecution(
                stage_execution_ref="stage:p.r.s",
                run_ref="run:p.r",
                stage_name="s",
                status="open",
                started_at=T,
            )
        )
        all_planes.records.append(metric())
        put_artifact(all_planes)
        store.deployments.put_deployment_execution(deployment("artifact:p.r.m"))
        store.relations.put_relation(
            relation("e", "artifact:p.r.m", evidence_refs=["record:p.r.m1"])
        )
        store.runs.close_run("run:p.r", status="completed", ended_at=T)
    return tmp_path


def found(all_planes, *, deep=False):
    report = check_workspace(
        all_planes.metadata, all_planes.records, all_planes.artifacts, deep=deep
    )
    return [(issue.code, issue.ref) for issue in report.issues]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("read_only", [False, True])
def test_planes_that_agree_are_silent(root, deep, read_only):
    """Shallow and deep, writable and read-only."""
    with planes(root, read_only=read_only) as all_planes:
        report = check_workspace(
            all_planes.metadata, all_planes.records, all_planes.artifacts, deep=deep
        )

    assert report.issues == ()
    assert (report.ok, set(report.planes.values()), report.deep) == (True, {"checked"}, deep)


def test_records_of_runs_and_stages_that_the_ledger_lacks(root):
    """The run is an error; its stage a warning."""
    with planes(root) as all_planes:
        all_planes.records.append(metric("m1", "p.ghost", "p.ghost.s"))
        issues = found(all_planes)

    assert issues == [
        ("records_of_unknown_run", "run:p.ghost"),
        ("records_of_unknown_stage", "stage:p.ghost.s"),
    ]


def test_a_sample_that_only_records_name_is_found_by_a_deep_check(root):
    """Shallow looks at runs and at the stages of metrics only."""
    with planes(root) as all_planes:
        envelope = builders.record_envelope(
            "event",
            run_ref="run:p.r",
            stage_execution_ref="stage:p.r.s",
            sample_observation_ref="sample:p.r.s.x",
            record_ref="record:p.r.e1",
        )
        all_planes.records.append(builders.structured_event_record(envelope=envelope))
        shallow, deep = found(all_planes), found(all_planes, deep=True)

    assert (shallow, deep) == ([], [("records_of_unknown_sample", "sample:p.r.s.x")])


def test_an_open_run_without_a_living_writer(root):
    """A dead writer is a warning, a writer that cannot be one is an error; a living one is fine."""
    with planes(root) as all_planes:
        living = all_planes.records.writer().writer_id
        for name, writer in (("a", living), ("b", "0" * 32), ("c", "no writer")):
            all_planes.metadata.runs.create_run(
                Run(
                    run_ref=f"run:p.{name}",
                    project_ref="project:p",
                    name=name,
                    status="open",
                    started_at=T,
                ),
                writer_id=writer,
            )
        issues = found(all_planes)

    assert issues == [("open_run_without_writer", "run:p.b"), ("unknown_run_writer", "run:p.c")]


def test_artifacts_of_unknown_runs_and_artifacts_without_a_body(root):
    """A binding whose run is not stored, and one whose body is gone, with who depends on it."""
    with planes(root) as all_planes:
        put_artifact(all_planes, run="p.ghost")
        body = next((root / "artifacts" / "objects").rglob("*/*"))
        body.unlink()
        issues = found(all_planes)

    assert issues == [
        ("artifact_body_missing", "artifact:p.ghost.m"),
        ("artifact_body_missing", "artifact:p.r.m"),
        ("artifact_of_unknown_run", "artifact:p.ghost.m"),
        ("deployment_artifact_missing", "deployment:p.d"),
        ("lineage_artifact_missing", "relation:p.e"),
    ]


def test_lineage_to_records_and_artifacts_that_do_not_exist(root):
    """Relations are warned of; the ledger alone cannot know."""
    with planes(root) as all_planes:
        all_planes.metadata.relations.put_relation(
            relation("f", "artifact:p.r.ghost", evidence_refs=["record:p.r.ghost"])
        )
        own = all_planes.metadata.check_integrity().ok
        issues = found(all_planes)

    assert own
    assert issues == [
        ("lineage_record_missing", "relation:p.f"),
        ("lineage_artifact_missing", "relation:p.f"),
    ]


def test_a_deleted_run_that_left_records_and_artifacts(root):
    """Deleting in the ledger alone is reported until the other planes follow."""
    with closing(sqlite3.connect(root / "ledger.sqlite")) as connection:
        connection.execute("DELETE FROM ledger_deployment_executions")
        connection.execute("DELETE FROM ledger_relations")
        connection.execute("DELETE FROM ledger_mentions")
        connection.execute("DELETE FROM ledger_citations")
        connection.commit()
    with planes(root) as all_planes:
        store = all_planes.metadata
        store.apply_deletion(store.plan_deletion(["run:p.r"]))
        issues = found(all_planes)

    assert issues == [
        ("deleted_run_has_records", "run:p.r"),
        ("records_of_unknown_stage", "stage:p.r.s"),
        ("deleted_run_has_artifacts", "artifact:p.r.m"),
    ]


def test_damage_in_one_plane_hides_nothing_in_another(root):
    """A damaged ledger row, part and binding are all reported, with a missing artifact."""
    with closing(sqlite3.connect(root / "ledger.sqlite")) as connection:
        connection.execute("UPDATE ledger_runs SET name = 'other'")
        connection.commit()
    part = next((root / "records" / "metric").rglob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    binding = next((root / "artifacts" / "bindings").rglob("*.json"))
    binding.write_text("{")
    with planes(root) as all_planes:
        codes = {code for code, _ in found(all_planes, deep=True)}

    assert codes == {
        "metadata_row_damaged",
        "invalid_json_line",
        "lineage_record_missing",
        "artifact_binding_damaged",
        "deployment_artifact_missing",
        "lineage_artifact_missing",
    }


def test_a_plane_may_be_left_out(root):
    """What needs it is not checked, and the report says so."""
    with planes(root) as all_planes:
        report = check_workspace(all_planes.metadata, None, None)

    assert dict(report.planes) == {
        "metadata": "checked",
        "records": "absent",
        "artifacts": "absent",
    }
    assert report.ok


def test_the_check_writes_nothing(root):
    """Not a byte in any plane, deep and read-only."""

    def listing():
        return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    before = listing()
    with planes(root, read_only=True) as all_planes:
        found(all_planes, deep=True)

    assert listing() == before
