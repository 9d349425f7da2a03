"""Erase runs and samples: plan, look at the plan, apply it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from contexta.contract.errors import StoreError, ValidationError
from contexta.contract.time import to_epoch_us
from contexta.store.fs import FileLock
from contexta.store.records._erase_choice import RowChoice, TargetChoice
from contexta.store.records._erase_log import Tombstone
from contexta.store.records._erase_models import ErasurePlan, ErasureReport, RewritePlan
from contexta.store.records._erase_rewrite import Totals, rewrite_parts, wipe_traces
from contexta.store.records._erase_survey import Survey, survey
from contexta.store.records._layout import Layout
from contexta.store.records._quarantine_files import remove_aside
from contexta.store.records._recover import recover_all
from contexta.store.records._refs import project_of
from contexta.store.records._registry import open_writer
from contexta.store.records._snapshot import StoreReader

_TRIES = 3


def plan_erasure(
    layout: Layout,
    reader: StoreReader,
    *,
    run_refs: Iterable[str] = (),
    sample_refs: Iterable[str] = (),
    before: str | datetime | None = None,
    include_mentions: bool = False,
) -> ErasurePlan:
    """Say what an erasure would do; changes nothing. See `RecordStore.plan_erasure`."""
    target = TargetChoice(
        _refs(run_refs, "run"),
        _refs(sample_refs, "sample"),
        include_mentions,
        None if before is None else to_epoch_us(before),
    )
    for run_ref in target.run_refs:
        project_of(run_ref)
    if not target.run_refs and not target.sample_refs and target.before_us is None:
        raise ValidationError(
            "An erasure names runs, samples or an instant; this one names nothing.",
            code="record_store_erasure_empty",
        )
    found = survey(layout, reader, target, own_writer=own_writer_id(layout), mentioned=target)
    return ErasurePlan(
        target=target,
        parts=found.parts,
        live=found.live,
        blockers=found.blockers,
        quarantined=found.quarantined,
        mentions=found.mentions,
    )


def _refs(refs: Iterable[str], kind: str) -> tuple[str, ...]:
    given = (refs,) if isinstance(refs, str) else tuple(refs)
    texts = sorted({str(ref) for ref in given})
    for text in texts:
        if not text.startswith(f"{kind}:"):
            raise ValidationError(
                f"{text!r} is not a reference of a {kind}. Expected '{kind}:<project>.<…>'.",
                code=f"record_store_invalid_{kind}_ref",
                details={f"{kind}_ref": text},
            )
    return tuple(texts)


def apply_erasure(
    layout: Layout, reader: StoreReader, plan: ErasurePlan, *, anonymous: bool = False
) -> ErasureReport:
    """Do what a plan says; see `RecordStore.apply_erasure`."""
    tombstone = Tombstone("erasure", (*plan.target.run_refs, *plan.target.sample_refs))
    if anonymous:
        tombstone = tombstone.anonymous()
    report = apply_choice(layout, reader, plan, plan.target, tombstone, plan.target.run_refs)
    left = survey(layout, reader, plan.target, own_writer=own_writer_id(layout))
    if left.parts or left.live or left.blockers:
        raise blocked(left, "Some of the records came back or could not be reached meanwhile")
    return report


def apply_choice(
    layout: Layout,
    reader: StoreReader,
    plan: RewritePlan,
    choice: RowChoice,
    tombstone: Tombstone,
    forget_runs: tuple[str, ...],
    *,
    skip_damaged: bool = False,
) -> ErasureReport:
    """Take the rows of a choice out of every file of the store.

    Args:
        layout: The store.
        reader: Reads it; it starts anew afterwards.
        plan: What was shown; nothing goes that it did not list.
        choice: Which rows go.
        tombstone: What is written down about it.
        forget_runs: Runs whose names go from the log of parts, too.
        skip_damaged: Whether damaged parts are left and reported instead of refusing all.
    """
    totals = Totals()
    with FileLock(layout.compaction_lock):  # no compaction has such rows in its hands meanwhile
        _seal_what_is_left(layout)
        found = _checked(layout, reader, plan, choice, skip_damaged=skip_damaged)
        for attempt in range(_TRIES):
            try:
                rewrite_parts(layout, reader.parts, found.entries, choice, tombstone, totals)
                break
            except StoreError as error:
                if error.code != "record_store_parts_changed" or attempt == _TRIES - 1:
                    raise
                found = _checked(layout, reader, plan, choice, skip_damaged=skip_damaged)
        for name in found.quarantined:
            remove_aside(layout.root / name)
        wipe_traces(layout, choice, forget_runs, totals.paths)
    reader.clear()
    return ErasureReport(
        totals.rows,
        totals.rewritten,
        totals.dropped,
        totals.before,
        totals.after,
        found.quarantined,
        found.blockers,
        getattr(plan, "notes", ()),
    )


def _seal_what_is_left(layout: Layout) -> None:
    writer = open_writer(layout)
    if writer is not None:
        writer.roll()
        writer.sync()
        writer.seal_pending()
    with suppress(StoreError):  # what cannot be sealed is found by the survey that follows
        recover_all(layout)


def _checked(
    layout: Layout, reader: StoreReader, plan: RewritePlan, choice: RowChoice, *, skip_damaged: bool
) -> Survey:
    """Look again, and refuse to do more than the plan shows."""
    found = survey(layout, reader, choice, own_writer=own_writer_id(layout))
    tolerated = ("damaged_part",) if skip_damaged else ()
    if any(blocker.code not in tolerated for blocker in found.blockers) or found.live:
        raise blocked(found, "The records cannot be erased now")
    going = sum(part.going for part in found.parts)
    unknown = sorted(set(found.quarantined) - set(plan.quarantined)) if not plan.live else []
    if going > plan.rows or unknown:
        raise StoreError(
            f"The plan is out of date: it lists {plan.rows} records, {going} would go now"
            f"{f', and {unknown[0]!r}' if unknown else ''}. Plan again and look at it.",
            code="record_store_plan_stale",
            details={"planned": plan.rows, "found": going, "quarantined": unknown},
            retryable=True,
        )
    return found


def blocked(found: Survey, text: str) -> StoreError:
    """Build the error of rows that cannot go."""
    reasons = [blocker.message for blocker in found.blockers]
    reasons += [f"{rows.path!r} could not be sealed." for rows in found.live if not reasons]
    reasons = reasons or ["Plan and apply again."]
    return StoreError(
        f"{text}: {' '.join(reasons)}",
        code="record_store_erasure_blocked",
        details={
            "blockers": [blocker._asdict() for blocker in found.blockers],
            "rows_left": sum(part.going for part in found.parts),
        },
        retryable=True,
    )


def own_writer_id(layout: Layout) -> str | None:
    """Return the id of this process as a writer, if it has one."""
    writer = open_writer(layout)
    return None if writer is None else writer.open_writer_id
