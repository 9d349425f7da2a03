"""Open both workspaces and merge plane after plane."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import ConfigurationError, ContextaError
from contexta.store.artifacts import ArtifactStore, VaultConfig
from contexta.store.fs import FileLock
from contexta.store.merge._artifacts import ArtifactMerge
from contexta.store.merge._choice import LeftOut
from contexta.store.merge._ledger import MergeLedger
from contexta.store.merge._metadata import MergeOptions, MetadataMerge
from contexta.store.merge._places import Places, note_or_raise
from contexta.store.merge._record_source import RecordSource
from contexta.store.merge._records import NativeNumbers, RecordMerge, settle
from contexta.store.merge._renames import Renames
from contexta.store.merge._source_ledger import open_source_ledger
from contexta.store.merge._unknown_runs import place_unknown_runs
from contexta.store.metadata import MetadataStore, MetadataStoreConfig
from contexta.store.records import RecordStore, RecordStoreConfig
from contexta.store.records._layout import Layout
from contexta.store.records._parts_log import read_log

if TYPE_CHECKING:
    from contextlib import ExitStack

    from contexta.store.merge._report import Account, MergeReport

LOCK_FILE_NAME = "_merge.lock"
_LOCK_SECONDS = 3600.0


class MergeRun:
    """One merge. What it opens is closed by `stack`."""

    def __init__(
        self,
        source: Places,
        target: Places,
        account: Account,
        stack: ExitStack,
        *,
        write: bool,
        rename: bool,
        actor: str,
        include_deleted: bool,
        projects: frozenset[str] | None,
        source_ledger: MetadataStoreConfig | None,
        target_ledger: MetadataStoreConfig | None,
    ) -> None:
        self._source = source
        self._configs = source_ledger, target_ledger
        self._account = account
        self._stack = stack
        self._write = write
        self._options = MergeOptions(
            write,
            rename,
            include_deleted,
            source.workspace_id == target.workspace_id,
            actor,
            source.workspace_id,
            projects,
        )
        if not write:
            target = self._existing(target)
        self._target = target

    def run(self) -> None:
        """Merge everything; see `merge_workspaces`."""
        come = self._open_source_records()
        metadata_source = self._open_source_metadata()
        self._require_ledger()
        into = self._open_target_records()
        if self._write:
            lock = FileLock(into.root / LOCK_FILE_NAME)
            lock.acquire(timeout=_LOCK_SECONDS, longest_wait=0.1)
            self._stack.callback(lock.release)
        # In this order: a merge into the source writes its ledger down before its parts appear.
        records = None if come is None else self._look_at_records(come)
        nobody = Layout(self._target.root / "none")
        ledgers = MergeLedger(come or nobody, tolerant=True), MergeLedger(into)
        self._ledger = ledgers[1]
        self._settle_source(come, ledgers[0])
        native = NativeNumbers(into)
        settle(into, ledgers[1], write=self._write)
        if records is not None:
            records.leave_unexplained(ledgers[0].batches)
        metadata_target = self._open_target_metadata()
        renames, left_out, known = Renames(), LeftOut(self._options.projects), set[str]()
        restored: set[str] = set(ledgers[1].restored)
        if metadata_source is not None:
            merge = MetadataMerge(
                metadata_source, metadata_target, ledgers, self._options, self._account
            )
            merge.run()
            renames, left_out, known = merge.renames, merge.left_out, merge.known_runs
            restored |= merge.restored
        if records is not None:
            noted = place_unknown_runs(
                records,
                known,
                left_out,
                metadata_target,
                into,
                ledgers,
                renames,
                self._account,
                (self._source.workspace_id, self._target.workspace_id),
            )
            if self._write:
                ledgers[1].note_refs(noted)
            back = {run for run in known if renames.ref(run) in restored}
            RecordMerge(
                records,
                into,
                native,
                ledgers,
                self._source.workspace_id,
                renames,
                left_out,
                self._without_records(back, renames, into),
                self._account,
            ).run(write=self._write)
        self._merge_artifacts(renames, left_out)

    def _settle_source(self, come: Layout | None, ledger: MergeLedger) -> None:
        for error in ledger.damaged:
            note_or_raise(self._account, "records", error)
        if come is None:
            return
        try:
            settle(come, ledger, write=False)
        except ContextaError as error:
            note_or_raise(self._account, "records", error)

    def finish(self, report: MergeReport, at: str) -> None:
        """Write down that the merge is complete."""
        self._ledger.note_done(
            {
                "at": at,
                "actor": self._options.actor,
                "source": self._source.workspace_id,
                "folder": Path(report.source).name,
                "damage": len(report.damage),
                "renames": len(report.renames),
                "missing": report.missing_records,
            }
        )

    def _existing(self, target: Places) -> Places:
        """Return the target of a plan; an empty stand-in when it does not exist."""
        if target.workspace_id:
            return target
        folder = tempfile.TemporaryDirectory(prefix="contexta-merge-")
        return Places(Path(self._stack.enter_context(folder)), "")

    def _open_source_records(self) -> Layout | None:
        if not self._source.records.is_dir():
            return None
        try:
            store = RecordStore(RecordStoreConfig(self._source.records, read_only=True))
        except ContextaError as error:
            note_or_raise(self._account, "records", error)
            return None
        self._stack.enter_context(store)
        return Layout(self._source.records)

    def _look_at_records(self, come: Layout) -> RecordSource | None:
        from contexta.store.records._snapshot import StoreReader

        reader = StoreReader(come)
        self._stack.callback(reader.clear)
        try:
            return RecordSource(come, reader, self._account)
        except ContextaError as error:
            note_or_raise(self._account, "records", error)
            return None

    def _open_source_metadata(self) -> MetadataStore | None:
        config = self._configs[0]
        if config is None:
            if not self._source.database.exists():
                return None
            config = MetadataStoreConfig(database_path=self._source.database)
        return open_source_ledger(config, self._account, self._stack)

    def _require_ledger(self) -> None:
        """Refuse a target that holds something and whose ledger is not in its folder."""
        if self._configs[1] is not None or self._target.database.exists():
            return
        if read_log(Layout(self._target.records)).parts:
            raise ConfigurationError(
                f"{str(self._target.root)!r} holds records, but no {self._target.database.name}: "
                "its ledger is elsewhere, or lost. Pass target_ledger=MetadataStoreConfig(...), "
                "or restore it first; nothing was changed.",
                code="merge_target_ledger_missing",
                details={"path": str(self._target.database)},
            )

    def _open_target_records(self) -> Layout:
        path = self._target.records
        if self._write or path.is_dir():
            # Opening checks the format, and completes what a killed process left.
            with RecordStore(RecordStoreConfig(path, read_only=not self._write)):
                pass
        return Layout(path)

    def _open_target_metadata(self) -> MetadataStore:
        config = self._configs[1]
        if config is not None:
            config = config.model_copy(update={"read_only": not self._write})
            return self._stack.enter_context(MetadataStore(config))
        path: Path | str = self._target.database
        read_only = not self._write
        if read_only and not self._target.database.exists():
            path, read_only = ":memory:", False
        config = MetadataStoreConfig(database_path=path, read_only=read_only)
        return self._stack.enter_context(MetadataStore(config))

    def _without_records(self, runs: set[str], renames: Renames, into: Layout) -> set[str]:
        """Return those of some returning runs whose records are gone, too."""
        if not runs:
            return set()
        config = RecordStoreConfig(into.root, read_only=True)
        with RecordStore(config) as store:
            return {run for run in runs if not any(store.record_counts(renames.ref(run)).values())}

    def _merge_artifacts(self, renames: Renames, left_out: LeftOut) -> None:
        if not self._source.artifacts.is_dir():
            return
        path = self._target.artifacts
        if not self._write and not path.is_dir():
            path = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        store = ArtifactStore(VaultConfig(root_path=path, read_only=not self._write))
        self._stack.callback(store.close)
        ArtifactMerge(
            self._source.artifacts,
            store,
            renames,
            left_out,
            self._account,
            include_deleted=self._options.include_deleted,
        ).run(write=self._write)
