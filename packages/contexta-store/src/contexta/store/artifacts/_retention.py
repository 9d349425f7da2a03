"""Which artifacts may go: advice by list, and plans by policy. Nothing here removes anything."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from contexta.contract.errors import ValidationError
from contexta.contract.time import iso_utc_now
from contexta.store.artifacts._checks import require_count, require_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from contexta.store.artifacts._catalogue import CatalogueEntry

NAMED = "named explicitly"


class RetentionAction(StrEnum):
    """What a retention plan advises."""

    KEEP = "keep"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class RetentionCandidate:
    """An artifact, the advice and its reason."""

    artifact_ref: str
    action: RetentionAction
    reason: str

    def __post_init__(self) -> None:
        require_text("artifact_ref", self.artifact_ref)
        require_text("reason", self.reason)


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """All artifacts, each in the list of its action, in ref order."""

    keep: tuple[RetentionCandidate, ...] = ()
    review: tuple[RetentionCandidate, ...] = ()

    def __post_init__(self) -> None:
        for name in ("keep", "review"):
            items = tuple(getattr(self, name))
            object.__setattr__(self, name, items)
            if any(item.action != name for item in items):
                raise ValidationError(
                    f"The list {name!r} holds a candidate with another action.",
                    code="artifact_store_invalid_retention_plan",
                )


@dataclass(frozen=True, slots=True)
class RemovalPolicy:
    """Which artifacts are too many. Conditions that are given must all hold, except the last.

    Attributes:
        older_than: Only artifacts that were bound at least so long ago.
        keep_last: Spare the newest so many of each run and kind.
        max_total_bytes: When more is stored, the oldest of the others go as well until it is
            not; bodies that several artifacts share count once.
        protected_refs: Refs that stay whatever else is said.
    """

    older_than: timedelta | None = None
    keep_last: int | None = None
    max_total_bytes: int | None = None
    protected_refs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("keep_last", "max_total_bytes"):
            if getattr(self, name) is not None:
                require_count(name, getattr(self, name))
        if self.older_than is not None and not isinstance(self.older_than, timedelta):
            raise ValidationError(
                f"older_than must be a timedelta, not {self.older_than!r}.",
                code="artifact_store_invalid_number",
                details={"field_name": "older_than"},
            )
        object.__setattr__(self, "protected_refs", tuple(map(str, self.protected_refs)))


@dataclass(frozen=True, slots=True)
class RemovalItem:
    """An artifact that would go. `binding_id` and `revision` are those that were planned for."""

    artifact_ref: str
    reason: str
    binding_id: str
    revision: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ProtectedItem:
    """An artifact that the policy would have let go, and what keeps it."""

    artifact_ref: str
    protected_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """What would go and why, what stays and because of what; both in ref order.

    Attributes:
        plan_id: A digest of the plan, for tombstones and the audit.
        created_at: UTC text.
        remove: What would go.
        protected: What is spared.
        freed_bytes: Bytes of the bodies that no other artifact needs; freed by a collection.
        erase: Whether nothing of the content may be left (`plan_erasure`).
    """

    plan_id: str
    created_at: str
    remove: tuple[RemovalItem, ...]
    protected: tuple[ProtectedItem, ...]
    freed_bytes: int
    erase: bool = False


def retention_plan(refs: Collection[str], keep: Collection[str] | None) -> RetentionPlan:
    """Sort refs into those to keep and those to review."""
    listed = set(keep or ())
    items = [
        RetentionCandidate(ref, RetentionAction.KEEP, "listed_to_keep")
        if ref in listed
        else RetentionCandidate(ref, RetentionAction.REVIEW, "not_listed_to_keep")
        for ref in refs
    ]
    return RetentionPlan(
        tuple(item for item in items if item.action is RetentionAction.KEEP),
        tuple(item for item in items if item.action is RetentionAction.REVIEW),
    )


def removal_plan(
    entries: Collection[CatalogueEntry],
    policy: RemovalPolicy,
    protected_by: Mapping[str, tuple[str, ...]],
    named: Collection[str],
) -> RemovalPlan:
    """Apply a policy.

    Args:
        entries: All artifacts.
        policy: What may go.
        protected_by: Ref to what refers to it.
        named: Refs that go even if something refers to them.
    """
    keepers = dict.fromkeys(policy.protected_refs, ("the policy",))
    guards = {**{ref: who for ref, who in protected_by.items() if ref not in named}, **keepers}
    wanted = {ref: NAMED for ref in named if ref not in keepers}
    candidates = _candidates(entries, policy)
    for entry in candidates:
        wanted.setdefault(entry.ref, _reason(policy))
    going = {ref for ref in wanted if ref not in guards}
    blocked = {ref for ref in wanted if ref in guards}
    for entry in _surplus(entries, going, policy):
        if entry.ref in guards:
            blocked.add(entry.ref)
        else:
            going.add(entry.ref)
            wanted[entry.ref] = f"more than {policy.max_total_bytes} bytes are stored"
        if total_bytes(entries, going) <= (policy.max_total_bytes or 0):
            break
    return build_plan(entries, {ref: wanted[ref] for ref in going}, {r: guards[r] for r in blocked})


def build_plan(
    entries: Collection[CatalogueEntry],
    going: Mapping[str, str],
    blocked: Mapping[str, tuple[str, ...]],
    *,
    erase: bool = False,
) -> RemovalPlan:
    """Return the plan that lets some refs go, each for a reason."""
    items = tuple(
        RemovalItem(e.ref, going[e.ref], e.binding_id, e.revision, e.size_bytes)
        for e in sorted(entries)
        if e.ref in going
    )
    created_at = iso_utc_now()
    text = json.dumps([created_at, erase, [asdict(item) for item in items]])
    freed = total_bytes(entries, ()) - total_bytes(entries, going.keys())
    return RemovalPlan(
        hashlib.sha256(text.encode()).hexdigest()[:32],
        created_at,
        items,
        tuple(ProtectedItem(ref, tuple(blocked[ref])) for ref in sorted(blocked)),
        freed,
        erase,
    )


def total_bytes(entries: Collection[CatalogueEntry], without: Collection[str]) -> int:
    """Return the bytes of the artifacts, equal ones counted once, without some refs."""
    sizes = {
        entry.sha256: entry.size_bytes
        for entry in entries
        if entry.ref not in without and entry.body_kind != "reference"
    }
    return sum(sizes.values())


def _candidates(entries: Collection[CatalogueEntry], policy: RemovalPolicy) -> list[CatalogueEntry]:
    if policy.older_than is None and policy.keep_last is None:
        return []
    spared: set[str] = set()
    if policy.keep_last is not None:
        groups: dict[tuple[str, str], list[CatalogueEntry]] = defaultdict(list)
        for entry in entries:
            groups[entry.run_ref, entry.kind].append(entry)
        for group in groups.values():
            newest = sorted(group, key=_age, reverse=True)[: policy.keep_last]
            spared.update(entry.ref for entry in newest)
    limit = None if policy.older_than is None else datetime.now(UTC) - policy.older_than
    return [
        entry
        for entry in entries
        if entry.ref not in spared and (limit is None or instant(entry.created_at) <= limit)
    ]


def _surplus(
    entries: Collection[CatalogueEntry], going: Collection[str], policy: RemovalPolicy
) -> list[CatalogueEntry]:
    """Return what else may go for the sake of room, oldest first."""
    if policy.max_total_bytes is None or total_bytes(entries, going) <= policy.max_total_bytes:
        return []
    return sorted((entry for entry in entries if entry.ref not in going), key=_age)


def _age(entry: CatalogueEntry) -> tuple[datetime, str]:
    return instant(entry.created_at), entry.ref


def _reason(policy: RemovalPolicy) -> str:
    parts = []
    if policy.older_than is not None:
        parts.append(f"older than {policy.older_than}")
    if policy.keep_last is not None:
        parts.append(f"not among the last {policy.keep_last} of its run and kind")
    return " and ".join(parts)


def instant(text: str) -> datetime:
    """Return UTC text as an aware time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
