"""What the repository makes of stored records, artifacts and relations."""

import math
import pickle

import pytest

from contexta.contract import (
    BatchExecution,
    DegradedPayload,
    DegradedRecord,
    EnvironmentSnapshot,
    LineageEdge,
    ProvenanceRecord,
    SampleObservation,
    StructuredEventPayload,
    StructuredEventRecord,
    TraceSpanPayload,
    TraceSpanRecord,
)
from contexta.interpretation import (
    AggregationService,
    CompareService,
    CompositeStoreRepository,
    DiagnosticsService,
    LineageService,
    ProvenanceService,
    QueryService,
    ReportBuilder,
    ResolutionError,
    TrendService,
)
from contexta.store.records import RecordStore, RecordStoreConfig


@pytest.mark.parametrize("sealed", [False, True])
def test_records_of_all_types_are_projected(space, sealed):
    """Events, metrics, spans and degraded records appear in one order, sealed or live."""
    run = space.run("run:p.r1")
    stage = space.stage(run, "train")
    space.points(run, "loss", [0.5], stage=stage, unit="nats")
    space.records.append_many(
        [
            StructuredEventRecord(
                space.envelope(run, "event", "e1"),
                StructuredEventPayload("oom", "error", "no memory", attributes={"gb": 2}),
            ),
            TraceSpanRecord(
                space.envelope(run, "span", "s1"),
                TraceSpanPayload("1", "t", None, "load", space.at(0), space.at(0.5), "ok", "io"),
            ),
            DegradedRecord(
                space.envelope(
                    run,
                    "degraded",
                    "d1",
                    degradation_marker="capture_gap",
                    completeness_marker="partial",
                ),
                DegradedPayload("gap", "capture", "warning", "12 points lost"),
            ),
        ]
    )
    if sealed:
        space.records.seal()
    records = space.query.get_run_snapshot(run).records
    metric, event, span, degraded = records

    assert (metric.record_type, metric.key, metric.value, metric.unit) == (
        "metric",
        "loss",
        0.5,
        "nats",
    )
    assert (metric.stage_id, metric.payload["step"]) == (stage, 0)
    assert metric.record_id.startswith("record:p.r1.metric-")
    assert (event.key, event.message, event.payload["attributes"]) == (
        "oom",
        "no memory",
        {"gb": 2},
    )
    assert (span.key, span.value, span.unit) == ("load", 30_000.0, "ms")
    assert (degraded.key, degraded.message, degraded.degradation_marker) == (
        "gap",
        "12 points lost",
        "capture_gap",
    )
    assert pickle.loads(pickle.dumps(records)) == tuple(records)
    assert records[:2] == (metric, event)


def test_diagnostics_find_what_went_wrong(space):
    """Errors, NaN and degraded records of a failed run become issues."""
    run = space.run("run:p.r1", status="failed")
    space.points(run, "loss", [1.0, math.nan])
    space.records.append(
        StructuredEventRecord(
            space.envelope(run, "event", "e1"), StructuredEventPayload("oom", "critical", "gone")
        )
    )
    issues = DiagnosticsService(space.query).diagnose_run(run).issues

    assert [issue.code for issue in issues] == ["failed_run", "error_event", "nonfinite_metric"]


def test_structure_is_projected(space):
    """Stages, batches, samples and the latest environment appear with canonical refs."""
    run = space.run("run:p.r1")
    stage = space.stage(run, "train")
    other = space.stage(run, "eval")
    batch = "batch:p.r1.train.b0"
    space.metadata.batches.put_batch_execution(
        BatchExecution(batch, run, stage, "b0", "completed", space.at(), space.at(1), 0)
    )
    space.metadata.samples.put_sample_observation(
        SampleObservation("sample:p.r1.train.b0.s0", run, stage, "s0", space.at(), batch)
    )
    space.metadata.environments.put_environment_snapshot(
        EnvironmentSnapshot(
            "environment:p.r1.e0", run, space.at(), "3.11.9", "linux", {"numpy": "2.3"}
        )
    )
    repository = space.repository

    assert [s.name for s in repository.list_stages("r1")] == ["eval", "train"]
    assert [b.batch_id for b in repository.list_batches("r1", "train")] == [batch]
    assert [s.batch_id for s in repository.list_samples("r1", batch_id="b0")] == [batch]
    assert repository.list_samples("r1", "eval") == repository.list_batches("r1", other) == ()
    assert repository.get_environment("r1").packages == {"numpy": "2.3"}
    with pytest.raises(ResolutionError) as caught:
        repository.list_batches("r1", "trian")
    assert caught.value.code == "query_stage_not_found"


def test_artifacts_are_projected_and_one_lost_body_hides_nothing(space):
    """A missing body is said in a note; the other artifacts and runs are read as before."""
    run = space.run("run:p.r1")
    receipt = space.artifact(run, "model", "model_bundle", b"weights", attributes={"a": 1})
    space.artifact(run, "data", "dataset_snapshot", b"rows")
    other = space.run("run:p.r10")
    space.artifact(other, "model", "model_bundle", b"other")
    before = space.query.get_run_snapshot(run).artifacts
    receipt.path.chmod(0o600)
    receipt.path.unlink()
    snapshot = space.query.get_run_snapshot(run)

    assert [(a.kind, a.size_bytes, a.attributes) for a in before] == [
        ("dataset_snapshot", 4, {}),
        ("model_bundle", 7, {"a": 1}),
    ]
    assert [(a.artifact_ref, a.body_missing) for a in snapshot.artifacts] == [
        ("artifact:p.r1.data", False),
        ("artifact:p.r1.model", True),
    ]
    assert "artifact_body_missing:artifact:p.r1.model" in snapshot.completeness_notes
    assert space.query.get_artifact_origin("r10.model").run.run_id == other
    assert space.repository.get_artifact("artifact:p.r1.none") is None
    with pytest.raises(ResolutionError):
        space.repository.get_artifact("model")


