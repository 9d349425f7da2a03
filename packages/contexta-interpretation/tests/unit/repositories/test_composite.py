"""The repository over real stores."""

import math
import pickle

import pytest

from contexta.contract import (
    ArtifactManifest,
    BatchExecution,
    DegradedPayload,
    DegradedRecord,
    EnvironmentSnapshot,
    LineageEdge,
    Project,
    ProvenanceRecord,
    RecordEnvelope,
    Run,
    SampleObservation,
    StageExecution,
    StructuredEventPayload,
    StructuredEventRecord,
    TraceSpanPayload,
    TraceSpanRecord,
)
from contexta.contract.errors import ValidationError
from contexta.contract.time import from_epoch_us, to_epoch_us
from contexta.interpretation import (
    AggregationService,
    CompareService,
    CompositeStoreRepository,
    DiagnosticsService,
    LineageService,
    MetricCondition,
    ProvenanceService,
    QueryService,
    ReportBuilder,
    ResolutionError,
    RunListQuery,
    TimeRange,
    TrendService,
    protocols,
)
from contexta.store.artifacts import ArtifactStore, ArtifactStoreConfig
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

START = to_epoch_us("2026-01-31T12:00:00Z")
MINUTE = 60_000_000


def at(minutes: float = 0.0) -> str:
    return from_epoch_us(START + int(minutes * MINUTE))


class Workspace:
    """Three stores in one folder, with short ways to fill them."""

    def __init__(self, root):
        self.metadata = MetadataStore(MetadataStoreConfig(database_path=root / "ledger.sqlite"))
        self.records = RecordStore(RecordStoreConfig(root_path=root / "records"))
        self.artifacts = ArtifactStore(ArtifactStoreConfig(root_path=root / "artifacts"))
        self.root = root
        self.repository = CompositeStoreRepository(self.metadata, self.records, self.artifacts)
        self.query = QueryService(self.repository)

    def project(self, slug, name=None):
        self.metadata.projects.put_project(Project(f"project:{slug}", name or slug, at()))

    def run(self, ref, minute=0.0, status="completed", **fields):
        project = ref.partition(":")[2].split(".")[0]
        fields.setdefault("name", ref.rsplit(".", 1)[-1])
        ended = None if status == "open" else at(minute + 0.5)
        run = Run(
            run_ref=ref,
            project_ref=f"project:{project}",
            status=status,
            started_at=at(minute),
            ended_at=ended,
            **fields,
        )
        self.metadata.runs.create_run(run)
        return ref

    def stage(self, run_ref, name, status="completed"):
        ref = f"stage:{run_ref.partition(':')[2]}.{name}"
        self.metadata.stages.put_stage_execution(
            StageExecution(ref, run_ref, name, status, at(), None if status == "open" else at(1))
        )
        return ref

    def points(self, run_ref, key, values, *, stage=None, start=START, steps=True, unit=None):
        project = run_ref.partition(":")[2].split(".")[0]
        context = SeriesContext(run_ref, project, stage_execution_ref=stage)
        writer = self.records.writer()
        series = writer.define_series(
            context,
            key,
            value_type="float",
            unit=unit,
            aggregation_scope="step",
            tags={},
            summary_basis=None,
            subject_ref=None,
            slice_ref=None,
        )
        for step, value in enumerate(values):
            writer.append_point(series, start + step * 1_000, value, step if steps else None)

    def envelope(self, run_ref, kind, name, **fields):
        ref = f"record:{run_ref.partition(':')[2]}.{name}"
        return RecordEnvelope(ref, kind, at(1), at(1), "test", run_ref, **fields)

    def artifact(self, run_ref, name, kind, content, **fields):
        ref = f"artifact:{run_ref.partition(':')[2]}.{name}"
        path = self.root / f"{name}.bin"
        path.write_bytes(content)
        manifest = ArtifactManifest(ref, kind, at(), "test", run_ref, path.name, **fields)
        return self.artifacts.put_artifact(manifest, path)

    def close(self):
        self.records.close()
        self.metadata.close()
        self.artifacts.close()


@pytest.fixture
def space(tmp_path):
    """An empty workspace with two projects."""
    workspace = Workspace(tmp_path)
    workspace.project("p", "Project P")
    workspace.project("q")
    yield workspace
    workspace.close()


def names(runs):
    return [run.run_id for run in runs]


def test_it_has_every_protocol(space):
    """The repository has the basic methods and every optional capability."""
    wanted = [getattr(protocols, name) for name in protocols.__all__]

    assert [p.__name__ for p in wanted if not isinstance(space.repository, p)] == []


@pytest.mark.parametrize("text", ["run:p.r1", "p.r1", "r1", "First run", " r1 "])
def test_a_run_has_many_names(space, text):
    """Ref, project.run, short id and unique name all resolve to the same run."""
    space.run("run:p.r1", name="First run")

    assert space.query.require_run(text).run_id == "run:p.r1"


