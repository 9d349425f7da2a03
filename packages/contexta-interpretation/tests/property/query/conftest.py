"""Small random workspaces with every kind of value, in SQLite and in PostgreSQL."""

import os
import random
from types import SimpleNamespace

import pytest

from contexta.contract import Project, Run, StageExecution
from contexta.contract.errors import DependencyError
from contexta.contract.time import from_epoch_us, to_epoch_us
from contexta.interpretation import CompositeStoreRepository
from contexta.interpretation.testing import InMemoryRepository
from contexta.store.artifacts import ArtifactStore, ArtifactStoreConfig
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
from contexta.store.testing import throwaway_postgres

START = to_epoch_us("2026-01-31T12:00:00Z")
HOUR = 3_600_000_000
PLAIN = ["", "a", "A", "adam", "0.01", "true", "nan", "inf", "NaN", "-Infinity", "null"]
ODD = ["Adam%_[x]", "a*b?c", 'it\'s "x"; DROP TABLE runs --', "\\", "a\nb", "x\x00y", "\x01"]
TEXTS = [*PLAIN, *ODD, "é", "e\u0301", "\U0001f600"]
NUMBERS = [0, -0.0, 1, 0.01, -3.5, 1e300, 2**60, float("nan"), float("inf"), float("-inf")]
PARAMS = [*TEXTS, *NUMBERS, True, False, None, 2**1024 - 1]
KEYS = ["k", "a.b", "x y", "é"]
STATUSES = ["open", "completed", "failed", "cancelled", "interrupted"]


def url_of_postgres():
    """A server that ends with the generator, or the one of the environment."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    try:
        with throwaway_postgres() as server:
            yield server.url
    except DependencyError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def ledger_settings(request):
    """Settings of a ledger, but for its place."""
    if request.param == "sqlite":
        yield None
        return
    pytest.importorskip("psycopg", reason="psycopg is not installed: contexta-store[postgres]")
    yield from url_of_postgres()


def fill(stores, chance):
    """Write two projects, one of them without its row's name in its ref, and a dozen runs."""
    for slug, name in (("p", "Project P"), ("q", "q")):
        stores.metadata.projects.put_project(Project(f"project:{slug}", name, from_epoch_us(START)))
    writer = stores.records.writer()
    for number in range(14):
        slug = chance.choice("pq")
        ref = f"run:{slug}.r{number}"
        status = chance.choice(STATUSES)
        start = START + chance.randrange(72) * HOUR // 2
        stores.metadata.runs.create_run(
            Run(
                run_ref=ref,
                project_ref=f"project:{slug}",
                name=chance.choice([text for text in TEXTS if text.strip()]),
                status=status,
                started_at=from_epoch_us(start),
                ended_at=None if status == "open" else from_epoch_us(start + number * HOUR),
                params={k: chance.choice(PARAMS) for k in KEYS if chance.random() < 0.7},
                tags={k: chance.choice(TEXTS) for k in KEYS if chance.random() < 0.7},
                code_revision=chance.choice([None, "abc", "ABC1"]),
                dataset_ref=chance.choice([None, "data"]),
            ),
            writer_id=f"gone-{number}" if status == "open" and chance.random() < 0.5 else None,
        )
        add_points(stores, writer, ref, slug, chance)


def add_points(stores, writer, ref, slug, chance):
    """Points of the run and of two stages, some at one step and one instant."""
    for stage in (None, "train", "eval"):
        if chance.random() < 0.4:
            continue
        stage_ref = None if stage is None else f"stage:{ref.partition(':')[2]}.{stage}"
        if stage is not None:
            moment = from_epoch_us(START)
            stores.metadata.stages.put_stage_execution(
                StageExecution(stage_ref, ref, stage, "completed", moment, moment)
            )
        context = SeriesContext(ref, slug, stage_execution_ref=stage_ref)
        for key in ("loss", "a.b/max"):
            series = writer.define_series(
                context, key, value_type="float", unit=None, aggregation_scope="step", tags={},
                summary_basis=None, subject_ref=None, slice_ref=None,
            )  # fmt: skip
            for _ in range(chance.randrange(5)):
                value = chance.choice([0.1, 0.5, 2.0, -1.0, float("nan"), float("inf")])
                moment = START + chance.randrange(4) * HOUR
                writer.append_point(series, moment, value, chance.choice([None, 0, 1, 2]))


@pytest.fixture(scope="session", params=[1, 2])
def both(request, ledger_settings, tmp_path_factory):
    """The same runs as a repository over stores and as one that holds lists."""
    root = tmp_path_factory.mktemp("space")
    place = {"database_path": root / "ledger.sqlite"}
    if ledger_settings is not None:
        place = {"url": ledger_settings, "schema_name": f"e{os.getpid()}_{request.param}"}
    stores = SimpleNamespace(
        metadata=MetadataStore(MetadataStoreConfig(**place)),
        records=RecordStore(RecordStoreConfig(root_path=root / "records")),
        artifacts=ArtifactStore(ArtifactStoreConfig(root_path=root / "artifacts")),
    )
    fill(stores, random.Random(request.param))
    stored = CompositeStoreRepository(stores.metadata, stores.records, stores.artifacts)
    runs = stored.list_runs()
    listed = InMemoryRepository(
        runs=runs,
        records=[
            record
            for run in runs
            for record in stored.list_records(run_id=run.run_id, record_type="metric")
        ],
    )
    yield SimpleNamespace(stored=stored, listed=listed)
    stores.records.close()
    stores.artifacts.close()
    stores.metadata.close()
