"""Look at a backup and at what it would replace, before anything is changed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from contexta.recovery._facts import read_facts, read_runs
from contexta.recovery._layout import DATABASE_NAME, standard_layout
from contexta.recovery._manifest import PAYLOAD
from contexta.recovery._models_restore import RestorePreview
from contexta.recovery._scratch import scratch_folder, sweep_staging
from contexta.recovery._stage import stage_files
from contexta.recovery._survivors import fingerprint
from contexta.recovery._target import database_logs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from contexta.recovery._layout import Layout
    from contexta.recovery._restore_check import Opened
    from contexta.recovery._target import Unit

_LEDGER_ENTRY = f"{PAYLOAD}/metadata/{DATABASE_NAME}"
_PLAN_PREFIX = "plan-"


class Preview(NamedTuple):
    """A preview, and the state of the target that it is of."""

    preview: RestorePreview
    target_state: str


def preview_of(
    opened: Opened,
    target: Layout,
    units: tuple[Unit, ...],
    staging: Path,
    projects: tuple[str, ...],
) -> Preview:
    """Compare a backup with a target; only a copy of the backup's ledger is written, and removed.

    Args:
        opened: The backup.
        target: The layout of the target.
        units: What is replaced.
        staging: Where the ledger of the backup is copied to for a moment.
        projects: Only runs of these count, when there are any.
    """
    manifest = opened.manifest
    facts = read_facts(target)
    problems = [f"target {line}" for line in facts.problems]
    runs = _chosen(backup_runs(opened, staging, problems), projects)
    here = _chosen(facts.runs, projects)
    exists = target.root.is_dir()
    ids = (manifest.workspace_id, facts.workspace_id)
    preview = RestorePreview(
        created_at=manifest.created_at,
        backup_counts=manifest.counts,
        backup_bytes=manifest.total_bytes,
        target_exists=exists,
        target_counts={
            "runs": len(facts.runs),
            "records": facts.record_count,
            "artifacts": len(facts.artifacts),
        },
        target_bytes=sum(one.size for one in fingerprint(target)),
        same_workspace=None if None in ids else ids[0] == ids[1],
        vanishing_runs=() if projects else tuple(sorted(here.keys() - runs.keys())),
        returning_runs=tuple(sorted(runs.keys() - here.keys())),
        changed_runs=tuple(
            sorted(ref for ref in runs.keys() & here.keys() if runs[ref] != here[ref])
        ),
        replaced=() if projects else _replaced(target, units),
        problems=tuple(problems),
    )
    return Preview(preview, facts.state())


def target_state(target: Layout) -> str:
    """Return the state of a target, as plans note it."""
    return read_facts(target).state()


def backup_runs(opened: Opened, staging: Path, problems: list[str]) -> dict[str, str]:
    """Return the runs of a backup, from a copy of its ledger; `problems` receives what fails."""
    entries = [entry for entry in opened.manifest.files if entry.path == _LEDGER_ENTRY]
    folder = staging / f"{_PLAN_PREFIX}{secrets.token_hex(8)}"
    sweep_staging(staging.parent)
    with scratch_folder(folder):
        layout = standard_layout(folder)
        bad = stage_files(opened.source, entries, layout)
        problems += [f"backup {problem.message}" for problem in bad]
        found: list[str] = []
        runs = {} if bad else read_runs(layout.database, found)
        problems += [f"backup {line}" for line in found]
    return runs


def _chosen(runs: Mapping[str, str], projects: tuple[str, ...]) -> dict[str, str]:
    if not projects:
        return dict(runs)
    heads = tuple(f"run:{project}." for project in projects)
    return {ref: digest for ref, digest in runs.items() if ref.startswith(heads)}


def _replaced(target: Layout, units: tuple[Unit, ...]) -> tuple[Path, ...]:
    logs = database_logs(target.database)
    planes = (target.metadata, target.records, target.artifacts)
    parts = (*planes, *(one.target for one in units if one.target not in (*logs, target.root)))
    return tuple(dict.fromkeys(parts))
