"""Work on the ledger: puts, first use, migration."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from contexta.contract.testing import builders as build
from contexta.store.metadata import MetadataStore, MetadataStoreConfig

Say = Callable[[str], None]
RUN = "run:demo.run-1"


class Metadata:
    """Puts into the ledger, one and many, and changes of one row."""

    @contextmanager
    def ledger(self, folder: Path) -> Iterator[MetadataStore]:
        config = MetadataStoreConfig(database_path=folder / "metadata" / "ledger.sqlite")
        with MetadataStore(config) as store:
            yield store

    def prepare(self, folder: Path) -> None:
        with self.ledger(folder) as store:
            store.projects.put_project(build.project())
            store.runs.put_run(build.run())

    def work(self, folder: Path, say: Say) -> None:
        with self.ledger(folder) as store:
            for name in ("one", "two", "three"):
                store.stages.put_stage_execution(stage(name))
                say(f"stage {name}")
            names = [f"m{i}" for i in range(5)]
            store.stages.put_many(stage(name) for name in names)
            for name in names:
                say(f"stage {name}")
            store.runs.update_tags(RUN, {"team": "vision"})
            say("tag team")
            created = store.runs.create_run(build.run(name="again"))
            say(f"run {created.run_ref.text}")

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        with self.ledger(folder) as store:
            for issue in store.check_integrity().issues:
                yield f"check: {issue.code} {issue.message}"
            for text in said:
                kind, name = text.split(" ", 1)
                if kind == "stage" and not store.stages.exists_stage_execution(stage_ref(name)):
                    yield f"lost {text}"
                if kind == "run" and not store.runs.exists_run(name):
                    yield f"lost {text}"
                if kind == "tag" and store.runs.get_run(RUN).tags.get(name) != "vision":
                    yield f"lost {text}"
            batch = [store.stages.exists_stage_execution(stage_ref(f"m{i}")) for i in range(5)]
            if any(batch) and not all(batch):
                yield f"half of a batch: {batch}"
            store.stages.put_stage_execution(stage("afterwards"))


class FirstLedger(Metadata):
    """The ledger is made by the program."""

    def prepare(self, folder: Path) -> None:
        """Nothing exists."""

    def work(self, folder: Path, say: Say) -> None:
        super().prepare(folder)
        say(f"run {RUN}")

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        if not said:  # not even begun: it begins now
            super().prepare(folder)
        yield from super().problems(folder, said)


def stage_ref(name: str) -> str:
    return f"stage:demo.run-1.{name}"


def stage(name: str):
    return build.stage_execution(stage_execution_ref=stage_ref(name), stage_name=name)


class Migrate(Metadata):
    """A ledger of an older schema becomes a current one."""

    golden = Path(__file__).parents[1] / "golden" / "schema-0" / "metadata" / "ledger.sqlite"

    def prepare(self, folder: Path) -> None:
        (folder / "metadata").mkdir(mode=0o700)
        copied = shutil.copyfile(self.golden, folder / "metadata" / "ledger.sqlite")
        copied.chmod(0o600)

    def config(self, folder: Path) -> MetadataStoreConfig:
        path = folder / "metadata" / "ledger.sqlite"
        return MetadataStoreConfig(database_path=path, auto_migrate=True)

    def work(self, folder: Path, say: Say) -> None:
        with MetadataStore(self.config(folder)) as store:
            say(store.get_store_schema_version())

    def problems(self, folder: Path, said: list[str]) -> Iterator[str]:
        with MetadataStore(self.config(folder)) as store:
            if store.get_store_schema_version() != "1":
                yield f"the schema is {store.get_store_schema_version()}"
            if len(store.runs.list_runs()) != 4:
                yield f"{len(store.runs.list_runs())} runs are left"
            yield from (f"check: {issue.message}" for issue in store.check_integrity().issues)
            store.projects.put_project(build.project())
