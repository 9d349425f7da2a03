"""What is missing in some runs, from the counts that the planes keep."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from contexta.interpretation.completeness._records import LOSS_KEY
from contexta.interpretation.completeness.models import Completeness
from contexta.interpretation.repositories._liveness import INTERRUPTED, OPEN

if TYPE_CHECKING:
    from contexta.store.artifacts import ArtifactStore
    from contexta.store.metadata import MetadataStore
    from contexta.store.records import RecordStore

_FEW = 32
_GAP = "sequence_gap"
_UNDER_RUNS = frozenset(
    ("run", "stage", "batch", "sample", "op", "environment", "artifact", "record")
)


class CompletenessAnswers:
    """The completeness of runs, for the repository over the planes."""

    metadata_store: MetadataStore
    record_store: RecordStore
    artifact_store: ArtifactStore

    def completeness_counts(
        self, run_ids: Sequence[str], metric_keys: Sequence[str] | None = None
    ) -> Completeness:
        """Return the counts of all these runs together, missing bodies aside.

        No record is read, the few aside in which capture reports what it lost.
        """
        found = _of_records(self.record_store, run_ids, metric_keys) + self._of_runs(run_ids)
        notes = {*self._rows(run_ids), *(self._bindings(run_ids) if metric_keys is None else ())}
        return found + Completeness(damaged_parts=len(notes), notes=tuple(sorted(notes)))

    def missing_bodies(self, run_ids: Sequence[str]) -> int:
        """Return how many artifacts of the runs are bound and have no body."""
        wanted, store = frozenset(run_ids), self.artifact_store
        refs = (ref for ref in store.list_refs() if run_of(ref) in wanted)
        return sum(not store.artifact_exists(ref) for ref in refs)

    def _of_runs(self, run_ids: Sequence[str]) -> Completeness:
        """Count open runs and those whose process died, closed since or not."""
        wanted, runs = frozenset(run_ids), self.metadata_store.runs
        if len(wanted) <= _FEW:
            rows = runs.find_run_rows(wanted).values()
            going = {row.ref for row in rows if row.status == OPEN}
            dead = {row.ref for row in rows if row.status == INTERRUPTED}
        else:
            going = set(wanted.intersection(runs.run_refs(status=OPEN, order_by=None)))
            dead = set(wanted.intersection(runs.run_refs(status=INTERRUPTED, order_by=None)))
        if going:
            writers = [(ref, name) for ref, name in runs.open_run_writers() if ref in going]
            alive = {name: self.record_store.writer_alive(name) for _, name in writers}
            dead |= {ref for ref, name in writers if not alive[name]}
        return Completeness(open_runs=len(going - dead), dead_writers=len(dead))

    def _rows(self, run_ids: Collection[str]) -> Iterator[str]:
        """Yield the damaged rows of the metadata plane that were met, rows of other runs aside."""
        for row in self.metadata_store.damage():
            if (owner := run_of(row.ref)) is None or owner in run_ids:
                yield f"metadata row {row.ref} of {row.table}: {row.reason}"

    def _bindings(self, run_ids: Collection[str]) -> Iterator[str]:
        """Yield the bindings that the last list of artifacts could not read, as far as known."""
        for _, error in self.artifact_store.damage():
            ref = (error.details or {}).get("artifact_ref")
            if ref is None or run_of(str(ref)) in run_ids:
                yield f"{error.code}: {error.message}"


def run_of(ref: str) -> str | None:
    """Return the run that a ref lies under, or ``None``."""
    kind, _, value = ref.partition(":")
    parts = value.split(".")
    if kind not in _UNDER_RUNS or len(parts) < 2:
        return None
    return f"run:{parts[0]}.{parts[1]}"


def _of_records(
    store: RecordStore, run_refs: Sequence[str], keys: Sequence[str] | None
) -> Completeness:
    """Count what the record plane knows: from its index, and losses from the few loss records."""
    counts = store.doubt_counts(run_refs)
    missing, nonfinite, records = counts["absent"], counts["nonfinite"], _all_types(counts)
    if keys is not None:
        series = store.metric_table(run_refs, keys)
        missing += len(run_refs) * len(keys) - _pairs(series)
        nonfinite, records = (_sum(series, name) for name in ("nonfinite_count", "count"))
    # Which runs damage concerns is asked only where there is any: checking refs has its price.
    lost, places, notes = _gaps(store.damage(run_refs=run_refs) if store.damage() else ())
    if counts["degraded"]:
        lost += _reported(store, run_refs)
    return Completeness(
        runs=len(run_refs),
        records=records,
        missing=missing,
        late=counts["late"],
        clipped=counts["clipped"],
        nonfinite=nonfinite,
        degraded=counts["marked"],
        imported=counts["imported"],
        lost=lost,
        damaged_parts=len(places),
        notes=notes,
    )


def _gaps(gaps: Iterable[Any]) -> tuple[int, set[str], tuple[str, ...]]:
    """Return records that are gone, files that are damaged, and a note for each of both."""
    lost, places, notes = 0, set(), []
    for gap in gaps:
        notes.append(f"{gap.code}: {gap.message}")
        start, end = gap.start_sequence, gap.end_sequence
        if gap.code == _GAP and start is not None and end is not None:
            lost += end - start + 1
        else:
            places.add(str((gap.details or {}).get("path", gap.message)))
    return lost, places, tuple(sorted(set(notes)))


def _reported(store: RecordStore, run_refs: Sequence[str]) -> int:
    table = store.arrow("degraded", run_refs=run_refs, keys=[LOSS_KEY], columns=["attributes"])
    texts = table.column("attributes").to_pylist()
    found = [json.loads(text).get("count") if text else None for text in texts]
    return sum(count if isinstance(count, int) and count > 0 else 1 for count in found)


def _sum(table: Any, column: str) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(table.column(column)).as_py() or 0)


def _pairs(series: Any) -> int:
    """The number of runs and keys that have points; a key in two stages of a run counts once."""
    return int(series.group_by(["run_ref", "metric_key"], use_threads=False).aggregate([]).num_rows)


def _all_types(counts: Mapping[str, int]) -> int:
    return sum(counts[name] for name in ("event", "metric", "span", "degraded"))
