"""Deleting by a plan, archiving, history, mixed puts, and damage that stays where it is."""

# ruff: noqa: S101 - these are tests
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexta.contract.errors import ConflictError, IntegrityError, NotFoundError
from contexta.store.testing._contract_base import ContractBase

if TYPE_CHECKING:
    from contexta.store.metadata import MetadataStore
    from contexta.store.testing._models import ModelFactory


class DeletionContract(ContractBase):
    """What goes, what stands in the way, and what is remembered."""

    def test_a_run_goes_with_all_that_belongs_to_it(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """Parts, relations and assertions go; the project and other runs stay; tombstones tell."""
        filled.runs.put_run(make.run("other"))
        filled.deployments.put_deployment_execution(make.deployment())  # no longer names the run
        report = filled.apply_deletion(filled.plan_deletion(["run:p.r"]), reason="asked for")
        tombstone = filled.find_tombstone("run:p.r")
        with pytest.raises(NotFoundError) as caught:
            filled.runs.get_run("run:p.r")

        assert report is not None
        assert tombstone is not None
        assert caught.value.code == "metadata_row_not_found"
        assert filled.list_registered_refs() == ("deployment:p.d", "project:p", "run:p.other")
        assert filled.runs.list_runs(tags={"team": "a"}) == ()
        assert filled.check_integrity().ok

    def test_tombstones_of_one_deletion_are_sorted(
        self, store: MetadataStore, make: ModelFactory
    ) -> None:
        """Children before parents, and by ref: the same on every database."""
        store.put_all([make.project("b"), make.project("a"), make.run("r", "b")])
        store.apply_deletion(store.plan_deletion(["project:a", "project:b"]))

        assert [row.ref for row in store.list_tombstones()] == ["run:b.r", "project:a", "project:b"]

    def test_what_stands_in_the_way_blocks(self, filled: MetadataStore) -> None:
        """A run that a deployment names is not deleted; nothing changes."""
        plan = filled.plan_deletion(["run:p.r"])
        with pytest.raises(ConflictError) as caught:
            filled.apply_deletion(plan)

        assert plan.blocked
        assert caught.value.code == "metadata_deletion_blocked"
        assert filled.samples.count_sample_observations() == 1

    def test_a_plan_that_is_too_old_is_refused(
        self, filled: MetadataStore, make: ModelFactory
    ) -> None:
        """What changed since the plan was printed is not deleted unseen."""
        plan = filled.plan_deletion(["sample:p.r.s.b.x"])
        filled.samples.put_sample_observation(make.sample(batch="b", retention_class="keep"))
        with pytest.raises(ConflictError) as caught:
            filled.apply_deletion(plan)

        assert caught.value.code == "metadata_plan_stale"
        assert filled.samples.exists_sample_observation("sample:p.r.s.b.x")

    def test_a_revision_never_comes_twice(self, filled: MetadataStore, make: ModelFactory) -> None:
        """A deleted ref that is put again goes on counting: stale writers are still refused."""
        before = filled.get_revision("sample:p.r.s.b.x")
        filled.apply_deletion(filled.plan_deletion(["sample:p.r.s.b.x"]))
        gone = filled.revision_of("sample:p.r.s.b.x")
        filled.samples.put_sample_observation(make.sample(batch="b"), expected_revision=0)
        with pytest.raises(ConflictError):
            filled.samples.put_sample_observation(make.sample(batch="b"), expected_revision=before)

        assert gone is None
        assert filled.get_revision("sample:p.r.s.b.x") > before

    def test_archived_rows_stay_readable(self, filled: MetadataStore, make: ModelFactory) -> None:
        """Lists leave them out only when told to; unarchiving brings them back."""
        filled.runs.put_run(make.run("other"))
        first = filled.archive(["run:p.r"])
        again = filled.archive(["run:p.r"])
        left = [r.name for r in filled.runs.list_runs(include_archived=False)]
        back = filled.unarchive(["run:p.r"])

        assert (first, again, back) == (("run:p.r",), (), ("run:p.r",))
        assert left == ["other"]
        assert filled.runs.count_runs() == filled.runs.count_runs(include_archived=False) == 2

    def test_models_of_all_kinds_are_put_together(
        self, store: MetadataStore, make: ModelFactory
    ) -> None:
        """Children may come before parents; one without parent undoes all."""
        models = [make.sample(batch="b"), make.batch(), make.stage(), make.run(), make.project()]
        with pytest.raises(NotFoundError):
            store.put_all([*models, make.stage("s", run="p.none")])
        before = store.list_registered_refs()
        put = store.put_all(models)

        assert (before, len(put)) == ((), 5)
        assert store.samples.exists_sample_observation("sample:p.r.s.b.x")
        assert store.check_integrity().ok


class DamageContract(ContractBase):
    """A damaged row hides no other one. For stores that can be damaged from outside."""

    def break_row(self, store: MetadataStore, ref: str) -> None:
        """Change the stored name of a run behind the back of the store, not its digest."""
        pytest.skip("this store cannot be damaged from a test")

    def test_a_damaged_row_is_isolated(self, filled: MetadataStore, make: ModelFactory) -> None:
        """Get raises a coded error, lists leave it out and report it, the check finds it."""
        filled.runs.put_run(make.run("other"))
        self.break_row(filled, "run:p.r")
        with pytest.raises(IntegrityError) as caught:
            filled.runs.get_run("run:p.r")
        names = [run.name for run in filled.runs.list_runs()]

        assert caught.value.code == "metadata_row_damaged"
        assert names == ["other"]
        assert [row.ref for row in filled.damage()] == ["run:p.r"]
        assert "metadata_row_damaged" in {i.code for i in filled.check_integrity().issues}

    def test_a_put_mends_a_damaged_row(self, filled: MetadataStore, make: ModelFactory) -> None:
        """Putting the model again makes the row right."""
        self.break_row(filled, "run:p.r")
        filled.runs.put_run(make.run(tags={"new": "1"}))

        assert filled.runs.get_run("run:p.r").tags == {"new": "1"}
        assert filled.check_integrity().ok
