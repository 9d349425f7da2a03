"""Records against the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contexta.contract.errors import ValidationError
from contexta.store.integrity._ledger_checks import absent, named_by_lineage, writers_of_open_runs
from contexta.store.integrity._report import WorkspaceIssue
from contexta.store.records._layout import is_writer_id
from contexta.store.records._refs import derive_record_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contexta.store.metadata import MetadataStore
    from contexta.store.records import RecordStore

_TYPES = ("event", "metric", "span", "degraded")
_CONTEXTS = {
    "stage_execution_ref": "stage",
    "batch_execution_ref": "batch",
    "sample_observation_ref": "sample",
}
_RUNS_AT_ONCE = 100


def own_issues(records: RecordStore, *, full: bool) -> Iterator[WorkspaceIssue]:
    """Yield what the record store finds wrong with itself."""
    if full:
        for issue in records.check_integrity().issues:
            yield WorkspaceIssue(
                code=issue.code, message=issue.message, severity=issue.severity, plane="records"
            )
        return
    for gap in records.damage():
        yield WorkspaceIssue(
            code="records_damaged",
            message=f"Records are known to be missing or unreadable: {gap}",
            plane="records",
            suggested_action="repair_records",
        )


def run_issues(metadata: MetadataStore, records: RecordStore) -> Iterator[WorkspaceIssue]:
    """Yield runs that have records and are not in the ledger."""
    missing, deleted = absent(metadata, "run", records.run_refs())
    for ref in sorted(missing):
        if ref in deleted:
            yield WorkspaceIssue(
                code="deleted_run_has_records",
                message=f"{ref!r} was deleted from the ledger and still has records.",
                plane="records",
                ref=ref,
                suggested_action="erase_records",
            )
        else:
            yield WorkspaceIssue(
                code="records_of_unknown_run",
                message=f"There are records of {ref!r}, which the ledger does not know.",
                plane="records",
                ref=ref,
                suggested_action="put_run_or_erase_records",
            )


def context_issues(
    metadata: MetadataStore, records: RecordStore, *, full: bool
) -> Iterator[WorkspaceIssue]:
    """Yield stages, batches and samples that records name and the ledger does not know."""
    named = _all_contexts(records) if full else _stages_of_metrics(records)
    for kind, refs in named.items():
        missing, deleted = absent(metadata, kind, refs)
        for ref in sorted(missing):
            yield WorkspaceIssue(
                code=f"records_of_unknown_{kind}",
                message=f"Records name {ref!r}, which "
                + ("was deleted." if ref in deleted else "the ledger does not know."),
                severity="warning",
                plane="records",
                ref=ref,
                suggested_action=f"put_{kind}_or_erase_records",
                details={"deleted": ref in deleted},
            )


def writer_issues(metadata: MetadataStore, records: RecordStore) -> Iterator[WorkspaceIssue]:
    """Yield open runs whose writer is dead, or is none of this record store."""
    for ref, writer in writers_of_open_runs(metadata):
        details = {"writer_id": writer}
        if not is_writer_id(writer):
            yield WorkspaceIssue(
                code="unknown_run_writer",
                message=f"{ref!r} names the writer {writer!r}, which no record store gives out.",
                plane="records",
                ref=ref,
                suggested_action="close_run",
                details=details,
            )
        elif not records.writer_alive(writer):
            yield WorkspaceIssue(
                code="open_run_without_writer",
                message=f"{ref!r} is open, but the process that wrote it has ended. Opening the "
                "workspace writable marks it as interrupted.",
                severity="warning",
                plane="records",
                ref=ref,
                suggested_action="close_run",
                details=details,
            )


def lineage_issues(metadata: MetadataStore, records: RecordStore) -> Iterator[WorkspaceIssue]:
    """Yield records that lineage names and that do not exist."""
    named = named_by_lineage(metadata, "record")
    by_run: dict[str, list[tuple[str, str]]] = {}
    for ref, owner in named:
        by_run.setdefault("run:" + ref.partition(":")[2].rpartition(".")[0], []).append(
            (ref, owner)
        )
    for run_ref, wanted in sorted(by_run.items()):
        known = _record_refs(records, run_ref)
        for ref, owner in wanted:
            if ref not in known:
                yield WorkspaceIssue(
                    code="lineage_record_missing",
                    message=f"{owner!r} names {ref!r}, which is not among the records.",
                    severity="warning",
                    plane="records",
                    ref=owner,
                    suggested_action="review_lineage",
                    details={"record_ref": ref},
                )


def _record_refs(records: RecordStore, run_ref: str) -> set[str]:
    found: set[str] = set()
    for record_type in _TYPES:
        try:
            table = records.arrow(
                record_type, run_refs=(run_ref,), columns=("sequence", "record_ref")
            )
        except ValidationError:
            return found  # a ref whose run cannot exist
        for sequence, ref in zip(
            table.column("sequence").to_pylist(),
            table.column("record_ref").to_pylist(),
            strict=True,
        ):
            found.add(ref or derive_record_ref(run_ref, record_type, sequence))
    return found


def _stages_of_metrics(records: RecordStore) -> dict[str, set[str]]:
    stages = {summary.stage_execution_ref for summary in records.metric_summaries()}
    return {"stage": {ref for ref in stages if ref}}


def _all_contexts(records: RecordStore) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {kind: set() for kind in _CONTEXTS.values()}
    runs = records.run_refs()
    for start in range(0, len(runs), _RUNS_AT_ONCE):
        chunk = runs[start : start + _RUNS_AT_ONCE]
        for record_type in _TYPES:
            table = records.arrow(record_type, run_refs=chunk, columns=tuple(_CONTEXTS))
            for column, kind in _CONTEXTS.items():
                values = table.column(column).unique().to_pylist()
                found[kind].update(value for value in values if value)
    return found
