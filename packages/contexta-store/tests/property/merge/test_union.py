"""Merging in any order, any number of times, gives the union."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from contexta.store.merge import merge_workspaces
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig, SeriesContext
from contexta.store.testing import ModelFactory
from contexta.store.workspace import open_workspace

MAKE = ModelFactory()
COUNT = 3

steps = st.one_of(
    st.tuples(st.just("run"), st.integers(0, COUNT - 1), st.sampled_from(["x", "y"])),
    st.tuples(st.just("more"), st.integers(0, COUNT - 1), st.integers(0, 5)),
    st.tuples(st.just("compact"), st.integers(0, COUNT - 1), st.just(0)),
    st.tuples(st.just("merge"), st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
)


class World:
    """Some workspaces, and beside them what each must hold: values by the run's own mark."""

    def __init__(self, folder):
        self.roots = [folder / str(number) for number in range(COUNT)]
        self.expected = [{} for _ in self.roots]
        self.marks = [{} for _ in self.roots]  # mark of a run by its ref there
        self.value = 0
        for root in self.roots:
            open_workspace(root, create=True)

    def ledger(self, at):
        path = self.roots[at] / "metadata" / "ledger.sqlite"
        return MetadataStore(MetadataStoreConfig(database_path=path, synchronous="normal"))

    def records(self, at):
        config = RecordStoreConfig(self.roots[at] / "records", durability_mode="flush")
        return RecordStore(config)

    def run(self, at, name):
        with self.ledger(at) as ledger:
            mark = f"m{len(self.marks[0]) + len(self.marks[1]) + self.value}"
            wished = MAKE.run(name, name=mark)
            run = ledger.runs.create_run(wished, project=MAKE.project()).run_ref.text
        self.marks[at][run] = mark
        self.expected[at][mark] = []
        self.append(at, run)

    def more(self, at, index):
        runs = sorted(self.marks[at])
        if runs:
            self.append(at, runs[index % len(runs)])

    def append(self, at, run):
        with self.records(at) as store:
            writer = store.writer()
            series = writer.define_series(SeriesContext(run, "p"), "loss")
            for _ in range(2):
                self.value += 1
                writer.append_point(series, self.value, float(self.value), self.value)
                self.expected[at][self.marks[at][run]].append(self.value)

    def compact(self, at, _):
        with self.records(at) as store:
            store.compact(full=True)

    def merge(self, source, target):
        if source == target:
            return
        merge_workspaces(self.roots[source], self.roots[target])
        for mark, values in self.expected[source].items():
            own = self.expected[target].get(mark, [])
            self.expected[target][mark] = sorted({*own, *values})
        with self.ledger(target) as ledger:
            self.marks[target] = {run.run_ref.text: run.name for run in ledger.runs.list_runs()}

    def found(self, at):
        if not (self.roots[at] / "records").exists():
            return {}
        found = {mark: [] for mark in self.marks[at].values()}
        with self.records(at) as store:
            table = store.arrow("metric", columns=["run_ref", "step", "record_ref", "sequence"])
            assert store.check_integrity().issues == ()
        for row in table.to_pylist():
            found[self.marks[at][row["run_ref"]]].append(row["step"])
        return {mark: sorted(values) for mark, values in found.items()}


@settings(max_examples=8, deadline=None)
@given(st.lists(steps, min_size=3, max_size=10))
def test_every_workspace_holds_the_union_of_what_it_was_merged_with(script):
    """'Merging again takes what is new and nothing twice', whatever the way it came."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for name, first, second in script:
            getattr(world, name)(first, second)

        expected = [
            {mark: sorted(values) for mark, values in one.items()} for one in world.expected
        ]
        assert expected == [world.found(at) for at in range(COUNT)]
