"""Plans that say what is wrong and what would be done, and their application."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contexta.contract.errors import ContextaError, ValidationError
from contexta.store.artifacts._audit import note_change
from contexta.store.artifacts._checks import require_text

if TYPE_CHECKING:
    from contexta.store.artifacts._care_methods import CareMethods
    from contexta.store.artifacts._layout import Layout
    from contexta.store.artifacts._reports import SweepReport

HEALTHY = "noop:artifact_store_healthy_or_empty"
_REFRESH = "refresh_verification"
_BOUND = "quarantine_bound_artifact"
_ORPHAN = "quarantine_orphan_body"
_STAGING = "remove_abandoned_staging"
_VERBS = (_REFRESH, _BOUND, _ORPHAN, _STAGING)


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What would be done, in order: tokens `verb:subject`, where the subject is a ref or a path.

    The verbs are `refresh_verification`, `quarantine_bound_artifact`, `quarantine_orphan_body`
    and `remove_abandoned_staging`; `noop` stands alone.
    """

    actions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "actions", tuple(self.actions))
        for action in self.actions:
            require_text("actions", action)


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What applying a plan did, or with `dry_run` would have done.

    Attributes:
        applied: The actions that were done, in order.
        skipped: Pairs of action and reason: the trouble is gone, or the action failed.
        dry_run: Whether nothing was changed.
    """

    applied: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    dry_run: bool = True


def plan_of(sweep: SweepReport, abandoned: list[Path], *, is_empty: bool) -> RepairPlan:
    """Return the actions that a sweep and the staging folder ask for."""
    missing, drifted = set(sweep.missing_refs), set(sweep.drifted_refs)
    actions: list[str] = []
    for record in sweep.verification_records:
        if record.artifact_ref in missing | drifted:
            actions.append(f"{_REFRESH}:{record.artifact_ref}")
        if record.artifact_ref in drifted:
            actions.append(f"{_BOUND}:{record.artifact_ref}")
    actions += [f"{_ORPHAN}:{path}" for path in sweep.orphan_paths]
    actions += [f"{_STAGING}:{path}" for path in abandoned]
    if not actions and is_empty:
        return RepairPlan((HEALTHY,))
    return RepairPlan(tuple(actions))


def apply_plan(
    store: CareMethods, layout: Layout, plan: RepairPlan, *, dry_run: bool
) -> RepairReport:
    """Do what a plan says, as far as it is still called for."""
    steps = [_parse(action) for action in plan.actions if action != HEALTHY]
    applied: list[str] = []
    skipped: list[tuple[str, str]] = []
    for verb, subject in steps:
        action = f"{verb}:{subject}"
        try:
            reason = _reason_to_skip(store, verb, subject)
            if reason is None and not dry_run:
                _do(store, verb, subject)
        except ContextaError as error:
            reason = error.message
        if reason is None:
            applied.append(action)
        else:
            skipped.append((action, reason))
    if not dry_run:
        note_change(layout, "apply_repair_plan", applied=applied, skipped=skipped)
    return RepairReport(tuple(applied), tuple(skipped), dry_run)


def _parse(action: str) -> tuple[str, str]:
    verb, separator, subject = action.partition(":")
    if verb not in _VERBS or not separator or not subject:
        raise ValidationError(
            f"{action!r} is no repair action; it must be one of {', '.join(_VERBS)}, a colon and "
            "a ref or path. Nothing was done.",
            code="artifact_store_invalid_repair_plan",
            details={"action": action},
        )
    return verb, subject


def _reason_to_skip(store: CareMethods, verb: str, subject: str) -> str | None:
    if verb == _BOUND and store.verify_artifact(subject).verified:
        return "it is right now"
    if verb == _ORPHAN and not Path(subject).is_file():
        return "it is gone"
    if verb == _STAGING and Path(subject) not in store.abandoned_staging():
        return "it is gone, or its writer lives"
    return None


def _do(store: CareMethods, verb: str, subject: str) -> None:
    if verb == _REFRESH:
        store.refresh_verification(subject)
    elif verb == _BOUND:
        store.quarantine_bound_artifact(subject)
    elif verb == _ORPHAN:
        store.quarantine_orphan_body(subject)
    else:
        store.remove_abandoned_folder(Path(subject))
