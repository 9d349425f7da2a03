"""Putting, getting and replacing rows, the same for all nine repositories."""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from contexta.contract import to_json
from contexta.contract.errors import (
    ConflictError,
    NotFoundError,
    ValidationError,
)
from contexta.store.testing._contract_base import ContractBase

if TYPE_CHECKING:
    from contexta.store.metadata import MetadataStore
    from contexta.store.testing._models import ModelFactory


class Kind(NamedTuple):
    """One kind of entity: its repository, the suffix of its methods, its ref, a changed field."""

    repository: str
    suffix: str
    ref: str
    changed: dict[str, Any]


KINDS = {
    "project": Kind("projects", "project", "project:p", {"name": "other"}),
    "run": Kind("runs", "run", "run:p.r", {"tags": {"b": "2"}}),
    "deployment": Kind("deployments", "deployment_execution", "deployment:p.d", {"order_index": 3}),
    "stage": Kind("stages", "stage_execution", "stage:p.r.s", {"order_index": 3}),
    "batch": Kind("batches", "batch_execution", "batch:p.r.s.b", {"order_index": 3}),
    "sample": Kind(
        "samples", "sample_observation", "sample:p.r.s.b.x", {"retention_class": "short"}
    ),
    "environment": Kind(
        "environments", "environment_snapshot", "environment:p.r.e", {"platform": "mars"}
    ),
    "relation": Kind("relations", "relation", "relation:p.e1", {"relation_type": "consumed_by"}),
    "provenance": Kind("provenance", "provenance", "provenance:p.c1", {}),
}


def call(store: MetadataStore, kind: Kind, verb: str, *arguments: Any, **named: Any) -> Any:
    """Call `<verb>_<suffix>` of the repository of a kind."""
    return getattr(getattr(store, kind.repository), f"{verb}_{kind.suffix}")(*arguments, **named)


def changed(model: Any, fields: dict[str, Any]) -> Any:
    """Return a model with other values."""
    return type(model).model_validate({**model.to_dict(), **fields})


every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


