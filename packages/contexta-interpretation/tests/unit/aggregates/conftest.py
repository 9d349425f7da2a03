"""A workspace of random metrics, half of it sealed, asked by Python services and by SQL."""

import math
import random

import pytest

from contexta.contract import Project, Run, StageExecution
from contexta.contract.time import from_epoch_us
from contexta.interpretation import CompositeStoreRepository, QueryService
from contexta.interpretation.aggregates import AggregateService, DuckDbEngine
from contexta.store.artifacts import ArtifactStore, ArtifactStoreConfig
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext

START = 1_750_000_000_000_000
KEYS = ("loss", "accuracy", "val/auc")
ODD = (math.nan, math.inf, -math.inf)


class Workspace:
    """Real stores with short ways to fill them."""

    def __init__(self, root):
        self.metadata = MetadataStore(MetadataStoreConfig(database_path=root / "ledger.sqlite"))
        self.records = RecordStore(
            RecordStoreConfig(root_path=root / "records", durability_mode="flush")
        )
        self.artifacts = ArtifactStore(ArtifactStoreConfig(root_path=root / "artifacts"))
        self.repository = CompositeStoreRepository(self.metadata, self.records, self.artifacts)
        self.queries = QueryService(self.repository)
        self.ask = AggregateService(DuckDbEngine(self.records), query_service=self.queries)

    def project(self, slug):
        self.metadata.projects.put_project(Project(f"project:{slug}", slug, from_epoch_us(START)))

    def run(self, ref, number=0, *, stages=(), params=None):
        scope = ref.partition(":")[2]
        started = from_epoch_us(START + number * 1_000)
        fields = {"params": params} if params else {}
        run = Run(
            run_ref=ref,
            project_ref=f"project:{scope.split('.')[0]}",
            name=scope.split(".")[1],
            status="completed",
            started_at=started,
            ended_at=from_epoch_us(START + 10**12),
            **fields,
        )
        self.metadata.runs.create_run(run)
        for stage in stages:
            self.metadata.stages.put_stage_execution(
                StageExecution(f"stage:{scope}.{stage}", ref, stage, "open", started, None)
            )
        return ref

    def point(self, run, key, value, *, stage=None, step=None, at=0):
        scope = run.partition(":")[2]
        ref = None if stage is None else f"stage:{scope}.{stage}"
        writer = self.records.writer()
        context = SeriesContext(run, scope.split(".")[0], stage_execution_ref=ref)
        series = writer.define_series(context, key)
        writer.append_point(series, START + at * 1_000_000, value, step)

    def close(self):
        self.records.close()
        self.metadata.close()
        self.artifacts.close()


@pytest.fixture
def space(tmp_path):
    """An empty workspace with two projects."""
    workspace = Workspace(tmp_path)
    workspace.project("p")
    workspace.project("q")
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def random_space(tmp_path_factory):
    """Twenty runs with stages, ties in time, odd values and points without a step."""
    workspace = Workspace(tmp_path_factory.mktemp("random"))
    dice = random.Random(5)
    for slug in ("p", "q"):
        workspace.project(slug)
    stages = ("train", "train-phase", "eval")
    runs = [
        workspace.run(
            f"run:{'pq'[number % 2]}.r{number}",
            number,
            stages=stages,
            params={"rate": number % 4} if number % 5 else None,
        )
        for number in range(20)
    ]
    for number in range(1_500):
        run = dice.choice(runs)
        places = (None, *stages) if int(run.rsplit("r", 1)[1]) % 3 else stages
        value = dice.choice(ODD) if dice.random() < 0.06 else dice.gauss(3.0, 1.0)
        workspace.point(
            run,
            dice.choice(KEYS),
            value,
            stage=dice.choice(places),
            step=None if dice.random() < 0.1 else dice.randrange(8),
            at=dice.randrange(300),
        )
        if number % 200 == 100:
            workspace.records.seal()
    yield workspace
    workspace.close()
