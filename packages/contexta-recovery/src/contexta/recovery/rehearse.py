"""Restore a backup to a scratch folder and compare its answers with those of the workspace."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from contexta.contract.errors import ContextaError
from contexta.contract.time import to_epoch_us
from contexta.recovery._errors import RestoreError, translated
from contexta.recovery._find import find_backup
from contexta.recovery._hold import held_for_reading
from contexta.recovery._layout import layout_of, standard_layout
from contexta.recovery._manifest import PAYLOAD
from contexta.recovery._models_rehearsal import (
    RehearsalDifference,
    RehearsalResult,
    RehearsalSide,
)
from contexta.recovery._progress import Reporter
from contexta.recovery._rehearse_answers import differences_of, json_answers
from contexta.recovery._restore_check import check_staged, require_whole, result_of
from contexta.recovery._scratch import (
    ensure_staging,
    remove_if_empty,
    scratch_folder,
    sweep_staging,
)
from contexta.recovery._server_ledger import server_ledger
from contexta.recovery._space import require_room
from contexta.recovery._sqlite import is_regular
from contexta.recovery._unlock import open_backup
from contexta.recovery.restore import plan_restore

if TYPE_CHECKING:
    from pathlib import Path

    from contexta.recovery._config import RecoveryConfig
    from contexta.recovery._layout import Layout
    from contexta.recovery._models_restore import RestorePlan
    from contexta.recovery._progress import Progress
    from contexta.recovery._restore_check import Opened
    from contexta.store.metadata import MetadataStoreConfig

__all__ = ["Answers", "rehearse_restore"]

Answers = Callable[[RehearsalSide], Mapping[str, Any]]
_REHEARSE_PREFIX = "rehearse-"


class _Run(NamedTuple):
    """What a ledger says of a run."""

    digest: str
    revision: int
    ended_us: int | None
    status: str


def rehearse_restore(
    config: RecoveryConfig,
    backup_ref: str | Path,
    *,
    answers: Answers | None = None,
    key_file: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RehearsalResult:
    """Restore a backup to a scratch folder, open it, and compare its answers with the live ones.

    Every byte of the backup is read, its stores are opened and counted as for a restore. Then the
    runs that ended before the backup are compared, in the ledger and by `answers`. Runs that were
    changed or deleted since are named and left out: they differ rightly. The live workspace is
    only read, and may be in use; the scratch folder lies in `recovery.restore_staging_root` and is
    removed.

    It cannot tell a run that came into the live workspace after the backup, with an earlier end
    (imported, merged), from one that the backup lost: both are named as missing.

    Args:
        config: The resolved configuration.
        backup_ref: The name of a backup, or the absolute path (or a `Path`) of one.
        answers: Called once per workspace; returns JSON data by question. The facade's
            `rehearse_restore` passes the answers of the interpretation layer.
        key_file: The key of an encrypted backup; `recovery.backup_key_file` by default.
        progress: Called with how far the work is. An exception in it stops the rehearsal.

    Raises:
        RestoreError: As `plan_restore` and a restore that only verifies;
            `recovery_rehearsal_answers_invalid` when `answers` returns no JSON data,
            `recovery_workspace_unreadable` when the live ledger cannot be read.
    """
    plan = plan_restore(config, backup_ref, verify_only=True, key_file=key_file)
    reporter = Reporter(progress)
    location = find_backup(backup_ref, layout_of(config).backups, RestoreError)
    with translated(RestoreError, "rehearse the restore"), held_for_reading(location):
        opened = require_whole(
            open_backup(location, RestoreError, config=config, key_file=key_file)
        )
        staging = plan.staging_root
        require_room([(staging, opened.manifest.total_bytes)])
        ensure_staging(staging)
        sweep_staging(staging.parent)
        folder = staging / f"{_REHEARSE_PREFIX}{secrets.token_hex(8)}"
        with scratch_folder(folder):
            result = _rehearsed(config, plan, opened, folder, answers, reporter)
        remove_if_empty(staging)
    return result


def _rehearsed(
    config: RecoveryConfig,
    plan: RestorePlan,
    opened: Opened,
    folder: Path,
    answers: Answers | None,
    reporter: Reporter,
) -> RehearsalResult:
    restored = standard_layout(folder / PAYLOAD)
    check = check_staged(opened, restored, reporter)
    verified = result_of(plan, opened.manifest, check)
    result = RehearsalResult(
        status=verified.status,
        warnings=verified.warnings,
        notes=tuple(note for note in verified.notes if note != "verify_only"),
        details=verified.details,
        backup_ref=plan.backup_ref,
        plane_results=verified.plane_results,
        verification_notes=verified.verification_notes,
    )
    if check.problems:
        return result
    reporter.begin("compare", 2)
    compared = _compare(config, opened, restored, result, answers, reporter)
    reporter.end()
    return compared


def _compare(
    config: RecoveryConfig,
    opened: Opened,
    restored: Layout,
    result: RehearsalResult,
    answers: Answers | None,
    reporter: Reporter,
) -> RehearsalResult:
    created_at = opened.manifest.created_at
    live = layout_of(config)
    there = _runs(_ledger(restored, None))
    here = _runs(_ledger(live, server_ledger(config, live)))
    before = to_epoch_us(created_at)
    ended = {ref for runs in (here, there) for ref, run in runs.items() if _ended(run, before)}
    deleted = sorted(ended - here.keys())
    changed = sorted(
        ref
        for ref in ended & here.keys() & there.keys()
        if here[ref].digest != there[ref].digest and here[ref].revision > there[ref].revision
    )
    asked = sorted((ended & here.keys() & there.keys()) - set(changed))
    found = [
        RehearsalDifference(f"run {ref}", "", here[ref].status, None)
        for ref in sorted(ended - there.keys())
    ]
    found += [
        RehearsalDifference(f"run {ref}", "content", here[ref].status, there[ref].status)
        for ref in asked
        if here[ref].digest != there[ref].digest
    ]
    questions = 0
    if answers is not None:
        sides = [
            RehearsalSide(name, root, tuple(asked), created_at)
            for name, root in (("live", live.root), ("restored", restored.root))
        ]
        given = []
        for side in sides:
            given.append(json_answers(side.name, answers(side)))
            reporter.advance(files=1)
        found += differences_of(*given)
        questions = len(given[0].keys() | given[1].keys())
    return replace(
        result,
        status="DEGRADED" if found else result.status,
        warnings=(*result.warnings, *(one.line for one in found)),
        notes=(
            *result.notes,
            f"runs_compared:{len(asked)}",
            f"runs_changed_since:{len(changed)}",
            f"runs_deleted_since:{len(deleted)}",
            f"questions:{questions}",
        ),
        differences=tuple(found),
        question_count=questions,
        run_count=len(asked),
        changed_runs=tuple(changed),
        deleted_runs=tuple(deleted),
    )


def _ended(run: _Run, before: int) -> bool:
    return run.ended_us is not None and run.ended_us < before


def _ledger(layout: Layout, server: MetadataStoreConfig | None) -> MetadataStoreConfig | None:
    if server is not None:
        return server.model_copy(update={"read_only": True})
    if not is_regular(layout.database):
        return None
    from contexta.store.metadata import MetadataStoreConfig

    return MetadataStoreConfig(
        database_path=layout.database, read_only=True, auto_create=False, auto_migrate=False
    )


def _runs(ledger: MetadataStoreConfig | None) -> dict[str, _Run]:
    if ledger is None:
        return {}
    from contexta.contract.wire import to_json
    from contexta.store.metadata import MetadataStore

    try:
        with MetadataStore(ledger) as store:
            found = {}
            for run in store.runs.iter_runs():
                found[str(run.run_ref)] = _Run(
                    hashlib.sha256(to_json(run).encode()).hexdigest(),
                    store.runs.get_revision(run.run_ref),
                    None if run.ended_at is None else to_epoch_us(run.ended_at),
                    str(run.status),
                )
            return found
    except ContextaError as error:
        raise RestoreError(
            f"The ledger of the workspace cannot be read: {error.message}",
            code="recovery_workspace_unreadable",
            details={"reason": error.code},
            cause=error,
        ) from error
