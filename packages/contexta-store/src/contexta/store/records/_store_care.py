"""The methods of a record store that take records away, check it and mend it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.store.records._store_handle import StoreHandle

if TYPE_CHECKING:
    from contexta.store.records._erase_models import (
        ErasedRange,
        ErasurePlan,
        ErasureReport,
        RetentionPlan,
    )
    from contexta.store.records._models import RepairReport
    from contexta.store.records._repair_models import QuarantineItem, RecordRepairPlan
    from contexta.store.records._retention_policy import RetentionPolicy


class StoreCare(StoreHandle):
    """Erasure, retention, check and repair. A plan changes nothing; `str` of it is the text."""

    def plan_erasure(
        self,
        *,
        run_refs: Iterable[str] = (),
        sample_refs: Iterable[str] = (),
        before: str | datetime | None = None,
        include_mentions: bool = False,
    ) -> ErasurePlan:
        """Say what the erasure of runs or samples would do; changes nothing.

        It reads every part, one row group at a time.

        Args:
            run_refs: Runs all of whose records go.
            sample_refs: Samples whose records go.
            before: Only records recorded before this instant (text without offset is UTC). With
                no run and no sample, every such record.
            include_mentions: Whether records of others go, too, that name one of them, or
                anything below a run, in any text. Otherwise the plan counts them.

        Raises:
            ValidationError: `record_store_erasure_empty`, `record_store_invalid_run_ref`,
                `record_store_invalid_sample_ref`.
        """
        from contexta.store.records._erase import plan_erasure

        self._check_usable()
        return plan_erasure(
            self._layout,
            self._reader,
            run_refs=run_refs,
            sample_refs=sample_refs,
            before=before,
            include_mentions=include_mentions,
        )

    def apply_erasure(self, plan: ErasurePlan, *, anonymous: bool = False) -> ErasureReport:
        """Take the records of a plan out of every file of the store, for good.

        Segments of this process and of dead ones are sealed first, then parts are written anew
        without the records, then replaced parts, quarantined copies, names of runs in the log
        and figures in the index go. Killed at any point, planning and applying again does the
        rest. The numbers of erased records are known as erased (`erased`), not as damage. It
        cannot reach backups, exports and copies; blocks of a disk that the system has not yet
        used again are not overwritten.

        Args:
            plan: What to erase. More than it lists is never erased.
            anonymous: Whether the note about it names salted hashes instead of runs and samples.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`.
            StoreError: `record_store_erasure_blocked` (a running process holds such records, or
                a part is damaged), `record_store_plan_stale` (more than the plan lists would
                go). Both are retryable, and nothing has changed unless `details` say that the
                rest is left.
            StoreAccessError: When something cannot be written; apply again.
        """
        from contexta.store.records._erase import apply_erasure

        self._check_writable("erase")
        return apply_erasure(self._layout, self._reader, plan, anonymous=anonymous)

    def erased(self) -> tuple[ErasedRange, ...]:
        """Return what erasures and retentions took away, in the order of time."""
        from contexta.store.records._erase_log import erased_ranges

        self._check_usable()
        return erased_ranges(self._layout)

    def plan_retention(
        self,
        policy: RetentionPolicy,
        *,
        now: str | datetime | None = None,
        protected_run_refs: Iterable[str] = (),
    ) -> RetentionPlan:
        """Say what a policy takes away; changes nothing.

        Args:
            policy: How long records stay.
            now: The instant from which ages count; the clock by default.
            protected_run_refs: Runs of which nothing goes, for example open or deployed ones.
        """
        from contexta.store.records._retention import plan_retention

        self._check_usable()
        return plan_retention(
            self._layout, self._reader, policy, now=now, protected_run_refs=protected_run_refs
        )

    def apply_retention(self, plan: RetentionPlan) -> ErasureReport:
        """Take the records of a plan away, as `apply_erasure` does.

        Parts that are damaged are left and reported: repair them first.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`.
            StoreError: As `apply_erasure`.
        """
        from contexta.store.records._retention import apply_retention

        self._check_writable("apply a retention")
        return apply_retention(self._layout, self._reader, plan)

    def plan_repairs(self) -> RecordRepairPlan:
        """Read every byte and say which repairs would help; changes nothing."""
        from contexta.store.records._repair_plan import plan_repairs

        self._check_usable()
        return plan_repairs(self._layout)

    def apply_repairs(
        self, plan: RecordRepairPlan, *, dry_run: bool = True, actor: str | None = None
    ) -> RepairReport:
        """Do the steps of a plan; every changed file is copied to `_quarantine` first.

        A part in which a few bits flipped gets its right content back, proven by its SHA-256.
        Of other damaged parts and segments, what verifies is kept, and the numbers of the rest
        become known gaps. Damaged lines of the log are replaced by what the footers of the parts
        say. No number is given twice. Segments of running processes are left alone. Each step
        is written down in `_repairs.jsonl`.

        Args:
            plan: The steps; what was damaged since is left with a warning.
            dry_run: Whether to change nothing and return what would be done as notes.
            actor: Who orders it, for the audit line; the user id by default.

        Raises:
            ReadOnlyStoreError: `record_store_read_only`, unless `dry_run`.
        """
        from contexta.store.records._repair_apply import apply_repairs

        self._check_usable()
        if not dry_run:
            self._check_writable("repair")
        report = apply_repairs(self._layout, plan, dry_run=dry_run, actor=actor)
        if not dry_run:
            self._lost.clear()
            self._reader.clear()
        return report

    def list_quarantine(self) -> tuple[QuarantineItem, ...]:
        """Return what repairs and recoveries took aside, sorted by name."""
        from contexta.store.records._quarantine import list_quarantine

        self._check_usable()
        return list_quarantine(self._layout)

    def release_quarantine(
        self, item: QuarantineItem | str, *, confirmed: bool = False, actor: str | None = None
    ) -> None:
        """Remove a file from quarantine for good; `item` may be its name.

        Raises:
            RecordError: `record_store_quarantine_item_unknown`.
            ValidationError: `record_store_release_not_confirmed`, without `confirmed`.
            ReadOnlyStoreError: `record_store_read_only`.
        """
        from contexta.store.records._quarantine import release_quarantine

        self._check_writable("release from quarantine")
        release_quarantine(self._layout, item, confirmed=confirmed, actor=actor)

    def supply_part(self, path: str | Path, *, actor: str | None = None) -> str:
        """Mend a damaged, missing or lost part with a right copy, for example from a backup.

        The copy counts only when its SHA-256 is the one that the store wrote down. What was
        salvaged of a lost part goes when the whole part comes back, and its gap is closed.

        Args:
            path: The right file; it stays where it is.
            actor: Who orders it, for the audit line.

        Returns:
            The path of the part relative to the root of the store.

        Raises:
            RecordError: `record_store_part_unknown`, `record_store_part_superseded`.
            ReadOnlyStoreError: `record_store_read_only`.
            StoreAccessError: When something cannot be read or written.
        """
        from contexta.store.records._quarantine import supply_part

        self._check_writable("supply a part")
        source = Path(path).expanduser().absolute()
        relative = supply_part(self._layout, source, actor=actor)
        self._lost.clear()
        self._reader.clear()
        return relative
