"""Build a salvaged workspace: copy, mend each plane, make the planes agree, name the losses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from contexta.contract.errors import IntegrityError, NotFoundError, ReadOnlyStoreError
from contexta.contract.time import to_epoch_us
from contexta.recovery._errors import RestoreError
from contexta.recovery._layout import WORKSPACE_MARK, Layout
from contexta.recovery._models_salvage import LostItem, SalvageResult
from contexta.recovery._salvage_artifacts import ARTIFACTS, mend_artifacts, run_of
from contexta.recovery._salvage_ledger import LEDGER, METADATA, mend_ledger, open_ledger
from contexta.recovery._salvage_notes import write_notes
from contexta.recovery._salvage_rebuild import look_at_records, rebuild_rows, remove_dangling
from contexta.recovery._salvage_records import RECORDS, WriterRuns, mend_records
from contexta.store.fs import atomic_write_bytes
from contexta.store.workspace import WORKSPACE_FORMAT_VERSION, open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.recovery._progress import Reporter
    from contexta.recovery._salvage_earlier import Earlier
    from contexta.recovery._salvage_ledger import Ledger
    from contexta.recovery._salvage_losses import Losses
    from contexta.recovery._salvage_rebuild import Seen
    from contexta.recovery._salvage_source import Origin
    from contexta.store.metadata import MetadataStore
    from contexta.store.records import IntegrityReport, RecordStore

Taken = dict[str, dict[str, int]]


def build(
    origin: Origin,
    new: Layout,
    earlier: Earlier,
    losses: Losses,
    reporter: Reporter,
    target: Path,
) -> SalvageResult:
    """Fill an empty folder with what can be read of a source, mended.

    Args:
        origin: What is salvaged.
        new: The folder, in its standard layout.
        earlier: Backups that may hold what the source has lost.
        losses: Receives what is lost.
        reporter: Told how far it is.
        target: Where the folder will be, for the result.

    Raises:
        RestoreError: `recovery_nothing_to_salvage`, `recovery_repair_failed`.
        SchemaVersionError: A newer release wrote a plane.
        StoreError: When the copy cannot be written.
    """
    origin.take(new, losses, earlier, reporter)
    reporter.begin("mend", 4)
    _mend_mark(origin, new, losses)
    ledger = mend_ledger(new.database, losses, earlier, expected=origin.had_ledger)
    reporter.advance(files=1)
    with open_ledger(new.database) as metadata:
        mend_records(new.records, losses, _writers(metadata), earlier)
        reporter.advance(files=1)
        manifests = _mend_artifacts(new, metadata, losses, earlier)
        reporter.advance(files=1)
        taken = _settle(origin, new, metadata, ledger, losses, manifests)
        metadata.checkpoint()
    reporter.advance(files=1)
    reporter.end()
    if not any((taken[METADATA]["runs"], *taken[RECORDS].values(), *taken[ARTIFACTS].values())):
        raise _nothing(origin, losses)
    return _result(origin, target, taken, ledger, losses)


def _mend_mark(origin: Origin, new: Layout, losses: Losses) -> None:
    """Give the copy a mark, with the id of the workspace where that is known."""
    mark = new.root / WORKSPACE_MARK
    try:
        open_workspace(new.root, create=False, read_only=True)
    except (NotFoundError, ReadOnlyStoreError):
        reason = "file_missing"
    except IntegrityError:
        reason = "file_damaged"
        mark.unlink()
    else:
        return
    known = origin.workspace_id
    if known is not None:
        content = {"format_version": WORKSPACE_FORMAT_VERSION, "workspace_id": known}
        atomic_write_bytes(mark, (json.dumps(content, indent=2, sort_keys=True) + "\n").encode())
        losses.mended("workspace", WORKSPACE_MARK, "made_anew")
        return
    open_workspace(new.root, create=True)
    text = "The mark of the workspace is lost; the copy has a new workspace id."
    losses.add(LostItem("workspace", WORKSPACE_MARK, reason, text))


def _writers(metadata: MetadataStore) -> WriterRuns:
    by_writer: dict[str, list[str]] = {}
    for run_ref, writer_id in metadata.runs.open_run_writers():
        by_writer.setdefault(writer_id, []).append(run_ref)
    return WriterRuns({writer: tuple(runs) for writer, runs in by_writer.items()})


def _mend_artifacts(
    new: Layout, metadata: MetadataStore, losses: Losses, earlier: Earlier
) -> dict[str, Any]:
    from contexta.store.records import RecordStore, RecordStoreConfig

    def known_runs() -> set[str]:
        runs = set(metadata.runs.run_refs(order_by=None))
        if new.records.is_dir():
            config = RecordStoreConfig(new.records, compact_small_parts=False)
            with RecordStore(config) as records:
                runs |= set(records.run_refs())
        return runs

    named = [ref for ref in metadata.list_registered_refs() if ref.startswith("artifact:")]
    return mend_artifacts(new.artifacts, losses, named, known_runs, earlier)


def _settle(
    origin: Origin,
    new: Layout,
    metadata: MetadataStore,
    ledger: Ledger,
    losses: Losses,
    manifests: dict[str, Any],
) -> Taken:
    """Make the planes agree, write the losses into the runs, and count what is there."""
    from contexta.store.artifacts import ArtifactStore, VaultConfig
    from contexta.store.records import RecordStore, RecordStoreConfig

    artifacts = ArtifactStore(VaultConfig(root_path=new.artifacts))
    with RecordStore(RecordStoreConfig(new.records, compact_small_parts=False)) as records:
        seen = look_at_records(records)
        runs = {run_of(ref) for ref in artifacts.list_refs()}
        runs |= {run for item in losses.items() if item.certain for run in item.run_refs}
        rebuild_rows(metadata, seen, runs, losses, origin.name)
        remove_dangling(metadata, losses)
        _name_unknown(metadata, seen, ledger, losses)
        known = set(metadata.runs.run_refs(order_by=None))
        checked = records.check_integrity()
        _note_unmended(records, checked, losses)
        taken = {
            METADATA: {"projects": metadata.projects.count_projects(), "runs": len(known)},
            RECORDS: {"records": checked.record_count},
            ARTIFACTS: {"artifacts": len(artifacts.list_refs())},
        }
        _compare_counts(origin, taken, losses)
        # Of a body, the artifacts that it was of are listed.
        items = [item for item in losses.items() if "/objects/" not in item.place]
        items = [item.with_runs(known.intersection(item.run_refs)) for item in items]
        notes = write_notes(records, items, manifests, origin.name, losses.warnings)
    if notes:
        losses.note(f"degraded_records:{notes}")
    return taken


def _note_unmended(records: RecordStore, checked: IntegrityReport, losses: Losses) -> None:
    """Warn of damage that no repair knows; refuse to publish what one should have mended."""
    errors = [one.message for one in checked.issues if one.severity == "error"]
    steps = records.plan_repairs().steps if errors else ()
    if any(step.kind != "report_only" for step in steps):
        raise RestoreError(
            f"The copied records could not be repaired: {errors[0]} Nothing was published. Look "
            "whether the disk of the target is full or failing, then call again.",
            code="recovery_repair_failed",
            details={"problems": errors},
            retryable=True,
        )
    losses.warnings += errors


def _name_unknown(metadata: MetadataStore, seen: Seen, ledger: Ledger, losses: Losses) -> None:
    """Where nothing tells which runs a loss belongs to, name those that it may concern."""
    for item in losses.of_plane(RECORDS):
        if item.run_refs:
            continue
        folders = [part for part in item.place.split("/") if part.startswith("project=")]
        if folders:
            project = f"project:{folders[0].removeprefix('project=')}"
            runs = metadata.runs.run_refs(project_ref=project, order_by=None)
            losses.add(item.with_runs(runs, certain=False))
        elif item.place.startswith(f"{RECORDS}/_wal/"):
            runs = metadata.runs.run_refs(status="open", order_by=None)
            losses.add(item.with_runs(runs, certain=False))
    item_of_ledger = losses.at(METADATA, LEDGER)
    if ledger.as_of is not None and item_of_ledger is not None:
        as_of = to_epoch_us(ledger.as_of)
        later = {ref for ref, (_, last) in seen.windows.items() if last >= as_of}
        losses.add(item_of_ledger.with_runs({r for r in later if r.startswith("run:")}))


def _compare_counts(origin: Origin, taken: Taken, losses: Losses) -> None:
    """Note that something is gone of which nothing but the manifest tells."""
    wanted = origin.counts
    for plane, name in ((METADATA, "runs"), (RECORDS, "records"), (ARTIFACTS, "artifacts")):
        missing = wanted.get(name, 0) - taken[plane][name]
        # Of the other planes, what is lost is counted at its place.
        if missing > 0 and (plane == METADATA or not losses.of_plane(plane)):
            text = f"{taken[plane][name]} {name} were found, the manifest says {wanted[name]}."
            losses.add(LostItem(plane, name, "count_differs", text, count=missing, certain=False))


def _nothing(origin: Origin, losses: Losses) -> RestoreError:
    return RestoreError(
        f"Nothing in {str(origin.location)!r} can be read as a workspace, so none was made. "
        "Choose another backup.",
        code="recovery_nothing_to_salvage",
        details={
            "source": str(origin.location),
            "lost": [item.to_dict() for item in losses.items()],
        },
    )


def _result(
    origin: Origin, target: Path, taken: Taken, ledger: Ledger, losses: Losses
) -> SalvageResult:
    lost = losses.items()
    counts: dict[str, int] = {}
    for item in lost:
        counts[item.plane] = counts.get(item.plane, 0) + 1
    return SalvageResult(
        status="DEGRADED" if lost or losses.warnings else "SUCCESS",
        warnings=(*(item.message for item in lost), *losses.warnings),
        notes=tuple(losses.notes),
        details={"identity": origin.identity},
        source=origin.location,
        target_workspace=target,
        taken=taken,
        lost_counts=counts,
        lost=lost,
        ledger_source=ledger.source,
    )