def test_an_ambiguous_name_lists_the_candidates(space):
    """A short id in two projects, or a name of two runs, is an error that lists both."""
    space.run("run:p.r1", name="same")
    space.run("run:q.r1", name="same")
    for text in ("r1", "same"):
        with pytest.raises(ResolutionError) as caught:
            space.query.get_run_snapshot(text)

        assert caught.value.code == "query_run_ambiguous"
        assert caught.value.details["candidates"] == ["run:p.r1", "run:q.r1"]


def test_an_unknown_name_lists_the_nearest(space):
    """An unknown run names close ones, also in list methods, where it is a lookup error."""
    space.run("run:p.train-resnet")
    with pytest.raises(ResolutionError) as caught:
        space.query.get_run_snapshot("train-resent")
    with pytest.raises(LookupError):
        space.repository.list_stages("train-resent")
    with pytest.raises(ValidationError):
        space.query.get_run_snapshot("run:no ref")

    assert caught.value.details["nearest"] == ["run:p.train-resnet"]
    assert space.repository.get_run("absent") is None
    assert space.repository.list_stages("run:p.absent") == ()


def test_listing_filters_in_the_database(space):
    """Filters, order and pages give the same runs as filtering in memory."""
    for i in range(6):
        space.run(
            f"run:p.r{i}",
            minute=i,
            status="failed" if i == 3 else "completed",
            params={"lr": 0.1 * (i % 2), "opt": "adam"},
            tags={"team": "x" if i < 4 else "y"},
            dataset_ref="d1",
            code_revision="abc",
        )
    space.run("run:q.z", minute=2.5)
    ask = lambda **fields: names(space.query.list_runs(query=RunListQuery(**fields)))  # noqa: E731

    assert names(space.query.list_runs("Project P")) == [f"run:p.r{i}" for i in range(6)]
    assert names(space.query.list_runs("project:p")) == names(space.query.list_runs("p"))
    assert ask(status="failed") == ["run:p.r3"]
    assert ask(params={"lr": 0.1}, tags={"team": "x"}) == ["run:p.r1", "run:p.r3"]
    assert ask(time_range=TimeRange(at(2), at(3))) == ["run:p.r2", "run:q.z", "run:p.r3"]
    assert ask(sort_desc=True, limit=2, offset=1) == ["run:p.r4", "run:p.r3"]
    assert ask(project_name="p", sort_by="ended_at", limit=1) == ["run:p.r0"]
    assert ask(run_ids=("r5", "p.r1", "absent")) == ["run:p.r1", "run:p.r5"]
    assert ask(project_name="nobody") == []
    assert space.repository.get_run("r3").dataset_ref == "d1"


def test_hostile_filter_text_is_only_text(space):
    """Quotes and SQL in filters match nothing and harm nothing."""
    space.run("run:p.r1")
    text = "x'; DROP TABLE runs; --"
    query = RunListQuery(
        status=text,
        name=text,
        tags={text: text},
        params={text: text},
        metric_conditions=(MetricCondition(text, "gt", 0),),
    )

    assert space.query.list_runs(query=query) == ()
    assert names(space.query.list_runs()) == ["run:p.r1"]


def test_metric_conditions_and_order_use_the_latest_value(space):
    """The latest value decides, on the run itself or in a stage."""
    for i, value in enumerate((0.3, 0.1, 0.2)):
        run = space.run(f"run:p.r{i}", minute=i)
        space.points(run, "loss", [9.0, value])
    query = RunListQuery(metric_conditions=(MetricCondition("loss", "lte", 0.2),))

    assert names(space.query.list_runs(query=query)) == ["run:p.r1", "run:p.r2"]
    assert names(space.query.list_runs(query=RunListQuery(sort_by="metric:loss", limit=2))) == [
        "run:p.r1",
        "run:p.r2",
    ]


def test_an_open_run_answers_at_once(space):
    """Points of a run that is open are visible before anything is sealed or closed."""
    run = space.run("run:p.live", status="open")
    space.points(run, "loss", [0.5, 0.25])
    snapshot = space.query.get_run_snapshot("live")
    series = TrendService(space.query).get_step_series("live", "loss")

    assert snapshot.completeness_notes == ("run_open",)
    assert [(p.step, p.value) for p in series.points] == [(0, 0.5), (1, 0.25)]


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
                TraceSpanPayload("1", "t", None, "load", at(0), at(0.5), "ok", "io"),
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
        BatchExecution(batch, run, stage, "b0", "completed", at(), at(1), 0)
    )
    space.metadata.samples.put_sample_observation(
        SampleObservation("sample:p.r1.train.b0.s0", run, stage, "s0", at(), batch)
    )
    space.metadata.environments.put_environment_snapshot(
        EnvironmentSnapshot("environment:p.r1.e0", run, at(), "3.11.9", "linux", {"numpy": "2.3"})
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
            at(),
            "explicit",
            "high",
        )
    )
    put(
        LineageEdge(
            "relation:p.two", "used", user, "artifact:p.maker.model", at(1), "explicit", "high"
        )
    )
    space.metadata.provenance.put_provenance(
        ProvenanceRecord("provenance:p.two", "relation:p.two", "explicit", at(2))
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
