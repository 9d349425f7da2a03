"""Let old records go: by the age of a record, or by the age of a run as a whole."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contexta.contract.errors import RecordError
from contexta.contract.time import to_epoch_us
from contexta.store.records._erase import apply_choice, own_writer_id
from contexta.store.records._erase_choice import AgeChoice
from contexta.store.records._erase_log import Tombstone
from contexta.store.records._erase_models import ErasureReport, RetentionPlan
from contexta.store.records._erase_survey import survey
from contexta.store.records._layout import Layout
from contexta.store.records._refs import project_of
from contexta.store.records._retention_policy import RetentionPolicy
from contexta.store.records._snapshot import Snapshot, StoreReader

_DAY_US = 86_400_000_000
_NEVER = -(1 << 62)


def plan_retention(
    layout: Layout,
    reader: StoreReader,
    policy: RetentionPolicy,
    *,
    now: str | datetime | None = None,
    protected_run_refs: Iterable[str] = (),
) -> RetentionPlan:
    """Say what a policy takes away; changes nothing. See `RecordStore.plan_retention`."""
    now_us = time.time_ns() // 1000 if now is None else to_epoch_us(now)
    snapshot = reader.snapshot()
    newest = _newest_records(snapshot, reader)
    kept = dict.fromkeys(policy.keep_runs, "the policy keeps it")
    kept |= dict.fromkeys((str(run) for run in protected_run_refs), "it is protected")
    if policy.runs_only_finished:
        kept |= dict.fromkeys(_open_runs(snapshot), "a process may still write to it")
    for run_ref in _newest_runs(newest, policy.min_keep_runs_per_project):
        kept.setdefault(run_ref, "it is one of the newest of its project")
    before = {kind: now_us - int(days * _DAY_US) for kind, days in policy.ages().items()}
    expired: list[str] = []
    if policy.max_run_age_days is not None:
        limit = now_us - int(policy.max_run_age_days * _DAY_US)
        expired = sorted(run for run, at_us in newest.items() if at_us < limit)
    choice = AgeChoice(
        tuple(run for run in expired if run not in kept), before, tuple(sorted(kept))
    )
    found = survey(layout, reader, choice, own_writer=own_writer_id(layout))
    return RetentionPlan(
        choice=choice,
        parts=found.parts,
        live=found.live,
        blockers=found.blockers,
        quarantined=found.quarantined if found.parts or found.live else (),
        kept_runs={run: kept[run] for run in expired if run in kept},
    )


def apply_retention(layout: Layout, reader: StoreReader, plan: RetentionPlan) -> ErasureReport:
    """Do what a plan says; see `RecordStore.apply_retention`."""
    tombstone = Tombstone("retention", plan.choice.expired_runs)
    forget = plan.choice.expired_runs
    return apply_choice(layout, reader, plan, plan.choice, tombstone, forget, skip_damaged=True)


def _newest_records(snapshot: Snapshot, reader: StoreReader) -> dict[str, int]:
    """Return by run when its newest record was recorded, microseconds since 1970 UTC."""
    newest: dict[str, int] = {}
    columns = ("run_ref", "recorded_at", "observed_at")
    for part in snapshot.parts:
        try:
            for table in reader.parts.groups(part, columns):
                _take_newest(newest, table)
        except RecordError:
            # Nothing of a run goes when it is not known how old it is.
            unknown = part.runs if part.runs is not None else tuple(newest)
            newest.update(dict.fromkeys(unknown, 1 << 62))
    for live in snapshot.live:
        for table in live.tables.values():
            _take_newest(newest, table)
    return newest


def _take_newest(newest: dict[str, int], table: pa.Table) -> None:
    recorded: Any = pc.coalesce(table["recorded_at"], table["observed_at"]).cast(pa.int64())
    found = pa.table({"run": table["run_ref"].cast(pa.string()), "at": recorded})
    for row in found.group_by("run").aggregate([("at", "max")]).to_pylist():
        newest[row["run"]] = max(newest.get(row["run"], _NEVER), row["at_max"])


def _open_runs(snapshot: Snapshot) -> set[str]:
    runs: set[str] = set()
    for live in snapshot.live:
        for table in live.tables.values():
            runs.update(table["run_ref"].unique().to_pylist())
    return runs


def _newest_runs(newest: Mapping[str, int], count: int) -> list[str]:
    projects: dict[str, list[str]] = {}
    for run_ref in sorted(newest, key=lambda run: (newest[run], run), reverse=True):
        projects.setdefault(project_of(run_ref), []).append(run_ref)
    return [run for runs in projects.values() for run in runs[:count]]
