"""Make rows of the ledger from what the other planes say, for refs that it does not know.

A ref tells what it lies in and its name; the records of a run tell when it was at work. More is
not made up: what is rebuilt carries a marker in its metadata (a project in its tags), and a run
is `interrupted`, since nobody knows how it ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import ValidationError
from contexta.contract.time import from_epoch_us, iso_utc_now, to_epoch_us
from contexta.recovery._models_salvage import LostItem
from contexta.recovery._salvage_ledger import METADATA, run_of_ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contexta.recovery._salvage_losses import Losses
    from contexta.store.metadata import MetadataStore
    from contexta.store.records import RecordStore

MARKER = "salvage"
_TYPES = ("event", "metric", "span", "degraded")
_COLUMNS = ("stage_execution_ref", "batch_execution_ref", "sample_observation_ref")
_RUNS_AT_ONCE = 100
_ROUNDS = 3
_Window = tuple[int, int]


@dataclass(slots=True)
class Seen:
    """When each ref was first and last seen in the records, microseconds since 1970 UTC.

    `parents` are, for batches and samples, the refs of the records that name them.
    """

    windows: dict[str, _Window] = field(default_factory=dict)
    batch_of_sample: dict[str, str | None] = field(default_factory=dict)

    def note(self, ref: str, first: int, last: int) -> None:
        """Widen the window of a ref."""
        low, high = self.windows.get(ref, (first, last))
        self.windows[ref] = (min(low, first), max(high, last))

    def times(self, ref: str, fallback: str) -> tuple[str, str]:
        """Return the window of a ref as UTC text."""
        if ref not in self.windows:
            return fallback, fallback
        first, last = self.windows[ref]
        return from_epoch_us(first), from_epoch_us(last)


def look_at_records(records: RecordStore) -> Seen:
    """Return every run, stage, batch and sample that records name, and when."""
    seen = Seen()
    runs = records.run_refs()
    for start in range(0, len(runs), _RUNS_AT_ONCE):
        for record_type in _TYPES:
            names = ("run_ref", *_COLUMNS, "observed_at")
            table = records.arrow(
                record_type, run_refs=runs[start : start + _RUNS_AT_ONCE], columns=names
            )
            _take_windows(seen, table)
    return seen


def _take_windows(seen: Seen, table: Any) -> None:
    keys = ["run_ref", *_COLUMNS]
    found = table.group_by(keys, use_threads=False).aggregate(
        [("observed_at", "min"), ("observed_at", "max")]
    )
    for row in found.to_pylist():
        first = to_epoch_us(row["observed_at_min"])
        last = to_epoch_us(row["observed_at_max"])
        for key in keys:
            if row[key] is not None:
                seen.note(row[key], first, last)
        sample = row["sample_observation_ref"]
        if sample is not None:
            seen.batch_of_sample[sample] = row["batch_execution_ref"]


def rebuild_rows(
    metadata: MetadataStore, seen: Seen, wanted: Iterable[str], losses: Losses, source: str
) -> None:
    """Put a row for each ref that is named and not stored; deleted ones stay deleted.

    Args:
        metadata: The mended ledger.
        seen: What the records name.
        wanted: Refs of runs that other planes name.
        losses: Receives a line for each rebuilt row.
        source: What was salvaged, for the marker.
    """
    named = {*seen.windows, *wanted}
    for _ in range(_ROUNDS):
        if losses.of_plane(METADATA):  # else no row of the ledger has lost what it lies in
            named |= _dangling(metadata)
        missing = _missing(metadata, named)
        if not missing:
            return
        rebuilder = _Rebuilder(metadata, seen, losses, source)
        for ref in sorted(missing, key=lambda one: (one.count("."), one)):
            rebuilder.put(ref)
        named = set()


def _missing(metadata: MetadataStore, refs: Iterable[str]) -> list[str]:
    exists = {
        "project": metadata.projects.exists_project,
        "run": metadata.runs.exists_run,
        "stage": metadata.stages.exists_stage_execution,
        "batch": metadata.batches.exists_batch_execution,
        "sample": metadata.samples.exists_sample_observation,
    }
    return [
        ref
        for ref in sorted(set(refs))
        if (look := exists.get(ref.partition(":")[0])) is not None
        and not look(ref)
        and metadata.find_tombstone(ref) is None
    ]


def _dangling(metadata: MetadataStore) -> set[str]:
    """Return the refs that rows of the ledger name as what they lie in, and that are not there."""
    found = set()
    for issue in metadata.check_integrity(full=False).issues:
        for key in ("project_ref", "run_ref", "stage_ref", "batch_ref"):
            ref = (issue.details or {}).get(key)
            if issue.code.startswith("missing_") and isinstance(ref, str):
                found.add(ref)
    return found


class _Rebuilder:
    """Puts single rows, what they lie in first."""

    def __init__(self, metadata: MetadataStore, seen: Seen, losses: Losses, source: str) -> None:
        self._metadata = metadata
        self._seen = seen
        self._losses = losses
        self._marker = {"rebuilt_from": "records", "source": source}
        self._now = iso_utc_now()
        self._put: set[str] = set()

    def put(self, ref: str) -> None:
        """Put a row for a ref, and for those it lies in; what is no such ref is left."""
        kind, _, value = ref.partition(":")
        maker = {
            "project": self._project,
            "run": self._run,
            "stage": self._stage,
            "batch": self._batch,
            "sample": self._sample,
        }.get(kind)
        if maker is None or ref in self._put or not value:
            return
        self._put.add(ref)
        try:
            maker(ref, value)
        except ValidationError as error:
            self._losses.warnings.append(f"No row can be made for {ref!r}: {error.message}")
            return
        run = run_of_ref(ref)
        self._losses.add(
            LostItem(
                plane=METADATA,
                place=ref,
                reason="row_rebuilt",
                message=f"The row of {ref!r} is lost; its name and times were made from its ref "
                "and the records, everything else is unknown.",
                run_refs=(run,) if run else (),
                certain=run is not None,
                count=1,
            )
        )

    def _need(self, ref: str) -> None:
        if _missing(self._metadata, (ref,)):
            self.put(ref)

    def _project(self, ref: str, value: str) -> None:
        from contexta.contract import Project

        below = [
            first
            for one, (first, _) in self._seen.windows.items()
            if one.partition(":")[2].startswith(f"{value}.")
        ]
        created = from_epoch_us(min(below)) if below else self._now
        tags = {MARKER: f"rebuilt from records of {self._marker['source']}"}
        self._metadata.projects.put_project(
            Project(project_ref=ref, name=value, created_at=created, tags=tags)
        )

    def _run(self, ref: str, value: str) -> None:
        from contexta.contract import Run

        project, name = value.split(".", 1)
        self._need(f"project:{project}")
        started, ended = self._seen.times(ref, self._now)
        self._metadata.runs.put_run(
            Run(
                run_ref=ref,
                project_ref=f"project:{project}",
                name=name,
                status="interrupted",
                started_at=started,
                ended_at=ended,
                metadata={MARKER: self._marker},
            )
        )

    def _stage(self, ref: str, value: str) -> None:
        from contexta.contract import StageExecution

        run, name = value.rsplit(".", 1)
        self._need(f"run:{run}")
        self._metadata.stages.put_stage_execution(
            StageExecution(
                stage_execution_ref=ref,
                run_ref=f"run:{run}",
                stage_name=name,
                **self._state(ref),
            )
        )

    def _batch(self, ref: str, value: str) -> None:
        from contexta.contract import BatchExecution

        stage, name = value.rsplit(".", 1)
        self._need(f"stage:{stage}")
        self._metadata.batches.put_batch_execution(
            BatchExecution(
                batch_execution_ref=ref,
                run_ref=f"run:{stage.rsplit('.', 1)[0]}",
                stage_execution_ref=f"stage:{stage}",
                batch_name=name,
                **self._state(ref),
            )
        )

    def _sample(self, ref: str, value: str) -> None:
        from contexta.contract import SampleObservation

        batch = self._seen.batch_of_sample.get(ref)
        owner, name = value.rsplit(".", 1)
        stage = owner.rsplit(".", 1)[0] if batch is not None else owner
        self._need(f"stage:{stage}")
        if batch is not None:
            self._need(batch)
        self._metadata.samples.put_sample_observation(
            SampleObservation(
                sample_observation_ref=ref,
                run_ref=f"run:{stage.rsplit('.', 1)[0]}",
                stage_execution_ref=f"stage:{stage}",
                batch_execution_ref=batch,
                sample_name=name,
                observed_at=self._seen.times(ref, self._now)[0],
                metadata={MARKER: self._marker},
            )
        )

    def _state(self, ref: str) -> Mapping[str, Any]:
        started, ended = self._seen.times(ref, self._now)
        return {
            "status": "interrupted",
            "started_at": started,
            "ended_at": ended,
            "metadata": {MARKER: self._marker},
        }


def remove_dangling(metadata: MetadataStore, losses: Losses) -> None:
    """Remove rows that name what could not be made again, such as ends of relations."""
    lost = {item.place for item in losses.of_plane(METADATA)}
    for _ in range(_ROUNDS if lost else 0):
        plan = metadata.plan_repairs(metadata.check_integrity(full=True))
        named = {
            candidate.action
            for candidate in plan.candidates
            if candidate.action.startswith("review_or_remove_")
            and lost & {str(value) for value in (candidate.details or {}).values()}
        }
        wanted = [
            candidate
            for candidate in plan.candidates
            if not candidate.action.startswith("review_")
            or (
                candidate.action in named
                and lost & {str(value) for value in (candidate.details or {}).values()}
            )
        ]
        if not wanted:
            return
        chosen = type(plan)(False, tuple(wanted), tuple({one.action for one in wanted}))
        result = metadata.apply_repairs(chosen, dry_run=False, actions=set(chosen.actions))
        if not result.changed:
            return
        for change in result.changes:
            if not change.action.startswith("review_or_remove_") or change.ref is None:
                continue
            run = run_of_ref(change.ref)
            losses.add(
                LostItem(
                    plane=METADATA,
                    place=change.ref,
                    reason="row_without_owner",
                    message=f"{change.ref!r} names what is lost ({change.issue_code}).",
                    run_refs=(run,) if run else (),
                    certain=run is not None,
                    count=1,
                )
            )
            lost.add(change.ref)
