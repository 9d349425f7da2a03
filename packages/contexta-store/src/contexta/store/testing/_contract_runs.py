"""The life of a run, and the refs that lineage names."""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexta.contract.errors import ConflictError, NotFoundError
from contexta.store.testing._contract_base import ContractBase

if TYPE_CHECKING:
    from collections.abc import Callable

    from contexta.store.metadata import MetadataStore
    from contexta.store.testing._models import ModelFactory

END = "2026-01-01T01:00:00Z"


class RunContract(ContractBase):
    """Created under a ref of its own, closed once, opened again, changed key by key."""

    def test_names_repeat_and_refs_do_not(self, store: MetadataStore, make: ModelFactory) -> None:
        """The first run of a name gets its ref, the next ones a suffix; the project appears."""
        created = [store.runs.create_run(make.run("x")).run_ref.text for _ in range(3)]

        assert created == ["run:p.x", "run:p.x-2", "run:p.x-3"]
        assert store.projects.get_project("project:p").name == "p"

    def test_a_run_is_closed_once(self, filled: MetadataStore) -> None:
        """Closing sets status and end; a second close is a conflict; the history tells both."""
        filled.runs.close_run("run:p.r", status="failed", ended_at=END)
        with pytest.raises(ConflictError) as caught:
            filled.runs.close_run("run:p.r", status="completed", ended_at=END)
        filled.runs.resume_run("run:p.r", writer_id="w")
        changes = filled.list_lifecycle_changes("run:p.r")
        statuses = [(c.previous_value, c.value) for c in changes if c.field == "status"]

        assert caught.value.code == "metadata_run_not_open"
        assert statuses[-2:] == [("open", "failed"), ("failed", "open")]
        assert filled.runs.open_run_writers() == (("run:p.r", "w"),)

    def test_tags_and_parameters_are_merged(self, filled: MetadataStore) -> None:
        """Adding keys keeps the others, and filters see the new state at once."""
        filled.runs.update_tags("run:p.r", {"k": "v"})
        run = filled.runs.update_params("run:p.r", {"lr": 0.5, "new": True})

        assert run.tags == {"team": "a", "k": "v"}
        assert run.params == {"lr": 0.5, "new": True}
        assert filled.runs.list_runs(params={"lr": 0.5, "new": True}, tags={"k": "v"}) == (run,)
        assert filled.runs.list_runs(params={"lr": 0.1}) == ()

    def test_absent_runs_cannot_be_changed(self, filled: MetadataStore) -> None:
        """Changing a run that is not stored is a NotFoundError, and stores nothing."""
        changes: list[Callable[[], object]] = [
            lambda: filled.runs.update_tags("run:p.none", {"a": "b"}),
            lambda: filled.runs.close_run("run:p.none", status="failed", ended_at=END),
            lambda: filled.runs.resume_run("run:p.none", writer_id="w"),
        ]
        for change in changes:
            with pytest.raises(NotFoundError) as caught:
                change()
            assert caught.value.code == "metadata_row_not_found"

        assert filled.runs.count_runs() == 1


class LineageContract(ContractBase):
    """Endpoints, mentions, and the snapshot of a run."""

    def test_relations_are_found_from_both_ends(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """By source, by target, and by either, each relation once."""
        filled.relations.put_relation(make.relation("e2", "stage:p.r.s", "run:p.r"))
        found = filled.relations

        assert [r.relation_ref.text for r in found.list_relations_for_ref("run:p.r")] == [
            "relation:p.e1",
            "relation:p.e2",
        ]
        assert len(found.list_relations_for_source("stage:p.r.s")) == 1
        assert len(found.list_relations_for_target("artifact:p.r.m")) == 1

    def test_evidence_is_registered_but_makes_no_entity(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Named evidence is a registered ref; a run that is only named stays no endpoint."""
        filled.relations.put_relation(
            make.relation(
                "e2", "run:p.r", "op:p.r.s.x", evidence_refs=["record:p.r.a", "run:p.ghost"]
            )
        )
        filled.relations.put_relation(make.relation("e3", "record:p.r.a", "run:p.r"))
        with pytest.raises(NotFoundError):
            filled.relations.put_relation(make.relation("e4", "run:p.ghost", "run:p.r"))

        assert {"record:p.r.a", "op:p.r.s.x", "relation:p.e2"} <= set(filled.list_registered_refs())

    def test_a_snapshot_holds_what_hangs_on_a_run(self, filled: MetadataStore) -> None:
        """Every part of the run, relations one hop away, and the notes about what is not in."""
        snapshot = filled.build_run_snapshot("run:p.r")

        assert snapshot.scoped_refs == (
            "batch:p.r.s.b",
            "deployment:p.d",
            "environment:p.r.e",
            "provenance:p.c1",
            "relation:p.e1",
            "run:p.r",
            "sample:p.r.s.b.x",
            "stage:p.r.s",
        )
        assert snapshot == filled.build_run_snapshot("run:p.r")

    def test_a_sound_store_has_no_issues(self, filled: MetadataStore) -> None:
        """The full check of a store with one of everything is silent, and so are its reads."""
        report = filled.check_integrity()

        assert (report.ok, report.issues, filled.damage()) == (True, (), ())
