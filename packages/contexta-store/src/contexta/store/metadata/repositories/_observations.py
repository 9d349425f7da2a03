"""Samples and environment snapshots: what was seen, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from sqlalchemy import and_

from contexta.store.metadata import _filters as f
from contexta.store.metadata._refs import filter_text
from contexta.store.metadata._tables import environments, none_last, samples
from contexta.store.metadata.repositories._base import Repository
from contexta.store.metadata.repositories._reads import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from contexta.contract import EnvironmentSnapshot, SampleObservation
    from contexta.contract.refs import StableRef
    from contexta.store.metadata._filter_types import EnvironmentFilters, SampleFilters
    from contexta.store.metadata._paging import Page


_batch_key = none_last(samples.c.batch_ref)


def _in_batch(value: Any) -> ColumnElement[bool]:
    """Match the samples of a batch by the one index of samples."""
    text = filter_text(value, "batch", "batch_ref")
    stage = f"stage:{text.partition(':')[2].rpartition('.')[0]}"
    return and_(
        f.owner_condition(samples.c.run_ref, text), samples.c.stage_ref == stage, _batch_key == text
    )


class SampleRepository(Repository["SampleObservation"]):
    """Samples seen in stages and batches, by run, stage, batch (None last), time, ref."""

    _known_filters = {
        "run_ref": f.is_ref(samples.c.run_ref, "run", "run_ref"),
        "stage_ref": f.within("stage", "stage_ref", samples.c.run_ref, samples.c.stage_ref),
        "batch_ref": _in_batch,
        "name": f.is_text(samples.c.sample_name, "name"),
        "name_prefix": f.has_prefix(samples.c.sample_name, "name_prefix"),
        "observed_after": f.at_or_after(samples.c.observed_us),
        "observed_before": f.before(samples.c.observed_us),
        "retention_class": f.is_text(samples.c.retention_class, "retention_class"),
        "redaction_profile": f.is_text(samples.c.redaction_profile, "redaction_profile"),
    }
    _precedence = ("batch_ref", "stage_ref", "run_ref")

    def put_sample_observation(
        self, sample: SampleObservation, *, expected_revision: int | None = None
    ) -> SampleObservation:
        """Store a sample of a stored stage (and batch), replacing one with the same ref.

        Raises:
            NotFoundError: When its run, stage or batch is missing.
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(sample, expected_revision)

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
        limit: int | None = None,
        after: str | None = None,
        **filters: Unpack[SampleFilters],
    ) -> tuple[SampleObservation, ...]:
        """Return the samples of a batch, else of a stage, else of a run, else all.

        By observation time and ref within a batch; runs, stages and batches by ref, samples
        without a batch last.
        """
        return self._list(self._listing(filters), limit=limit, after=after)

    def page_sample_observations(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[SampleFilters],
    ) -> Page[SampleObservation]:
        """Return samples and the cursor of the page behind them; in the order of the list."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_sample_observations(
        self, **filters: Unpack[SampleFilters]
    ) -> Iterator[SampleObservation]:
        """Yield samples page by page, each page as it is then; in the order of the list."""
        return self._iterate(self._listing(filters))

    def count_sample_observations(self, **filters: Unpack[SampleFilters]) -> int:
        """Count samples."""
        return self._count(self._listing(filters))

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        own: tuple[ColumnElement[Any], ...] = (samples.c.observed_us, samples.c.ref)
        if filters.get("batch_ref") is not None:
            return own
        own = (_batch_key, *own)
        if filters.get("stage_ref") is not None:
            return own
        own = (samples.c.stage_ref, *own)
        return own if filters.get("run_ref") is not None else (samples.c.run_ref, *own)


class EnvironmentRepository(Repository["EnvironmentSnapshot"]):
    """Snapshots of the software around a run, by run, capture time, ref."""

    _known_filters = {
        "run_ref": f.is_ref(environments.c.run_ref, "run", "run_ref"),
        "captured_after": f.at_or_after(environments.c.captured_us),
        "captured_before": f.before(environments.c.captured_us),
    }

    def put_environment_snapshot(
        self, environment: EnvironmentSnapshot, *, expected_revision: int | None = None
    ) -> EnvironmentSnapshot:
        """Store a snapshot of a stored run, replacing one with the same ref.

        Raises:
            NotFoundError: When its run is missing.
            ConflictError: `metadata_revision_conflict` when it has another revision than the one
                expected; 0 expects none.
        """
        return self._put(environment, expected_revision)

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
        self,
        run_ref: StableRef | str | None = None,
        *,
        limit: int | None = None,
        after: str | None = None,
        captured_after: str | datetime | None = None,
        captured_before: str | datetime | None = None,
        include_archived: bool | None = None,
    ) -> tuple[EnvironmentSnapshot, ...]:
        """Return the snapshots of a run, or all, by run, capture time, ref."""
        filters: EnvironmentFilters = {
            "run_ref": run_ref,
            "captured_after": captured_after,
            "captured_before": captured_before,
            "include_archived": include_archived,
        }
        return self._list(self._listing(filters), limit=limit, after=after)

    def page_environment_snapshots(
        self,
        *,
        limit: int = PAGE_SIZE,
        after: str | None = None,
        **filters: Unpack[EnvironmentFilters],
    ) -> Page[EnvironmentSnapshot]:
        """Return snapshots and the cursor of the page behind them; in the order of the list."""
        return self._page(self._listing(filters), limit=limit, after=after)

    def iter_environment_snapshots(
        self, **filters: Unpack[EnvironmentFilters]
    ) -> Iterator[EnvironmentSnapshot]:
        """Yield snapshots page by page, each page as it is then; in the order of the list."""
        return self._iterate(self._listing(filters))

    def count_environment_snapshots(self, **filters: Unpack[EnvironmentFilters]) -> int:
        """Count snapshots."""
        return self._count(self._listing(filters))

    def _keys(self, filters: Mapping[str, Any]) -> tuple[ColumnElement[Any], ...]:
        own = (environments.c.captured_us, environments.c.ref)
        return own if filters.get("run_ref") is not None else (environments.c.run_ref, *own)