def test_relations_and_provenance_stay_with_their_run(space):
    """A relation of a run's part is the run's own; what others did with its model is not."""
    maker, user = space.run("run:p.maker"), space.run("run:p.user", minute=1)
    put = space.metadata.relations.put_relation
    put(
        LineageEdge(
            "relation:p.one",
            "produced_by",
            "artifact:p.maker.model",
            maker,
            space.at(),
            "explicit",
            "high",
        )
    )
    put(
        LineageEdge(
            "relation:p.two",
            "used",
            user,
            "artifact:p.maker.model",
            space.at(1),
            "explicit",
            "high",
        )
    )
    space.metadata.provenance.put_provenance(
        ProvenanceRecord("provenance:p.two", "relation:p.two", "explicit", space.at(2))
    )
    space.artifact(maker, "model", "model_bundle", b"x")
    lineage = LineageService(space.query).traverse_lineage(user, direction="upstream")

    assert [r.relation_ref for r in space.repository.list_relations(maker)] == [
        "relation:p.one",
        "relation:p.two",
    ]
    assert space.repository.get_provenance("maker") is None
    assert space.repository.get_provenance("user").provenance_ref == "provenance:p.two"
    assert lineage.visited_refs == (user, "artifact:p.maker.model", maker)
    assert lineage.edges[-1].provenance.run_id == user


def test_compare_and_trend_over_stores(space):
    """Two runs compare by stage and on their own; a trend follows them."""
    for i in range(2):
        run = space.run(f"run:p.r{i}", minute=i, params={"lr": i})
        stage = space.stage(run, "train")
        space.points(run, "loss", [1.0, 0.5 - i / 10], stage=stage)
        space.points(run, "score", [float(i)])
        space.artifact(run, "model", "model_bundle", bytes([i]))
    comparison = CompareService(space.query).compare_runs("r0", "r1")
    trend = TrendService(space.query).get_metric_trend("score")
    deltas = [
        (d.stage_name, d.metric_key, d.right_value)
        for stage in comparison.stage_comparisons
        for d in stage.metric_deltas
    ]

    assert deltas == [(None, "score", 1.0), ("train", "loss", 0.4)]
    assert [c.change for c in comparison.artifact_changes] == ["changed"]
    assert [c.key for c in comparison.value_changes] == ["lr"]
    assert (trend.values, trend.project_name) == ((0.0, 1.0), "Project P")


def test_large_series_are_thinned_in_snapshots(space):
    """A snapshot keeps a curve drawable and says how many points it stands for."""
    run = space.run("run:p.r1")
    values = [1.0] * 5_000
    values[1234] = 99.0
    space.points(run, "loss", values)
    (series,) = space.query.get_run_snapshot(run).series

    assert series.total_points == 5_000
    assert len(series.points) <= 400
    assert 99.0 in {point.value for point in series.points}


def test_reports_and_audits_run_over_stores(space):
    """A report of a stored run is a page; an audit says what is unknown."""
    run = space.run("run:p.r1", params={"lr": 0.1}, code_revision="abc")
    space.points(run, "loss", [1.0, 0.5])
    diagnostics = DiagnosticsService(space.query).diagnose_run(run)
    document = ReportBuilder().build_snapshot_report(space.query.get_run_snapshot(run), diagnostics)
    audit = ProvenanceService(space.query).audit_reproducibility(run)

    assert "<svg" in document.to_html(full=True)
    assert audit.reproducibility_status == "partial"


def test_one_damaged_part_hides_no_other_run(space):
    """Damage in the records of one project leaves the other's readable, and is noted."""
    broken, whole = space.run("run:p.r1"), space.run("run:q.r1")
    space.points(broken, "loss", [1.0] * 50)
    space.points(whole, "loss", [2.0] * 50)
    space.records.seal()
    (part,) = (space.root / "records" / "metric" / "project=p").glob("*.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 3] ^= 0xFF
    part.chmod(0o600)
    part.write_bytes(bytes(content))
    fresh = RecordStore(RecordStoreConfig(root_path=space.root / "records"))
    query = QueryService(CompositeStoreRepository(space.metadata, fresh, space.artifacts))
    damaged, sound = query.get_run_snapshot(broken), query.get_run_snapshot(whole)
    fresh.close()

    assert sound.metrics[0].count == 50
    assert any(note.startswith("damage:") for note in damaged.completeness_notes)


def test_statistics_over_points_agree_with_those_in_memory(space, make):
    """The database gives the spread and the first step of each extreme; NaN is left out."""
    run = space.run("run:p.r1")
    stage = space.stage(run, "train")
    values = [3.0, 1.0, math.nan, 1.0, 9.0, math.inf, 9.0]
    space.points(run, "loss", values, stage=stage)
    space.points(run, "loss", [2.0], steps=False)
    space.points(run, "other", [5.0])
    stored = AggregationService(space.query).aggregate_points("loss")
    copy = make.repository(
        runs=space.query.list_runs(), records=space.query.get_run_snapshot(run).records
    )
    computed = AggregationService(QueryService(copy)).aggregate_points("loss")
    at_run, in_stage = stored

    assert stored == computed
    assert (at_run.stage_id, at_run.count, at_run.step_at_minimum) == (None, 1, None)
    assert (in_stage.count, in_stage.minimum, in_stage.maximum, in_stage.p50) == (5, 1.0, 9.0, 3.0)
    assert (in_stage.step_at_minimum, in_stage.step_at_maximum) == (1, 4)