class RowContract(ContractBase):
    """One row: put, get, find, exists, replace, revisions; many rows: all or none."""

    @every_kind
    def test_what_was_put_is_read_back(self, filled: MetadataStore, kind: Kind) -> None:
        """Get and find give an equal model, exists says yes; text and ref object both do."""
        model = call(filled, kind, "get", kind.ref)
        parsed = next(
            getattr(model, name) for name in type(model).model_fields if name.endswith("_ref")
        )

        assert call(filled, kind, "find", parsed) == model
        assert call(filled, kind, "exists", kind.ref)
        assert type(model).model_validate(model.to_dict()) == model

    @every_kind
    def test_absent_rows_are_told_apart(self, store: MetadataStore, kind: Kind) -> None:
        """Absent: get raises a coded NotFoundError, find gives None, exists says no."""
        with pytest.raises(NotFoundError) as caught:
            call(store, kind, "get", kind.ref)

        assert caught.value.code == "metadata_row_not_found"
        assert call(store, kind, "find", kind.ref) is None
        assert not call(store, kind, "exists", kind.ref)

    @every_kind
    def test_a_put_replaces_the_whole_row(self, filled: MetadataStore, kind: Kind) -> None:
        """The same ref again replaces the model; the same model again changes nothing."""
        first = call(filled, kind, "get", kind.ref)
        second = changed(first, kind.changed)
        returned = call(filled, kind, "put", second)
        again = call(filled, kind, "put", second)

        assert returned == again == call(filled, kind, "get", kind.ref) == second
        assert to_json(call(filled, kind, "get", kind.ref)) == to_json(second)

    @every_kind
    def test_refs_of_another_kind_are_absent(self, filled: MetadataStore, kind: Kind) -> None:
        """A well-formed ref of another kind is absent; a malformed one is refused."""
        other = "run:p.r" if kind.suffix == "project" else "project:p"

        assert call(filled, kind, "find", other) is None
        for verb in ("get", "find", "exists"):
            with pytest.raises(ValidationError) as caught:
                call(filled, kind, verb, "no ref")
            assert caught.value.code == "stable_ref_invalid_text"

    @every_kind
    def test_only_models_are_put(self, filled: MetadataStore, kind: Kind) -> None:
        """A model of another class, or no model, is refused with a code."""
        wrong = filled.runs.get_run("run:p.r") if kind.suffix != "run" else {"name": "x"}
        with pytest.raises(ValidationError) as caught:
            call(filled, kind, "put", wrong)

        assert caught.value.code == "metadata_store_invalid_model"

    @pytest.mark.parametrize(
        ("code", "put"),
        [
            ("metadata_missing_run_project", lambda s, m: s.runs.put_run(m.run())),
            (
                "metadata_missing_deployment_project",
                lambda s, m: s.deployments.put_deployment_execution(m.deployment()),
            ),
            (
                "metadata_missing_stage_run",
                lambda s, m: s.stages.put_stage_execution(m.stage()),
            ),
            (
                "metadata_missing_batch_run",
                lambda s, m: s.batches.put_batch_execution(m.batch()),
            ),
            (
                "metadata_missing_sample_run",
                lambda s, m: s.samples.put_sample_observation(m.sample()),
            ),
            (
                "metadata_missing_environment_run",
                lambda s, m: s.environments.put_environment_snapshot(m.environment()),
            ),
            (
                "metadata_ref_not_found",
                lambda s, m: s.relations.put_relation(m.relation("e", "run:p.r", "run:p.q")),
            ),
            (
                "metadata_missing_provenance_relation",
                lambda s, m: s.provenance.put_provenance(m.provenance("c", "e")),
            ),
        ],
    )
    def test_a_missing_parent_stores_nothing(
        self, store: MetadataStore, make: ModelFactory, code: str, put: Any
    ) -> None:
        """A child without its parent is refused by name, and no trace of it is left."""
        with pytest.raises(NotFoundError) as caught:
            put(store, make)

        assert caught.value.code == code
        assert store.list_registered_refs() == ()

    def test_many_are_put_all_or_none(self, filled: MetadataStore, make: ModelFactory) -> None:
        """One child without parent among 300 undoes the others."""
        good = [make.sample(f"n{i}") for i in range(300)]
        with pytest.raises(NotFoundError):
            filled.samples.put_many([*good, make.sample("bad", stage="p.r.none")])
        before = len(filled.samples.list_sample_observations())
        filled.samples.put_many(good)

        assert (before, len(filled.samples.list_sample_observations())) == (1, 301)

    def test_the_last_of_equal_refs_counts(self, store: MetadataStore, make: ModelFactory) -> None:
        """Of models with one ref in one call, the last is stored."""
        store.projects.put_many([make.project(name=name) for name in ("p",)])
        store.runs.put_many([make.run(tags={"n": str(number)}) for number in range(3)])

        assert store.runs.get_run("run:p.r").tags == {"n": "2"}

    @every_kind
    def test_an_expected_revision_guards_a_put(self, filled: MetadataStore, kind: Kind) -> None:
        """The right revision is accepted, a stale one is a ConflictError, 0 means not there."""
        model = call(filled, kind, "get", kind.ref)
        repository = getattr(filled, kind.repository)
        seen = repository.get_revision(kind.ref)
        call(filled, kind, "put", changed(model, kind.changed), expected_revision=seen)
        for stale in (0, seen + 7):
            with pytest.raises(ConflictError) as caught:
                call(filled, kind, "put", model, expected_revision=stale)
            assert caught.value.code == "metadata_revision_conflict"

        assert call(filled, kind, "get", kind.ref) == changed(model, kind.changed)
        assert repository.get_revision(kind.ref) == seen + bool(kind.changed)

    def test_many_are_read_in_the_order_asked_for(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """get_many keeps order and repeats; it names what is missing, find_many leaves it out."""
        filled.runs.put_many([make.run(name) for name in ("a", "b")])
        found = filled.runs.get_many(["run:p.b", "run:p.a", "run:p.b"])
        some = filled.runs.find_many(["run:p.b", "run:p.none"])
        with pytest.raises(NotFoundError) as caught:
            filled.runs.get_many(["run:p.a", "run:p.none"])

        assert [run.name for run in found] == ["b", "a", "b"]
        assert list(some) == ["run:p.b"]
        assert caught.value.code == "metadata_row_not_found"
