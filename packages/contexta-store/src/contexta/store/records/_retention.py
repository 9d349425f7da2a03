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
_AGE_UNKNOWN = "its age is unknown, because a damaged part may hold records of it"


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
    newest, unknown = _newest_records(snapshot, reader)
    kept = dict.fromkeys(policy.keep_runs, "the policy keeps it")
    kept |= dict.fromkeys((str(run) for run in protected_run_refs), "it is protected")
    if policy.runs_only_finished:
        kept |= dict.fromkeys(_open_runs(snapshot), "a process may still write to it")
    for run_ref in _newest_runs(newest, policy.min_keep_runs_per_project):
        kept.setdefault(run_ref, "it is one of the newest of its project")
    if policy.min_keep_runs_per_project:
        for run_ref in unknown:  # each may be one of the newest
            kept.setdefault(run_ref, _AGE_UNKNOWN)
    before = {kind: now_us - int(days * _DAY_US) for kind, days in policy.ages().items()}
    expired: list[str] = []
    if policy.max_run_age_days is not None:
        limit = now_us - int(policy.max_run_age_days * _DAY_US)
        expired = sorted(run for run in {*newest, *unknown} if newest.get(run, _NEVER) < limit)
    stays = dict.fromkeys(unknown, _AGE_UNKNOWN) | kept
    choice = AgeChoice(
        tuple(run for run in expired if run not in stays), before, tuple(sorted(kept))
    )
    found = survey(layout, reader, choice, own_writer=own_writer_id(layout))
    return RetentionPlan(
        choice=choice,
        parts=found.parts,
        live=found.live,
        blockers=found.blockers,
        quarantined=found.quarantined if found.parts or found.live else (),
        kept_runs={run: stays[run] for run in expired if run in stays},
    )


def apply_retention(layout: Layout, reader: StoreReader, plan: RetentionPlan) -> ErasureReport:
    """Do what a plan says; see `RecordStore.apply_retention`."""
    tombstone = Tombstone("retention", plan.choice.expired_runs)
    forget = plan.choice.expired_runs
    return apply_choice(layout, reader, plan, plan.choice, tombstone, forget, skip_damaged=True)


def _newest_records(snapshot: Snapshot, reader: StoreReader) -> tuple[dict[str, int], set[str]]:
    """Return when the newest record of each run was recorded, and the runs of unknown age.

    Instants are microseconds since 1970 UTC, of what can be read. A part that cannot be read
    may hold younger records of its runs; of any run of its project when its runs are unknown.
    """
    newest: dict[str, int] = {}
    unknown: set[str] = set()
    projects: set[str] = set()
    columns = ("run_ref", "recorded_at", "observed_at")
    for part in snapshot.parts:
        try:
            for table in reader.parts.groups(part, columns):
                _take_newest(newest, table)
        except RecordError:
            if part.runs is None:
                projects.add(part.project)
            else:
                unknown.update(part.runs)
    for live in snapshot.live:
        for table in live.tables.values():
            _take_newest(newest, table)
    # Only now are all the runs known that a part with unknown runs may concern.
    unknown.update(run for run in newest if project_of(run) in projects)
    return newest, unknown


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
