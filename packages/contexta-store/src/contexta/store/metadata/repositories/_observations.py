"""Samples and environment snapshots: what was seen, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._tables import environments, samples
from contexta.store.metadata.repositories._base import Repository

if TYPE_CHECKING:
    from contexta.contract import EnvironmentSnapshot, SampleObservation
    from contexta.contract.refs import StableRef


class SampleRepository(Repository["SampleObservation"]):
    """Samples seen in stages and batches."""

    def put_sample_observation(self, sample: SampleObservation) -> SampleObservation:
        """Store a sample of a stored stage (and batch), replacing one with the same ref."""
        return self._put(sample)

    def get_sample_observation(self, ref: StableRef | str) -> SampleObservation:
        """Return a sample, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_sample_observation(self, ref: StableRef | str) -> SampleObservation | None:
        """Return a sample, or None."""
        return self._find(ref)

    def exists_sample_observation(self, ref: StableRef | str) -> bool:
        """Tell whether a sample is stored."""
        return self._exists(ref)

    def list_sample_observations(
        self,
        *,
        run_ref: StableRef | str | None = None,
        stage_ref: StableRef | str | None = None,
        batch_ref: StableRef | str | None = None,
    ) -> tuple[SampleObservation, ...]:
        """Return the samples of a batch, else of a stage, else of a run, else all.

        By observation time and ref within a batch; runs, stages and batches by ref, samples
        without a batch last.
        """
        columns = samples.c
        statement = self._select()
        own_order = (columns.observed_us, columns.ref)
        if batch_ref is not None:
            batch = filter_text(batch_ref, "batch", "batch_ref")
            return self._list(statement.where(columns.batch_ref == batch).order_by(*own_order))
        if stage_ref is not None:
            stage = filter_text(stage_ref, "stage", "stage_ref")
            statement = statement.where(columns.stage_ref == stage)
        elif run_ref is not None:
            run = filter_text(run_ref, "run", "run_ref")
            statement = statement.where(columns.run_ref == run)
        return self._list(
            statement.order_by(
                columns.run_ref, columns.stage_ref, columns.batch_ref.nulls_last(), *own_order
            )
        )


class EnvironmentRepository(Repository["EnvironmentSnapshot"]):
    """Snapshots of the software around a run."""

    def put_environment_snapshot(self, environment: EnvironmentSnapshot) -> EnvironmentSnapshot:
        """Store a snapshot of a stored run, replacing one with the same ref."""
        return self._put(environment)

    def get_environment_snapshot(self, ref: StableRef | str) -> EnvironmentSnapshot:
        """Return a snapshot, or raise `NotFoundError` `metadata_row_not_found`."""
        return self._get(ref)

    def find_environment_snapshot(self, ref: StableRef | str) -> EnvironmentSnapshot | None:
        """Return a snapshot, or None."""
        return self._find(ref)

    def exists_environment_snapshot(self, ref: StableRef | str) -> bool:
        """Tell whether a snapshot is stored."""
        return self._exists(ref)

    def list_environment_snapshots(
        self, run_ref: StableRef | str
    ) -> tuple[EnvironmentSnapshot, ...]:
        """Return the snapshots of a run by capture time, then ref."""
        run = filter_text(run_ref, "run", "run_ref")
        return self._list(
            self._select()
            .where(environments.c.run_ref == run)
            .order_by(environments.c.captured_us, environments.c.ref)
        )
