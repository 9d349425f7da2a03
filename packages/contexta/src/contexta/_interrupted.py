"""Runs whose process died: mark them, and say what is known to be missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contexta.capture._build import degraded_record
from contexta.contract.errors import ConflictError
from contexta.contract.time import from_epoch_us, to_epoch_us
from contexta.store.records import SeriesContext

if TYPE_CHECKING:
    from contexta.config import UnifiedConfig

_CHILDREN = (
    ("stages", "list_stage_executions", "put_stage_execution"),
    ("batches", "list_batch_executions", "put_batch_execution"),
    ("deployments", "list_deployment_executions", "put_deployment_execution"),
)


def interrupt_dead_runs(
    metadata: Any, records: Any, config: UnifiedConfig, now_us: int
) -> tuple[str, ...]:
    """Close the open runs of dead writers as `interrupted`, and seal what those left.

    A run whose writer lives is never touched. Each run gets one degraded
    record, written by whoever closed it.

    Returns:
        The refs of the runs that were closed.

    Raises:
        StoreError: a plane cannot be read or written.
    """
    pairs = [
        (ref, writer) for ref, writer in metadata.runs.open_run_writers()
        if not records.writer_alive(writer)
    ]  # fmt: skip
    if not pairs:
        return ()
    dead = {item.writer_id: item for item in records.recover_dead_writers()}
    closed = []
    for run_ref, writer_id in pairs:
        run = metadata.runs.get_run(run_ref)
        ended = _end_of(run, dead.get(writer_id), records)
        try:
            metadata.runs.close_run(run_ref, status="interrupted", ended_at=ended)
        except ConflictError:
            continue  # another opener was faster
        _interrupt_children(metadata, str(run_ref), ended)
        _explain(records, config, run, dead.get(writer_id), writer_id, now_us)
        closed.append(str(run_ref))
    return tuple(closed)


def has_dead_writers(records: Any) -> bool:
    """Say whether some writer ended without its log being sealed.

    Asked first because sealing loads pyarrow, which most starts do not need.
    """
    log = Path(records.root_path) / "_wal"
    if not log.is_dir():
        return False
    return any(item.is_dir() and not records.writer_alive(item.name) for item in log.iterdir())


def _end_of(run: Any, dead: Any, records: Any) -> str:
    """Return when the run was last heard of: its last record, else its start."""
    started = to_epoch_us(run.started_at)
    heard = [
        item.last_observed_us for item in records.metric_summaries(run_refs=[str(run.run_ref)])
    ]
    last = None if dead is None else dead.last_record_at_us
    if last is not None:
        heard.append(last)
    return from_epoch_us(max([started, *heard]))


def _interrupt_children(metadata: Any, run_ref: str, ended: str) -> None:
    for repository, lister, putter in _CHILDREN:
        rows = getattr(metadata, repository)
        listed = getattr(rows, lister)
        found = listed(run_ref) if repository == "stages" else listed(run_ref=run_ref)
        for row in found:
            if row.status == "open":
                end = max(ended, str(row.started_at))
                changed = {**row.to_dict(), "status": "interrupted", "ended_at": end}
                getattr(rows, putter)(type(row).model_validate(changed))


def _explain(
    records: Any, config: UnifiedConfig, run: Any, dead: Any, writer_id: str, now_us: int
) -> None:
    facts: Mapping[str, Any] = {
        "writer_id": writer_id,
        "record_count": None if dead is None else dead.record_count,
        "torn_bytes": None if dead is None else dead.torn_bytes,
        "last_record_at": None
        if dead is None or dead.last_record_at_us is None
        else from_epoch_us(dead.last_record_at_us),
    }
    torn = facts["torn_bytes"] or 0
    kept = "every acknowledged record was kept" if not torn else f"{torn} torn bytes were set aside"
    context = SeriesContext(
        run_ref=str(run.run_ref),
        project=str(run.project_ref).partition(":")[2],
        producer_ref=config.capture.producer_ref,
        schema_version=config.contract.schema_version,
    )
    record = degraded_record(
        context,
        now_us,
        issue_key="capture.process_died",
        summary=f"the process of this run died while it was open; {kept}, "
        "what it had not yet handed over is missing",
        category="capture",
        severity="error",
        attributes=dict(facts),
        marker="capture_gap",
    )
    records.writer().append_record(record, derive_ref=True)
