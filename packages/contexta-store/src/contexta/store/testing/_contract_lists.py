"""Lists: order by instant, None last, bytewise text, filters, pages by cursor, counts."""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from contexta.contract.errors import ValidationError
from contexta.contract.time import to_epoch_us
from contexta.store.testing._contract_base import ContractBase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contexta.store.metadata import MetadataStore
    from contexta.store.testing._models import ModelFactory

# In the order of time; as text the second would come last.
INSTANTS = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.500000Z",
    "2026-01-01T00:00:01Z",
]


def refs(models: Iterable[Any]) -> list[str]:
    """Return the last part of the own ref of each model."""
    own = [
        next(iter(name for name in type(m).model_fields if name.endswith("_ref"))) for m in models
    ]
    return [getattr(m, name).text.rpartition(".")[2] for m, name in zip(models, own, strict=True)]


class ListContract(ContractBase):
    """What lists return, and in which order."""

    def test_order_is_by_instant(self, filled: MetadataStore, make: ModelFactory) -> None:
        """A fraction of a second sorts behind the whole second, in every list by time."""
        for name, instant in zip("zyv", INSTANTS, strict=True):
            filled.runs.put_run(make.run(name, "p", started_at=instant))
            filled.samples.put_sample_observation(make.sample(name, observed_at=instant))
            filled.environments.put_environment_snapshot(
                make.environment(name, captured_at=instant)
            )
            filled.relations.put_relation(
                make.relation(name, "run:p.r", "op:p.r.s.x", recorded_at=instant)
            )
            filled.provenance.put_provenance(make.provenance(name, "e1", asserted_at=instant))

        samples = filled.samples.list_sample_observations(stage_ref="stage:p.r.s")
        assert refs(filled.runs.list_runs("project:p")) == ["r", "z", "y", "v"]
        assert [key for key in refs(samples) if key in "zyv"] == [*"zyv"]
        assert refs(filled.environments.list_environment_snapshots("run:p.r"))[1:] == [*"zyv"]
        assert refs(filled.relations.list_relations_for_source("run:p.r"))[1:] == [*"zyv"]
        assert refs(filled.provenance.list_provenance_for_relation("relation:p.e1"))[1:] == [*"zyv"]

    def test_ties_are_broken_by_ref_bytewise(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Equal instants order by ref, by its bytes: digits, then letters, whatever the locale."""
        names = ["b", "a", "a-2", "a2", "10", "9"]
        filled.runs.put_many([make.run(name) for name in names])

        assert refs(filled.runs.list_runs("project:p")) == sorted([*names, "r"])

    def test_names_are_compared_bytewise(self, store: MetadataStore, make: ModelFactory) -> None:
        """Upper case comes before lower case, accents come last, NUL first."""
        names = ["b", "B", "a", "Z", "é", "z", "\x00", "_", "~"]
        store.projects.put_many([make.project(f"p{i}", name=name) for i, name in enumerate(names)])

        assert [p.name for p in store.projects.list_projects()] == sorted(names)

    @pytest.mark.parametrize("kind", ["stage", "batch", "deployment"])
    def test_index_orders_before_time_and_none_comes_last(
        self, filled: MetadataStore, make: ModelFactory, kind: str
    ) -> None:
        """By order index, then start, then ref; without an index last."""
        indexes = {"d1": 2, "c1": None, "b1": 1, "a1": None}
        for name, index in indexes.items():
            if kind == "stage":
                filled.stages.put_stage_execution(make.stage(name, order_index=index))
            elif kind == "batch":
                filled.batches.put_batch_execution(make.batch(name, order_index=index))
            else:
                filled.deployments.put_deployment_execution(
                    make.deployment(name, run_ref="run:p.r", order_index=index)
                )
        listed: dict[str, Iterable[Any]] = {
            "stage": filled.stages.list_stage_executions("run:p.r"),
            "batch": filled.batches.list_batch_executions(stage_ref="stage:p.r.s"),
            "deployment": filled.deployments.list_deployment_executions(run_ref="run:p.r"),
        }

        assert [name for name in refs(listed[kind]) if name in indexes] == ["b1", "d1", "a1", "c1"]

    def test_the_most_specific_filter_counts(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Batch before stage before run; without a filter, all."""
        filled.samples.put_sample_observation(make.sample("own"))
        listed = filled.samples.list_sample_observations

        assert refs(listed(batch_ref="batch:p.r.s.b", run_ref="run:p.none")) == ["x"]
        assert refs(listed(stage_ref="stage:p.r.s")) == ["x", "own"]
        assert len(listed(run_ref="run:p.r")) == len(listed()) == 2

    def test_unknown_refs_find_nothing_and_wrong_ones_are_refused(
        self, filled: MetadataStore
    ) -> None:
        """An unknown ref gives an empty tuple; one of another kind is a ValueError of ours."""
        with pytest.raises(ValidationError) as caught:
            filled.stages.list_stage_executions("project:p")

        assert isinstance(caught.value, ValueError)
        assert filled.stages.list_stage_executions("run:p.none") == ()
        assert filled.runs.list_runs("project:none") == ()

    def test_runs_of_all_projects_come_project_by_project(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """By ref of the project, then by start; `started_at` mixes them."""
        filled.projects.put_project(make.project("a"))
        filled.runs.put_run(make.run("late", "a", started_at=INSTANTS[-1]))
        mixed = filled.runs.list_runs(order_by="started_at")

        assert [run.run_ref.text for run in filled.runs.list_runs()] == ["run:a.late", "run:p.r"]
        assert [run.run_ref.text for run in mixed] == ["run:p.r", "run:a.late"]

    def test_runs_are_filtered_in_every_way(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Status, tags, parameters as numbers, times, names; all conditions must hold."""
        filled.runs.put_many(
            [
                make.run("a", tags={"t": "1"}, params={"lr": 1}, started_at=INSTANTS[0]),
                make.run("b", tags={"t": "2"}, params={"lr": 1.0}, started_at=INSTANTS[1]),
                make.run(
                    "c",
                    params={"lr": "1"},
                    status="completed",
                    started_at=INSTANTS[2],
                    ended_at=INSTANTS[2],
                ),
            ]
        )
        listed = filled.runs.list_runs

        assert refs(listed(tags={"t": "2"})) == ["b"]
        assert refs(listed(params={"lr": 1})) == ["a", "b"]
        assert refs(listed(params={"lr": "1"})) == ["c"]
        assert refs(listed(status="completed")) == ["c"]
        assert refs(listed(status=["completed", "open"], name="a")) == ["a"]
        assert refs(listed(started_after=INSTANTS[1])) == ["b", "c"]
        assert refs(listed(started_before=INSTANTS[1], tags={"t": "1"})) == ["a"]
        assert refs(listed(order_by="name", descending=True)) == ["r", "c", "b", "a"]
        assert refs(listed(order_by="ended_at"))[0] == "c"
        assert refs(listed(limit=2, offset=1)) == ["r", "b"]

    def test_what_runs_are_sorted_by_is_read_of_all(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Status and times of each run that is selected, and one parameter, if it has that."""
        ended = {"status": "completed", "ended_at": INSTANTS[2]}
        filled.runs.put_many(
            [
                make.run("a", params={"own": 1, "k": "x"}, started_at=INSTANTS[0], **ended),
                make.run("b", params={"own": "1", "k": 2}, tags={"t": "1"}),
                make.run("c", params={"own": None}),
                make.run("d", params={"own": math.inf}),
            ]
        )
        found = {row.ref: row for row in filled.runs.order_rows(param="own")}
        values = {ref[-1]: (row.number, row.text) for ref, row in found.items()}
        (tagged,) = filled.runs.order_rows(param="k", tags={"t": "1"})
        without = filled.runs.order_rows(status="completed")

        assert values == {
            "a": (1.0, "1"),
            "b": (None, "1"),
            "c": (None, "null"),
            "d": (None, "Infinity"),
            "r": (None, None),
        }
        assert (found["run:p.a"].status, found["run:p.b"].ended_us) == ("completed", None)
        assert found["run:p.a"].ended_us == to_epoch_us(INSTANTS[2])
        assert (tagged.ref, tagged.number) == ("run:p.b", 2.0)
        assert [(row.ref, row.number, row.text) for row in without] == [("run:p.a", None, None)]

    def test_pages_follow_each_other_while_rows_come(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Pages by cursor hold each row once, although others are put meanwhile."""
        filled.runs.put_many([make.run(f"n{i:03}") for i in range(25)])
        seen: list[str] = []
        cursor = None
        while True:
            page = filled.runs.page_runs(limit=7, after=cursor)
            seen += refs(page.items)
            filled.runs.put_run(make.run(f"early{len(seen)}", started_at="2020-01-01T00:00:00Z"))
            cursor = page.next_cursor
            if cursor is None:
                break

        assert seen == [*(f"n{i:03}" for i in range(25)), "r"]
        assert filled.runs.count_runs() == len(list(filled.runs.iter_runs()))

    def test_pages_keep_their_order(self, filled: MetadataStore, make: ModelFactory) -> None:
        """Pages of stages and samples, with None among the keys, add up to the list."""
        filled.stages.put_many(
            [make.stage(f"n{i}", order_index=None if i % 3 else i) for i in range(10)]
        )
        filled.samples.put_many(
            [make.sample(f"n{i}", batch=None if i % 2 else "b") for i in range(10)]
        )
        pages: list[Any] = []
        for read, listed in (
            (filled.stages.page_stage_executions, filled.stages.list_stage_executions("run:p.r")),
            (
                filled.samples.page_sample_observations,
                filled.samples.list_sample_observations(run_ref="run:p.r"),
            ),
        ):
            found: list[Any] = []
            cursor = None
            while True:
                page = read(limit=3, after=cursor, run_ref="run:p.r")
                found += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
            pages.append(tuple(found) == listed)

        assert pages == [True, True]

    @pytest.mark.parametrize(
        "arguments",
        [
            {"limit": -1},
            {"offset": -1},
            {"limit": True},
            {"order_by": "payload"},
            {"order_by": "ref; drop table runs"},
            {"after": "no cursor"},
            {"status": "no status"},
        ],
    )
    def test_bad_arguments_are_refused(
        self, filled: MetadataStore, arguments: dict[str, Any]
    ) -> None:
        """Nothing of a caller becomes SQL; what is wrong is refused with our error."""
        with pytest.raises(ValidationError):
            filled.runs.list_runs(**arguments)
