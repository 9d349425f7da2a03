"""Stretches of time beside each other: stages, and spans with those inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup

from contexta.interpretation.instants import seconds_of

if TYPE_CHECKING:
    from contexta.interpretation.repositories import ObservationRecord

_WIDTH = 1000
_LEAST = 3  # of the width: a short stretch must still be seen


@dataclass(frozen=True, slots=True)
class Window:
    """The time that bars are drawn over, in seconds since 1970."""

    start: float
    end: float

    def bar(self, start: str | None, end: str | None, kind: str) -> Markup:
        """Return the bar of a stretch; without an end it reaches to the edge.

        Args:
            start: stored time, or None for no bar.
            end: stored time, or None.
            kind: class of the color: good, bad, doubt, live, quiet or other.
        """
        first, last = seconds_of(start), seconds_of(end)
        if first is None:
            return Markup("")
        whole = (self.end - self.start) or 1.0
        left = self._place((first - self.start) / whole)
        right = self._place(((self.end if last is None else last) - self.start) / whole)
        width = max(right - left, _LEAST)
        left = min(left, _WIDTH - width)
        return Markup(
            '<svg class="bar" viewBox="0 0 {} 8" preserveAspectRatio="none" aria-hidden="true">'
            '<rect class="track" width="{}" height="8" rx="0"/>'
            '<rect class="fill {}" x="{:.1f}" width="{:.1f}" height="8"/></svg>'
        ).format(_WIDTH, _WIDTH, kind, left, width)

    @staticmethod
    def _place(share: float) -> float:
        return min(max(share, 0.0), 1.0) * _WIDTH


def window(stretches: Sequence[tuple[str | None, str | None]]) -> Window | None:
    """Return the time from the first start to the last end; ``None`` without any time."""
    read = (seconds_of(text) for pair in stretches for text in pair)
    times = [found for found in read if found is not None]
    return Window(min(times), max(times)) if times else None


@dataclass(slots=True)
class SpanNode:
    """One span and those inside it, by start."""

    record: ObservationRecord
    name: str
    kind: str
    status: str
    started_at: str | None
    ended_at: str | None
    bar: Markup
    children: list[SpanNode] = field(default_factory=list)

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return None if self.record.value is None else self.record.value / 1000


def span_tree(records: Sequence[ObservationRecord]) -> list[SpanNode]:
    """Return the outermost spans, each with those inside it.

    A span whose parent is not among the records is outermost; of a circle of parents, which
    hand-written records may hold, the first is.
    """
    payloads = [record.payload for record in records]
    over = window([(p.get("started_at"), p.get("ended_at")) for p in payloads])
    nodes: dict[str, SpanNode] = {}
    parents: dict[str, str] = {}
    for record, payload in zip(records, payloads, strict=True):
        ident = str(payload.get("span_id") or record.record_id)
        while ident in nodes:  # ids repeat where traces were imported twice
            ident += "+"
        nodes[ident] = _node(record, over)
        parent = payload.get("parent_span_id")
        if parent is not None:
            parents[ident] = str(parent)
    roots = []
    for ident, node in nodes.items():
        parent = parents.get(ident)
        if parent is None or parent not in nodes or _leads_to(parent, ident, parents):
            parents.pop(ident, None)
            roots.append(node)
        else:
            nodes[parent].children.append(node)
    return roots


def _leads_to(start: str, wanted: str, parents: dict[str, str]) -> bool:
    """Whether going up from ``start`` meets ``wanted``."""
    seen: set[str] = set()
    at: str | None = start
    while at is not None and at not in seen:
        if at == wanted:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _node(record: ObservationRecord, over: Window | None) -> SpanNode:
    payload = record.payload
    start, end = payload.get("started_at"), payload.get("ended_at")
    status = str(payload.get("status") or "")
    bad = status in ("error", "failed", "timeout", "cancelled")
    return SpanNode(
        record=record,
        name=str(payload.get("span_name") or record.key),
        kind=str(payload.get("span_kind") or ""),
        status=status,
        started_at=start,
        ended_at=end,
        bar=Markup("") if over is None else over.bar(start, end, "bad" if bad else "plain"),
    )
