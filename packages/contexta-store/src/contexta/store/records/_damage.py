"""Damage as the public models show it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from contexta.store.records._enums import IntegrityState
from contexta.store.records._layout import Layout, place_of_part
from contexta.store.records._models import KnownGap
from contexta.store.records._refs import project_of, segment_id_of

TRUNCATED = "truncated_line"
UNREADABLE = "invalid_json_line"
GAP = "sequence_gap"
MISMATCH = "manifest_sequence_mismatch"


class Damage(NamedTuple):
    """A gap, and which reads it concerns.

    `runs` are the runs that are known to share the damaged place; None means that any run may be
    concerned. `record_type` None means any. `blocks` says that records which are there cannot be
    read, so that a scan has to stop; a range that is missing for good does not stop it.
    """

    gap: KnownGap
    runs: frozenset[str] | None = None
    record_type: str | None = None
    blocks: bool = True


def damage(
    code: str,
    message: str,
    path: str,
    *,
    first: int | None = None,
    last: int | None = None,
    runs: Iterable[str] | None = None,
    record_type: str | None = None,
    blocks: bool = True,
    **details: Any,
) -> Damage:
    """Build a `Damage` that names file and place."""
    start = first if first and first > 0 else None
    end = last if last and start and last >= start else start
    gap = KnownGap(
        code,
        message,
        segment_id_of(start or 1),
        None,
        start,
        end,
        {"path": path, **details},
    )
    known = frozenset(runs) if runs is not None else None
    return Damage(gap, known or None, record_type, blocks)


def reaching(found: Damage, runs: frozenset[str], layout: Layout) -> KnownGap | None:
    """Return the gap of damage that may concern one of some runs, else None.

    Where the runs of the place are not known, `details["scope"]` says how far it may reach: to
    all runs of its `project`, or of the `store`.
    """
    if found.runs is not None:
        return found.gap if found.runs & runs else None
    details = dict(found.gap.details or {})
    place = place_of_part(os.path.relpath(str(details.get("path", "")), layout.root))
    if place is not None and all(project_of(run) != place[1] for run in runs):
        return None
    details["scope"] = "store" if place is None else "project"
    return replace(found.gap, details=details)


def state_of(codes: Iterable[str]) -> IntegrityState:
    """Return the state that a set of gap or issue codes means."""
    found = set(codes)
    if found & {TRUNCATED, UNREADABLE}:
        return IntegrityState.CORRUPTED
    return IntegrityState.DEGRADED if found else IntegrityState.HEALTHY
